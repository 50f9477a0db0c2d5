"""The course's own engine: Docker from a Debian root of its own, beside the host and not in it.

Nothing of the host is installed, upgraded or removed, except mmdebstrap (which makes the root) where it is
missing and where a dry run shows that nothing else would change. The daemon runs in a mount namespace whose
root is that folder and in which the host's folders keep their own paths, so bind mounts mean the same.
"""

from __future__ import annotations

import os
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from labkit.core import endpoint, engine
from labkit.core.endpoint import State
from labkit.core.errors import CommandFailed, EngineUnavailable, TimedOut, Unsupported
from labkit.core.paths import home, repo
from labkit.core.process import run
from labkit.wait.until import until

SUITE = "trixie"
PACKAGES = "docker.io,docker-cli,docker-buildx,docker-compose,iptables,ca-certificates"
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""Debian's keys, which Ubuntu does not have by itself."""

START_SECONDS = 60
HANG_SECONDS = 30.0
"""How long our daemon, alive, may take for a sign of life before it counts as one that hangs."""

INSTALL = "https://docs.docker.com/engine/install/"


def sudo() -> list[str]:
    """What makes a command run as root: nothing, or sudo.

    Raises:
        Unsupported: neither root nor sudo.
    """
    if os.getuid() == 0:
        return []
    if shutil.which("sudo"):
        return ["sudo"]
    raise Unsupported(
        "Starting a Docker engine needs root.", wanted="root or sudo", fix=f"install Docker: {INSTALL}"
    )


def apt_would_change(packages: list[str]) -> list[str]:
    """The packages on this machine that installing these would upgrade or remove (a dry run)."""
    plan = run(["apt-get", "--simulate", "--no-install-recommends", "install", *packages])
    return re.findall(r"^(?:Inst(?= \S+ \[)|Remv) (\S+)", plan, re.MULTILINE)


def need_mmdebstrap() -> None:
    """Installs mmdebstrap from the host's own release, if that changes nothing that is there."""
    # Only what is missing is asked for: apt would upgrade what is there and old.
    missing = [] if shutil.which("mmdebstrap") else ["mmdebstrap"]
    missing += [] if KEYS.exists() else ["debian-archive-keyring"]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise Unsupported(
            "This is not Debian or Ubuntu, and no Docker daemon answers.", fix=f"install Docker: {INSTALL}"
        )
    try:
        changed = apt_would_change(missing)
    except CommandFailed:
        run([*sudo(), "apt-get", "update"], fix="check the machine's apt sources")
        changed = apt_would_change(missing)
    if changed:
        raise Unsupported(
            "Installing mmdebstrap would change packages of this machine.",
            found=", ".join(changed),
            fix=f"install Docker yourself: {INSTALL}",
        )
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run([*sudo(), "apt-get", "install", "--yes", "--no-install-recommends", *missing], env=env)


def root() -> Path:
    """The folder of the private root."""
    return home() / "engine" / "root"


