"""The course's own engine: Docker from a Debian root of its own, beside the host and not in it.

Nothing of the host is installed, upgraded or removed, except mmdebstrap (which makes the root) where it is
missing and where a dry run shows that nothing else would change. The daemon runs in a mount namespace whose
root is that folder and in which the host's folders keep their own paths, so bind mounts mean the same.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
from pathlib import Path

from labkit.core import engine
from labkit.core.errors import CommandFailed, EngineUnavailable, Unsupported
from labkit.core.paths import home, repo
from labkit.core.process import run
from labkit.wait.until import until

SUITE = "trixie"
PACKAGES = "docker.io,docker-cli,docker-buildx,docker-compose,iptables,ca-certificates"
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""Debian's keys, which Ubuntu does not have by itself."""

START_SECONDS = 60
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
    """Puts docker (where PATH has none) and its plugins into `home`, run by the root's own loader."""
    loader = next((root() / "usr/lib64").glob("ld-linux*"), None) or next(
        (root() / "usr/lib").glob("ld-linux*")
    )
    libraries = ":".join(str(d) for d in (root() / "usr/lib").glob("*-linux-gnu"))
    wrap = '#!/bin/sh\nexec {loader} --library-path {libraries} {program} "$@"\n'
    plugins = home() / "docker" / "cli-plugins"
    wanted = {
        plugins / p: root() / f"usr/libexec/docker/cli-plugins/{p}"
        for p in ("docker-buildx", "docker-compose")
    }
    if not shutil.which("docker"):
        wanted[home() / "bin" / "docker"] = root() / "usr/bin/docker"
    for path, program in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wrap.format(loader=loader, libraries=libraries, program=program))
        path.chmod(0o755)


def pid() -> int | None:
    """The process id of the daemon that this lab started, or None.

    A stale pid file counts as none, and so does a daemon whose data is in another lab's folder.
    """
    try:
        number = int((engine.own_folder() / "docker.pid").read_text())
        command = Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (OSError, ValueError):
        return None
    return number if command[0].endswith("dockerd") and str(data()) in command else None


def data() -> Path:
    """Where the course's own engine keeps images and containers."""
    return home() / "engine" / "data"


def start() -> str:
    """Starts the course's own daemon and waits until it answers.

    Returns:
        Its URL.

    Raises:
        EngineUnavailable: it did not answer in time; the end of its log is shown.
        Unsupported: no root rights, or no Debian.
    """
    make_root()
    folder = engine.own_folder()
    if pid() and engine.probe(engine.own_host()):
        stop(grace=2)  # alive but deaf: a daemon that hangs is replaced
    run([*sudo(), "mkdir", "-p", folder])
    run([*sudo(), "rm", "-f", folder / "docker.pid", folder / "docker.sock"])
    log = home() / "engine" / "dockerd.log"
    group = os.environ.get("SUDO_GID") or os.getgid()
    daemon = [
        *("dockerd", "--host", engine.own_host(), "--pidfile", folder / "docker.pid"),
        *("--exec-root", folder / "exec", "--data-root", data(), "--group", group),
    ]
    script = repo() / "src/labkit/private-root.sh"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*sudo(), "unshare", "--mount", "sh", str(script), str(root()), *map(str, daemon)],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    until(
        lambda: engine.probe(engine.own_host()) is None or process.poll() is not None,
        timeout=START_SECONDS,
        what="the Docker daemon answers",
    )
    if process.poll() is not None:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
        raise EngineUnavailable("The course's Docker daemon ended at once.", found=last, fix=f"read {log}")
    return engine.own_host()


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
