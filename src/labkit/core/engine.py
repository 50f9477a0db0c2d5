"""The Docker engine as the course uses it: its client, docker's own command, the variables for a shell.

`labkit.core.endpoint.choose` decides which one it is. An engine that the course did not start is used as it
is: never configured, never stopped.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import docker

from labkit.core.endpoint import EngineAPI, EngineClient, at, choose, config
from labkit.core.errors import EngineUnavailable
from labkit.core.paths import home, kubeconfig

PROXIES = {"HTTP_PROXY": "httpProxy", "HTTPS_PROXY": "httpsProxy", "NO_PROXY": "noProxy"}
"""The variables of a proxy, and what ``config.json`` calls them."""

SET_BACK = {
    "DOCKER_API_VERSION": "",  # else the command does not ask the engine for it
    "DOCKER_BUILDKIT": "",
    "DOCKER_CONTENT_TRUST": "",  # the course's images are signed by nobody
    "DOCKER_DEFAULT_PLATFORM": "",  # they are of the engine's own platform
    "BUILDX_BUILDER": "default",  # one elsewhere does not see them
    "KIND_EXPERIMENTAL_PROVIDER": "docker",
}
"""The user's variables that would change what programs do, and the value with which they do not."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def host() -> str:
    """The URL of the daemon that the course uses.

    Raises:
        EngineUnavailable: none answers that can be used; says for each what it did.
    """
    return choose().url


def client(url: str | None = None, timeout: int = 120) -> docker.DockerClient:
    """A docker client for the course's daemon.

    Args:
        url: another daemon's URL; None finds the course's.
        timeout: seconds that one call may take.

    Raises:
        EngineUnavailable: no daemon answers, and no URL is given.
    """
    endpoint = at(url) if url else choose()
    return EngineClient(EngineAPI(**endpoint.options(), timeout=timeout))


def docker_cmd() -> list[str]:
    """The docker CLI, as the first words of a command: the one on PATH, else the private root's.

    Raises:
        EngineUnavailable: there is none.
    """
    own, found = home() / "bin" / "docker", shutil.which("docker")
    trouble = cli_trouble(found) if found else None
    if found and not trouble:
        return [found]
    if own.exists():
        return [str(own)]
    raise trouble or EngineUnavailable("There is no docker command.", wanted="docker on PATH", fix="make up")


def cli_trouble(command: str) -> EngineUnavailable | None:
    """Why a docker command is of no use to the course, from what kind of program it is; None where it is.

    Args:
        command: its path.
    """
    program = Path(os.path.realpath(command))
    if is_podman(program):
        return EngineUnavailable(
            "The docker command on PATH is Podman's.",
            wanted="Docker's own command",
            found=f"{command}, which starts podman",
            fix="apt-get remove podman-docker, or put Docker's command first on PATH",
        )
    hidden = [part for part in home().parts if part.startswith(".")]
    if hidden and (command.startswith("/snap/") or "/snap/" in str(program)):
        return EngineUnavailable(
            "The docker command on PATH is snap's, which sees no hidden folder.",
            wanted="a LABKIT_HOME without a folder whose name begins with a dot",
            found=str(home()),
            fix="export LABKIT_HOME=$HOME/containers-proven, then: make up",
        )
    return None


def is_podman(program: Path) -> bool:
    """Whether a docker command is podman, or the script of podman-docker that starts it."""
    if program.name.startswith("podman"):
        return True
    try:
        with program.open("rb") as file:
            begin = file.read(4096)
    except OSError:
        return False
    return begin.startswith(b"#!") and b"podman" in begin


def cli_env(url: str | None = None) -> dict[str, str]:
    """The environment for docker, kubectl and kind: this daemon, our plugins, our kubeconfig.

    Args:
        url: another daemon's; None finds the course's.

    Raises:
        EngineUnavailable: no daemon answers, and no URL is given.
    """
    return {**os.environ, **exports(url)}


def exports(url: str | None = None) -> dict[str, str]:
    """The variables that ``labkit env`` prints; what the user's settings would change is set back.

    Args:
        url: another daemon's; None finds the course's.

    Raises:
        EngineUnavailable: no daemon answers, and no URL is given.
    """
    variables = (at(url) if url else choose()).variables()
    variables |= {"KUBECONFIG": str(kubeconfig()), "KUBERC": "off"}
    if (home() / "docker" / "cli-plugins").exists():
        variables["DOCKER_CONFIG"] = str(home() / "docker")
    variables |= {name: value for name, value in SET_BACK.items() if os.environ.get(name)}
    variables |= past_proxy(*LOOPBACK)
    variables["PATH"] = os.pathsep.join([str(home() / "bin"), os.environ.get("PATH", os.defpath)])
    return variables


def proxies() -> dict[str, str]:
    """The proxy that programs and containers are told to use: by the environment, else by ``config.json``.

    Returns:
        `PROXIES` by name, those that are set; empty where no proxy is.
    """
    given = {name: os.environ.get(name) or os.environ.get(name.lower(), "") for name in PROXIES}
    if not given["HTTP_PROXY"] and not given["HTTPS_PROXY"]:
        settings = (config().get("proxies") or {}).get("default") or {}
        given = {name: str(settings.get(key) or "") for name, key in PROXIES.items()}
    is_set = bool(given["HTTP_PROXY"] or given["HTTPS_PROXY"])
    return {name: value for name, value in given.items() if value} if is_set else {}


def past_proxy(*hosts: str) -> dict[str, str]:
    """The variables with which these hosts are reached past the proxy of the environment.

    Args:
        *hosts: names or addresses.

    Returns:
        Both spellings of ``NO_PROXY``; empty where the environment names no proxy.
    """
    spellings = (name for p in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (p, p.lower()))
    if not any(os.environ.get(name) for name in spellings):
        return {}
    listed = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    names = [name for name in (word.strip() for word in listed.split(",")) if name]
    names += [name for name in hosts if name not in names]
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(names))
