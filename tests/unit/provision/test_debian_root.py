"""The course's own engine: what it refuses to do to a host, and what it repairs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import engines
import pytest
from click.testing import CliRunner

from labkit.cli import group
from labkit.core import endpoint
from labkit.core.errors import CommandFailed, EngineUnavailable, Unsupported
from labkit.provision import debian_root, down
from labkit.wait.until import until

UPGRADES = """\
Inst libc6 [2.36-9] (2.41-12 Debian:13.1/stable [amd64])
Remv old-package [1.0]
Inst mmdebstrap (1.3.5-7 Debian:12.1/oldstable [all])
Conf mmdebstrap (1.3.5-7 Debian:12.1/oldstable [all])
"""


@pytest.fixture(autouse=True)
def _own_places(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(endpoint, "own_folder", lambda: tmp_path / "run")
    (tmp_path / "run").mkdir()


def test_a_dry_run_finds_what_would_be_upgraded_or_removed(monkeypatch):
    monkeypatch.setattr(debian_root, "run", lambda *a, **k: UPGRADES)
    assert debian_root.apt_would_change(["mmdebstrap"]) == ["libc6", "old-package"]


def test_new_packages_alone_change_nothing(monkeypatch):
    monkeypatch.setattr(debian_root, "run", lambda *a, **k: UPGRADES.splitlines()[2])
    assert debian_root.apt_would_change(["mmdebstrap"]) == []


def test_nothing_is_installed_where_a_package_of_the_host_would_change(monkeypatch):
    called = []

    def run(argv, **_):
        called.append(argv)
        return UPGRADES

    monkeypatch.setattr(debian_root, "run", run)
    monkeypatch.setattr(
        debian_root.shutil, "which", lambda name: None if name == "mmdebstrap" else "/usr/bin/x"
    )
    with pytest.raises(Unsupported, match="would change"):
        debian_root.need_mmdebstrap()
    assert all("--simulate" in argv for argv in called)


def test_only_what_is_missing_is_asked_for(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(debian_root, "apt_would_change", lambda names: asked.append(names) or [])
    monkeypatch.setattr(debian_root, "run", lambda *a, **k: "")
    monkeypatch.setattr(debian_root, "KEYS", tmp_path / "none.gpg")
    monkeypatch.setattr(debian_root.shutil, "which", lambda name: "/usr/bin/" + name)
    debian_root.need_mmdebstrap()
    monkeypatch.setattr(debian_root, "KEYS", tmp_path)
    debian_root.need_mmdebstrap()
    assert asked == [["debian-archive-keyring"]]


def test_not_debian_says_what_to_install_with_exit_code_3(monkeypatch):
    monkeypatch.setattr(debian_root.shutil, "which", lambda name: None)
    with pytest.raises(Unsupported) as e:
        debian_root.need_mmdebstrap()
    assert e.value.exit_code == 3
    assert "docs.docker.com" in e.value.fix


def test_neither_root_nor_sudo(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(debian_root.shutil, "which", lambda name: None)
    with pytest.raises(Unsupported, match="needs root"):
        debian_root.sudo()


@pytest.mark.parametrize("content", ["", "no number", "999999999", "own"])
def test_a_stale_pid_file_is_no_daemon(content):
    # our own pid is alive, but it is no dockerd: a pid may be given to another process after a reboot
    (endpoint.own_folder() / "docker.pid").write_text(str(os.getpid()) if content == "own" else content)
    assert debian_root.pid() is None
    assert debian_root.stop() is False


def test_a_half_made_root_is_not_taken_for_a_whole_one(monkeypatch):
    debian_root.root().with_name("root.new").mkdir(parents=True)
    called = []
    monkeypatch.setattr(debian_root, "need_mmdebstrap", lambda: None)
    monkeypatch.setattr(debian_root, "make_clients", lambda: None)
    monkeypatch.setattr(debian_root, "run", lambda argv, **_: called.append([str(a) for a in argv]) or "")
    debian_root.make_root()
    words = [next(w for w in argv if w != "sudo") for argv in called]
    assert words == ["rm", "mmdebstrap", "mv"]


def test_a_failed_bootstrap_leaves_no_root(monkeypatch):
    def run(argv, **_):
        if "mmdebstrap" in argv:
            raise CommandFailed("no network")
        return ""

    monkeypatch.setattr(debian_root, "need_mmdebstrap", lambda: None)
    monkeypatch.setattr(debian_root, "run", run)
    with pytest.raises(CommandFailed):
        debian_root.make_root()
    assert not debian_root.root().exists()


@pytest.mark.parametrize(("folder", "ours"), [("own", True), ("/somewhere/else", False)])
def test_a_daemon_of_another_lab_is_not_ours(folder, ours):
    # found when `down --all` of a second lab stopped the first lab's engine
    data = str(debian_root.data()) if folder == "own" else folder
    waiting = "import sys; sys.stdin.read()"
    with subprocess.Popen(
        ["dockerd", "-c", waiting, data], executable=sys.executable, stdin=subprocess.PIPE
    ) as daemon:
        (endpoint.own_folder() / "docker.pid").write_text(str(daemon.pid))
        until(lambda: b"dockerd" in Path(f"/proc/{daemon.pid}/cmdline").read_bytes(), timeout=5)
        assert (debian_root.pid() == daemon.pid) is ours


def test_the_commands_work_from_a_folder_with_blanks(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "my lab, it's here"))
    monkeypatch.setattr(debian_root.shutil, "which", lambda name: None)
    root = debian_root.root()
    (root / "usr/lib64").mkdir(parents=True)
    loader = root / "usr/lib64/ld-linux-x86-64.so.2"
    loader.write_text('#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n')
    loader.chmod(0o755)
    (root / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    debian_root.make_clients()
    command = debian_root.home() / "bin/docker"
    done = subprocess.run([command, "ps", "--format", "a b"], capture_output=True, text=True, check=True)
    libraries = str(root / "usr/lib/x86_64-linux-gnu")
    assert done.stdout.splitlines() == [
        *("--library-path", libraries, str(root / "usr/bin/docker"), "ps", "--format", "a b")
    ]


# --- what lives is left alone

DAEMON = """
import sys
sys.path.insert(0, {helpers!r})
import engines
with engines.on_socket({socket!r}, **{options!r}):
    print("answers", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def daemon():
    """Starts a process that is called dockerd and answers at our socket; its words say whose data it has."""
    running = []

    def start(data, **options):
        place = str(endpoint.own_folder() / "docker.sock")
        code = DAEMON.format(helpers=str(Path(engines.__file__).parent), socket=place, options=options)
        process = subprocess.Popen(
            ["dockerd", "-c", code, "--data-root", str(data)],
            executable=sys.executable, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        assert process.stdout.readline() == "answers\n"
        (endpoint.own_folder() / "docker.pid").write_text(str(process.pid))
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def harmless(monkeypatch):
    """Keeps `start` from making a root and a daemon; the list of what it would have run."""
    called = []
    monkeypatch.setattr(debian_root, "make_root", lambda: called.append("make_root"))
    monkeypatch.setattr(debian_root, "launch", lambda: called.append("launch"))
    return called


def folder():
    return sorted(p.name for p in endpoint.own_folder().iterdir())


def test_our_daemon_that_answers_is_left_as_it_is(daemon, harmless):
    ours = daemon(debian_root.data())
    assert debian_root.start() == endpoint.own_host()
    assert (ours.poll(), folder(), harmless) == (None, ["docker.pid", "docker.sock"], [])


def test_our_daemon_that_answers_and_is_unfit_is_left_as_it_is(monkeypatch, daemon, harmless):
    monkeypatch.setattr(debian_root, "HANG_SECONDS", 0.3)
    ours = daemon(debian_root.data(), status=500)
    with pytest.raises(EngineUnavailable, match="HTTP 500"):
        debian_root.start()
    assert (ours.poll(), folder(), harmless) == (None, ["docker.pid", "docker.sock"], [])


@pytest.mark.parametrize("is_named", [True, False])
def test_a_daemon_of_another_lab_keeps_its_socket_and_its_pid_file(daemon, harmless, is_named, tmp_path):
    other = daemon(tmp_path / "other/data")
    if not is_named:
        (endpoint.own_folder() / "docker.pid").unlink()
    with pytest.raises(EngineUnavailable, match="left alone"):
        debian_root.start()
    assert other.poll() is None
    assert "docker.sock" in folder()
    assert harmless == []


def test_another_home_of_the_same_user_stops_and_takes_over_nothing(daemon, harmless, monkeypatch, tmp_path):
    first = daemon(debian_root.data())
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "second home"))
    assert (debian_root.pid(), debian_root.stop()) == (None, False)
    with pytest.raises(EngineUnavailable, match=f"process {first.pid}"):
        debian_root.start()
    down.remove_home()
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "home"))
    assert (first.poll(), debian_root.pid(), harmless) == (None, first.pid, [])
    assert folder() == ["docker.pid", "docker.sock"]


