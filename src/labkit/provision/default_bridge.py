"""Whether the interface of an engine's default bridge is still there.

A second daemon that is started without a bridge removes it; see
findings/dockerd_without_a_bridge_removes_docker0.sh. The engine goes on answering; its containers have no
network, and no further one starts.
"""

from __future__ import annotations

import socket
from pathlib import Path

import docker
from docker.errors import NotFound

OPTION = "com.docker.network.bridge.name"
INTERFACES = Path("/sys/class/net")


def gone(client: docker.DockerClient, is_own: bool) -> str | None:
    """The interface that an engine's default bridge has lost.

    Args:
        client: the engine's.
        is_own: whether it is the course's own, which is always in this machine's network namespace.

    Returns:
        Its name, such as ``docker0``; None where it is there, where the engine has no default bridge, or
        where its interfaces cannot be seen from here (another machine, a virtual one, the host of the
        container that we are in, a rootless engine).
    """
    info = client.info()
    is_rootless = any("rootless" in option for option in info.get("SecurityOptions") or [])
    # in a container that was given the engine's socket, the host's name differs, whatever folders are there
    is_here = info["Name"] == socket.gethostname() and Path(info["DockerRootDir"]).exists()
    if not is_own and (is_rootless or not is_here):
        return None
    try:
        options = client.networks.get("bridge").attrs.get("Options") or {}
    except NotFound:
        return None
    name = options.get(OPTION)
    return name if name and not (INTERFACES / name).exists() else None
