"""The course's own engine, started, killed and repaired on a Debian machine that has no Docker.

The machine is a privileged container, so that nobody's daemon is stopped. What it lacks is real: no docker
client, no daemon, no systemd; the private root is bootstrapped in it as on a bare server.
"""

from __future__ import annotations

import io
import sysconfig
import tarfile
from pathlib import Path

import pytest

from labkit.core import engine
from labkit.core.engine import cli_env, docker_cmd
from labkit.core.labels import labels
from labkit.core.paths import repo
from labkit.core.process import run
from labkit.provision import images

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.timeout(600)]
PACKAGES = """certifi charset_normalizer click docker idna markdown_it mdurl platformdirs pygments requests
rich urllib3 yaml"""
START = "from labkit.provision import up; print(up.engine_up(print))"


class Machine:
    """A bare machine: `do` runs a shell command, `python` runs a script with labkit on its path."""

    def __init__(self, container):
        self.container = container

    def do(self, command: str) -> tuple[int, str]:
        code, out = self.container.exec_run(["sh", "-c", command])
        return code, out.decode(errors="replace")

    def python(self, script: str, check: bool = True) -> str:
        code, out = self.container.exec_run(
            ["python3", "-c", script],
            environment={"PYTHONPATH": "/course/src:/packages", "HOME": "/home/learner"},
        )
        said = out.decode(errors="replace")
        assert code == 0 or not check, said
        return said

    def daemon(self) -> str:
        return self.do("pgrep -x dockerd")[1].strip()


def packed(*folders: tuple[Path, str]) -> bytes:
    """A tar of folders under new names, without compiled files."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for folder, name in folders:
            tar.add(folder, name, filter=lambda t: None if t.name.endswith((".pyc", ".so")) else t)
    return raw.getvalue()


@pytest.fixture(scope="module")
def machine():
    images.ensure(["base:trixie"])
    tag = "labkit-test-bare:1"
    run([*docker_cmd(), "buildx", "build", "--quiet", "--tag", tag, repo() / "tests/lab/bare"], env=cli_env())
    client = engine.client()
    volume = client.volumes.create(labels=labels(role="test"))
    container = client.containers.run(
        tag,
        ["sleep", "infinity"],
        privileged=True,
        init=True,
        detach=True,
        labels=labels(role="test"),
        volumes={volume.name: {"bind": "/home/learner", "mode": "rw"}},
    )
    site = Path(sysconfig.get_paths()["purelib"])
    folders = [(site / name, f"packages/{name}") for name in PACKAGES.split()]
    folders += [(repo() / name, f"course/{name}") for name in ("src", "images", "requirements.txt")]
    container.put_archive("/", packed(*folders))
    yield Machine(container)
    container.remove(force=True)
    volume.remove(force=True)
    client.images.remove(tag, force=True)


def test_1_no_daemon_means_one_is_started(machine):
    assert "started unix:///run/containers-proven/" in machine.python(START)
    assert machine.daemon()


def test_2_no_package_of_the_machine_was_touched(machine):
    _, said = machine.do("command -v docker dockerd containerd; dpkg -l docker.io 2>/dev/null | grep ^ii")
    assert said == ""


def test_3_a_second_time_it_is_found(machine):
    before = machine.daemon()
    assert "its own: unix:///run/containers-proven/" in machine.python(START)
    assert machine.daemon() == before


def test_4_the_course_has_a_docker_command_with_plugins(machine):
    said = machine.python(
        "from labkit.core import engine; from labkit.core.process import run\n"
        "for words in ('version --format {{.Server.Version}}', 'buildx version', 'compose version'):\n"
        "    print(run([*engine.docker_cmd(), *words.split()], env=engine.cli_env()).strip())"
    )
    assert len(said.splitlines()) == 3
    assert "buildx" in said
    assert "Compose" in said


def test_5_a_killed_daemon_is_replaced_in_spite_of_its_pid_file(machine):
    before = machine.daemon()
    machine.do(f"kill -9 {before}; while kill -0 {before} 2>/dev/null; do :; done")
    assert machine.do("cat /run/containers-proven/*/docker.pid")[1].strip() == before
    assert "started" in machine.python(START)
    assert machine.daemon() not in ("", before)


def test_6_a_daemon_that_hangs_is_replaced(machine):
    before = machine.daemon()
    machine.do(f"kill -STOP {before}")
    assert "started" in machine.python(START)
    assert machine.daemon() != before


def test_7_a_daemon_killed_in_the_middle_is_told_and_the_next_run_works(machine):
    script = (
        "import os, signal, sys, threading\n"
        "from labkit import cli\nfrom labkit.provision import debian_root, images, up\n"
        "up.engine_up(print)\n"
        "def report(name, state, seconds):\n"
        "    if state != 'current': os.kill(debian_root.pid(), signal.SIGKILL)\n"
        "cli.group = lambda **_: images.ensure(['base:trixie'], report=report)\n"
        "cli.main()"
    )
    said = machine.python(script, check=False)
    assert "Traceback" not in said
    assert "labkit: " in said
    assert "next: " in said
    assert "started" in machine.python(START)


def test_8_stop_ends_only_this_daemon(machine):
    machine.do("sleep 300 &")
    machine.python("from labkit.provision import debian_root; assert debian_root.stop()")
    assert machine.daemon() == ""
    assert machine.do("pgrep -x sleep")[1]
    assert machine.do("pgrep -x containerd")[1] == ""
