"""Removes what the course made and nothing else: labels say what that is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import docker

from labkit.core import endpoint, engine
from labkit.core.errors import EngineAbsent, EngineUnavailable
from labkit.core.labels import LABEL
from labkit.core.paths import home, kubeconfig, lab_id
from labkit.core.process import run
from labkit.provision import debian_root, images, kind_cluster, registry


def take_down(everything: bool = False, keep_engine: bool = False, store: bool = False) -> dict[str, int]:
    """Removes the cluster, the registry, and every container, network and volume with our label.

    Args:
        everything: also our images and our caches.
        store: also the registry's volume, which holds copies of our images.
        keep_engine: leave the course's own engine running, if it is.

    Returns:
        What was removed: kind of object → how many.

    Raises:
        EngineUnavailable: an engine is named, or answers, and cannot be used: nothing is removed.
    """
    removed: dict[str, int] = {}
    try:
        client: docker.DockerClient | None = engine.client()
    except EngineAbsent:
        client = None  # nothing of ours can run without an engine; its own data may still be there
    own_is_used = client is None or engine.host() == endpoint.own_host()
    if client:
        removed = remove_objects(client, everything or store)
        if everything:
            names, refusals = images.remove_all()
            removed["images"] = len(names)
            for name, why in refusals.items():
                print(f"kept {name}: {why}")
    if debian_root.pid() and not keep_engine and (own_is_used or everything):
        debian_root.stop()
        removed["engine"] = 1
    if everything:
        remove_home()
    return removed


def remove_objects(client: docker.DockerClient, store: bool) -> dict[str, int]:
    """Containers first, for they hold the rest; the registry's store is a cache and stays, unless asked."""
    ours: dict[str, Any] = {"label": f"{LABEL}={lab_id()}"}
    removed = {"containers": 0, "networks": 0, "volumes": 0}
    kind_cluster.mark().unlink(missing_ok=True)
    names = [c.name for c in client.containers.list(all=True, filters=ours, ignore_removed=True)]
    if names:  # one call, for the daemon kills them side by side
        run([*engine.docker_cmd(), "rm", "--force", "--volumes", *names], env=engine.cli_env())
        removed["containers"] = len(names)
    kubeconfig().unlink(missing_ok=True)
    for network in client.networks.list(filters=ours):
        network.remove()
        removed["networks"] += 1
    for volume in client.volumes.list(filters=ours):
        if volume.name == registry.name() and not store:
            continue
        volume.remove(force=True)
        removed["volumes"] += 1
    return removed


def remove_home() -> None:
    """Removes the course's folder: caches, the private root, the engine's data.

    Raises:
        EngineUnavailable: a daemon still works on that data; nothing is removed.
    """
    if users := debian_root.users_of_data():
        raise EngineUnavailable(
            "A Docker daemon works on the data in the course's folder, which is left as it is.",
            found=f"process {', '.join(map(str, users))}",
            fix=f"sudo kill {' '.join(map(str, users))}, then: labkit down --all",
        )
    folder = home()
    if Path(folder / "engine").exists() and os.getuid() != 0:
        run([*debian_root.sudo(), "rm", "-rf", folder / "engine"])
    shutil.rmtree(folder)