def make_root() -> None:
    """Bootstraps the private root, whole or not at all."""
    if (root() / "usr/sbin/dockerd").exists():
        return
    need_mmdebstrap()
    fresh = root().with_name("root.new")
    run([*sudo(), "rm", "-rf", fresh])
    fresh.parent.mkdir(parents=True, exist_ok=True)
    run([*sudo(), "mmdebstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, fresh])
    run([*sudo(), "mv", fresh, root()])
    make_clients()


def make_clients() -> None:
    """Puts docker (where PATH has none of use) and its plugins into `home`, run by the root's own loader."""
    loader = next((root() / "usr/lib64").glob("ld-linux*"), None) or next(
        (root() / "usr/lib").glob("ld-linux*")
    )
    libraries = ":".join(str(d) for d in (root() / "usr/lib").glob("*-linux-gnu"))
    start = shlex.join([str(loader), "--library-path", libraries])
    plugins = home() / "docker" / "cli-plugins"
    wanted = {
        plugins / p: root() / f"usr/libexec/docker/cli-plugins/{p}"
        for p in ("docker-buildx", "docker-compose")
    }
    found = shutil.which("docker")
    if not found or engine.cli_trouble(found):
        wanted[home() / "bin" / "docker"] = root() / "usr/bin/docker"
    for path, program in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\nexec {start} {shlex.quote(str(program))} "$@"\n')
        path.chmod(0o755)


def pid() -> int | None:
    """The process id of the daemon that this lab started, or None.

    A stale pid file counts as none, and so does a daemon whose data is in another lab's folder.
    """
    try:
        number = int((endpoint.own_folder() / "docker.pid").read_text())
    except (OSError, ValueError):
        return None
    return number if number in users_of_data() else None


def users_of_data() -> list[int]:
    """The process ids of daemons that have their data in this lab's folder, whatever their pid file says."""
    return [number for number, words in dockerds().items() if str(data()) in words]


def dockerds() -> dict[int, list[str]]:
    """The Docker daemons of this machine: process id → the words of its command."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        except OSError:  # it ended meanwhile
            continue
        if words[0].endswith("dockerd"):
            found[int(file.parent.name)] = words
    return found


def data() -> Path:
    """Where the course's own engine keeps images and containers."""
    return home() / "engine" / "data"


def start() -> str:
    """Starts the course's own daemon and waits until it answers; one that answers is left alone.

    Returns:
        Its URL.

    Raises:
        EngineUnavailable: another process holds its socket, its pid file or its data, and is left alone; or
            it did not answer in time, then the end of its log is shown.
        Unsupported: no root rights, or no Debian.
    """
    own = endpoint.Endpoint(endpoint.own_host())
    if pid():
        if answers_in_time(own):
            return own.url
        stop(grace=2)  # alive but deaf: a daemon that hangs is replaced
    must_be_free()
    make_root()
    clear_folder()
    process = launch()
    until(
        lambda: endpoint.ask(own).state is State.USABLE or process.poll() is not None,
        timeout=START_SECONDS,
        what="the Docker daemon answers",
    )
    if process.poll() is not None:
        log = home() / "engine" / "dockerd.log"
        last = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
        raise EngineUnavailable("The course's Docker daemon ended at once.", found=last, fix=f"read {log}")
    return own.url


def answers_in_time(own: endpoint.Endpoint) -> bool:
    """Whether our daemon, which runs, answers: one that is busy, or has just begun, is given time.

    Raises:
        EngineUnavailable: it answers, and cannot be used.
    """
    answer = endpoint.Answer(State.SILENT)

    def is_usable() -> bool:
        nonlocal answer
        answer = endpoint.ask(own, HANG_SECONDS)
        return answer.state is State.USABLE

    with suppress(TimedOut):
        until(is_usable, timeout=HANG_SECONDS, what="the Docker daemon answers")
    if answer.state is State.UNFIT:
        raise EngineUnavailable(
            "The course's own engine answers, and cannot be used.",
            found=answer.why,
            fix=f"sudo kill {pid()}, then: make up",
        )
    return answer.state is State.USABLE


def must_be_free() -> None:
    """Makes sure that no living process holds the socket, the pid file or the data of our daemon.

    Raises:
        EngineUnavailable: one does; it is named, and left alone.
    """
    folder, running = str(endpoint.own_folder()), dockerds()
    holders = {n for n, words in running.items() if str(data()) in words or any(folder in w for w in words)}
    who = "; ".join(f"process {n}: {' '.join(running[n])}" for n in sorted(holders))
    if not who and is_listened_on(endpoint.own_folder() / "docker.sock"):
        who = f"a process that listens on {endpoint.own_host()}"
    if who:
        kill = "sudo kill " + " ".join(map(str, sorted(holders))) if holders else "end that process"
        raise EngineUnavailable(
            "Another process holds the place of the course's own engine; it is left alone.",
            wanted=f"nothing that uses {folder} or {data()}",
            found=who,
            fix=f"labkit down in the lab that started it, or: {kill}; then: make up",
        )


def is_listened_on(path: Path) -> bool:
    """Whether some process accepts connections at a Unix socket, or may do so."""
    if not path.exists():
        return False
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(endpoint.PROBE_SECONDS)
        try:
            s.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def clear_folder() -> None:
    """Makes the folder of socket and pid file, and removes what a daemon that is gone left in it."""
    folder = endpoint.own_folder()
    run([*sudo(), "mkdir", "-p", folder])
    run([*sudo(), "rm", "-f", folder / "docker.pid", folder / "docker.sock"])


def launch() -> subprocess.Popen[bytes]:
    """Starts the daemon in the private root; returns its process, or sudo's."""
    folder, group = endpoint.own_folder(), os.environ.get("SUDO_GID") or os.getgid()
    daemon = [
        *("dockerd", "--host", endpoint.own_host(), "--pidfile", folder / "docker.pid"),
        *("--exec-root", folder / "exec", "--data-root", data(), "--group", group),
    ]
    script = repo() / "src/labkit/private-root.sh"
    with (home() / "engine" / "dockerd.log").open("ab") as out:
        return subprocess.Popen(
            [*sudo(), "unshare", "--mount", "sh", str(script), str(root()), *map(str, daemon)],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip


def stop(grace: float = 30) -> bool:
    """Stops the course's own daemon; True if one was running.

    Args:
        grace: seconds until it is killed.
    """
    number = pid()
    if number is None:
        return False
    handle = os.pidfd_open(number)
    run([*sudo(), "kill", f"-{signal.SIGTERM}", number])
    if not select.select([handle], [], [], grace)[0]:
        run([*sudo(), "kill", f"-{signal.SIGKILL}", number])
        select.select([handle], [], [], 10)
    os.close(handle)
    return True
