"""The Docker engine: found where one answers, else the course's own (`labkit.provision.debian_root`).

Order: ``DOCKER_HOST``, the current docker context, the default socket, the course's own socket.
An engine that the course did not start is used as it is: never configured, never stopped.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

import docker
from docker.context import ContextAPI

from labkit.core.errors import EngineForbidden, EngineUnavailable, root
from labkit.core.paths import home, kubeconfig

OLDEST_API = "1.43"
"""The oldest Docker API the chapters are run against (Docker 24)."""

DENIED = "permission denied"
"""The reason of a daemon whose socket this user may not use."""

PROBE_SECONDS = 5
"""How long a daemon may take for a sign of life."""


def own_folder() -> Path:
    """Where the course's own engine keeps its socket and pid file (below /run: gone after a reboot)."""
    return Path("/run/containers-proven") / str(owner_uid())


def owner_uid() -> int:
    """The user for whom the engine runs: the one who called sudo, if that is how we became root."""
    return int(os.environ.get("SUDO_UID") or os.getuid()) if hasattr(os, "getuid") else 0


def own_host() -> str:
    """The URL of the course's own engine, running or not."""
    return f"unix://{own_folder() / 'docker.sock'}"


def candidates() -> list[str]:
    """The daemon URLs that are tried, in order, without duplicates."""
    if given := os.environ.get("DOCKER_HOST"):
        return [given]
    urls = []
    with contextlib.suppress(Exception):  # a broken context file is the user's own matter
        urls.append(ContextAPI.get_current_context().Host)
    default = "npipe:////./pipe/docker_engine" if os.name == "nt" else "unix:///var/run/docker.sock"
    urls += [default, own_host()]
    return list(dict.fromkeys(u for u in urls if u))


def probe(url: str) -> str | None:
    """Asks one daemon for a sign of life: None if it answers, else why not."""
    if url.startswith("unix://"):
        path = Path(url.removeprefix("unix://"))
        try:
            if not stat.S_ISSOCK(path.stat().st_mode):
                return f"{path} is not a socket"
        except FileNotFoundError:
            return "no such socket"
        except PermissionError:
            return DENIED
    try:
        client = docker.DockerClient(base_url=url, timeout=PROBE_SECONDS, version=OLDEST_API)
        client.ping()
        client.close()
    except Exception as e:  # whatever keeps it from answering is the answer
        return DENIED if isinstance(root(e), PermissionError) else f"no answer ({type(e).__name__})"
    return None


def find() -> tuple[str | None, dict[str, str]]:
    """The first daemon that answers and, for each that did not, the reason."""
    reasons: dict[str, str] = {}
    for url in candidates():
        why = probe(url)
        if why is None:
            return url, reasons
        reasons[url] = why
    return None, reasons


def host() -> str:
    """The URL of the daemon that the course uses.

    Raises:
        EngineForbidden: one is there, and this user may not use its socket.
        EngineUnavailable: none answers; says for each what it did.
    """
    url, reasons = find()
    if url:
        return url
    denied = [u for u, why in reasons.items() if why == DENIED]
    if denied:
        raise EngineForbidden(
            "A Docker daemon is there, but this user may not use its socket.",
            wanted=f"read and write access to {denied[0]}",
            found=DENIED,
            fix="sudo usermod -aG docker $USER, then log in again (or: newgrp docker)",
        )
    tried = "; ".join(f"{u}: {why}" for u, why in reasons.items())
    raise EngineUnavailable("No Docker daemon answers.", wanted="a Docker engine", found=tried, fix="make up")


def client(url: str | None = None, timeout: int = 120) -> docker.DockerClient:
    """A docker client for the course's daemon.

    Args:
        url: another daemon's URL; None finds the course's.
        timeout: seconds that one call may take.

    Raises:
        EngineUnavailable: no daemon answers, and no URL is given.
    """
    return docker.DockerClient(base_url=url or host(), timeout=timeout, version="auto")


def docker_cmd() -> list[str]:
    """The docker CLI, as the first words of a command: the one on PATH, else the private root's.

    Raises:
        EngineUnavailable: there is none.
    """
    own = home() / "bin" / "docker"
    command = shutil.which("docker") or (str(own) if own.exists() else None)
    if not command:
        raise EngineUnavailable("There is no docker command.", wanted="docker on PATH", fix="make up")
    return [command]


def cli_env(url: str | None = None) -> dict[str, str]:
    """The environment for docker, kubectl and kind: this daemon, our plugins, our kubeconfig.

    Args:
        url: another daemon's; None finds the course's.

    Raises:
        EngineUnavailable: no daemon answers, and no URL is given.
    """
    return {**os.environ, **exports(url)}


def exports(url: str | None = None) -> dict[str, str]:
    """The variables that ``labkit env`` prints."""
    variables = {"DOCKER_HOST": url or host(), "KUBECONFIG": str(kubeconfig())}
    if (home() / "docker" / "cli-plugins").exists():
        variables["DOCKER_CONFIG"] = str(home() / "docker")
    variables["PATH"] = os.pathsep.join([str(home() / "bin"), os.environ.get("PATH", os.defpath)])
    return variables