def test_no_second_daemon_is_started_over_the_data_of_one_that_lost_its_socket(daemon, harmless):
    ours = daemon(debian_root.data())
    for name in folder():
        (endpoint.own_folder() / name).unlink()
    with pytest.raises(EngineUnavailable, match=f"process {ours.pid}"):
        debian_root.start()
    assert (ours.poll(), harmless) == (None, [])


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:1", "unix:///none.sock", "ssh://anna@far"])
@pytest.mark.parametrize("verb", [["up", "--only", "docker"], ["down"], ["down", "--all"], ["stop"]])
def test_a_stale_docker_host_harms_no_engine_that_runs(monkeypatch, daemon, harmless, url, verb):
    ours = daemon(debian_root.data())
    monkeypatch.setenv("DOCKER_HOST", url)
    with pytest.raises(EngineUnavailable, match="DOCKER_HOST names"):
        CliRunner().invoke(group, verb, catch_exceptions=False)
    assert (ours.poll(), folder(), harmless) == (None, ["docker.pid", "docker.sock"], [])
    assert debian_root.data().parent.parent.exists()


def test_no_data_is_removed_under_a_daemon_that_lives(daemon):
    ours = daemon(debian_root.data())
    (endpoint.own_folder() / "docker.pid").unlink()
    with pytest.raises(EngineUnavailable, match=f"process {ours.pid}"):
        down.remove_home()
    assert debian_root.home().exists()
    assert ours.poll() is None


def test_what_a_daemon_that_is_gone_has_left_is_cleared_away(monkeypatch, daemon):
    gone = daemon(debian_root.data())
    gone.kill()
    gone.wait()
    monkeypatch.setattr(debian_root, "sudo", list)
    monkeypatch.setattr(debian_root, "make_root", lambda: None)
    debian_root.must_be_free()
    debian_root.clear_folder()
    assert folder() == []


def test_our_daemon_that_is_deaf_is_replaced(monkeypatch, daemon):
    deaf = daemon(debian_root.data())
    os.kill(deaf.pid, signal.SIGSTOP)
    monkeypatch.setattr(debian_root, "HANG_SECONDS", 0.3)
    monkeypatch.setattr(debian_root, "sudo", list)
    monkeypatch.setattr(debian_root, "make_root", lambda: None)
    monkeypatch.setattr(debian_root, "launch", lambda: daemon(debian_root.data()))
    assert debian_root.start() == endpoint.own_host()
    assert debian_root.pid() not in (None, deaf.pid)
