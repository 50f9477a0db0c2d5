"""What would a new container find? One is stopped, and a new one made like it stands in for a while.

This is how a check asks whether data outlive a container, without removing it: of its settings only those are
read that make the new one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from docker.models.containers import Container

from labkit.core.errors import Mismatch
from labkit.lab.lab import Lab

CONFIG = ("Image", "Env", "Cmd", "Entrypoint", "User", "WorkingDir", "Volumes", "Healthcheck", "StopSignal")
HOST = ("Binds", "Mounts", "Tmpfs", "Init", "VolumesFrom", "ReadonlyRootfs", "ShmSize")


@contextmanager
def recreated(lab: Lab, container: Container, grace: int = 10) -> Iterator[Container]:
    """In this block the container is stopped, and a new one of the same command, image and mounts runs.

    An anonymous volume is no part of a command: the new container gets a new one. Names, networks and
    published ports stay with the old one, which is started again at the end.

    Args:
        lab: whose.
        container: one that runs.
        grace: seconds that it gets to stop.

    Raises:
        Mismatch: it would be removed when it is stopped (``--rm``).
    """
    container.reload()
    attrs = container.attrs
    if attrs["HostConfig"]["AutoRemove"]:
        hint = "It was started with --rm. The check stops it, looks, and starts it again."
        raise Mismatch(f"{container.name} would be gone when it is stopped.", wanted="no --rm", hint=hint)
    config = settings(container)
    container.stop(timeout=grace)
    new = None
    try:
        name = f"labkit-recreated-{secrets.token_hex(4)}"
        new = lab.docker.containers.get(lab.docker.api.create_container_from_config(config, name)["Id"])
        new.start()
        yield new
    finally:
        if new is not None:
            new.stop(timeout=grace)
            new.remove(force=True, v=True)
        container.start()


def settings(container: Container, **environment: str) -> dict[str, Any]:
    """What a create request asks for that makes a container like this one, without names, networks and ports.

    Args:
        container: as the engine described it last.
        **environment: variables that are set otherwise.
    """
    attrs = container.attrs
    config = {key: attrs["Config"][key] for key in CONFIG if attrs["Config"].get(key) is not None}
    if environment:
        unchanged = [line for line in config.get("Env", []) if line.split("=", 1)[0] not in environment]
        config["Env"] = unchanged + [f"{name}={value}" for name, value in environment.items()]
    config["HostConfig"] = {key: attrs["HostConfig"][key] for key in HOST if attrs["HostConfig"].get(key)}
    return config


def behind(container: Container, path: str) -> str:
    """What lies behind a path: ``layer``, ``tmpfs``, ``bind``, ``volume`` or ``anonymous``."""
    mounts = [
        m for m in container.attrs["Mounts"] if (path + "/").startswith(m["Destination"].rstrip("/") + "/")
    ]
    if any(
        (path + "/").startswith(p.rstrip("/") + "/") for p in container.attrs["HostConfig"].get("Tmpfs") or {}
    ):
        return "tmpfs"
    if not mounts:
        return "layer"
    mount = max(mounts, key=lambda m: len(m["Destination"]))
    if mount["Type"] != "volume":
        return mount["Type"]
    # a name that somebody gave is part of the command; the engine's own names are not
    binds = [bind.split(":")[0] for bind in container.attrs["HostConfig"].get("Binds") or []]
    sources = [m.get("Source") for m in container.attrs["HostConfig"].get("Mounts") or []]
    return "volume" if mount["Name"] in (*binds, *sources) else "anonymous"
