"""What notebooks leave behind: every object of engine and cluster before and after, and the difference."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.resource import ResourceList

from labkit.core import engine
from labkit.core.errors import Usage
from labkit.core.kube import ask, dynamic_client
from labkit.core.paths import kubeconfig
from labkit.lab import cleanup
from labkit.lab.clients import kube_client

PASSING = ("Event", "Lease", "PodMetrics", "NodeMetrics", "ComponentStatus")
"""Kinds that come and go by themselves."""


def snapshot() -> set[str]:
    """Every object of the engine and, where there is one, of the cluster, as ``kind name``.

    Raises:
        EngineUnavailable: no daemon answers.
        ClusterUnavailable: there is a cluster and it does not answer.
    """
    objects = of_engine()
    if kubeconfig().exists():
        objects |= of_cluster(dynamic_client(kube_client({})))
    return objects


def of_engine() -> set[str]:
    """Containers, networks, volumes and images, each image under each of its names."""
    api = engine.client()
    try:
        objects = {f"container {c.name}" for c in api.containers.list(all=True, ignore_removed=True)}
        objects |= {f"network {n.name}" for n in api.networks.list()}
        objects |= {f"volume {v.name}" for v in api.volumes.list()}
        for image in cleanup.images_of(api):
            objects |= {f"image {name}" for name in image.tags or [str(image.id)]}
        return objects
    finally:
        api.close()


def of_cluster(dynamic: DynamicClient) -> set[str]:
    """Every object of every kind that can be listed, those left out that come and go by themselves."""
    objects: set[str] = set()
    for resource in dynamic.resources.search(preferred=True):
        if isinstance(resource, ResourceList) or "list" not in resource.verbs or resource.kind in PASSING:
            continue
        with suppress(Usage):  # an API that lists itself and refuses to be asked
            listed = ask(resource.get)
            objects |= {
                f"{resource.kind} {full_name(item.metadata)}" for item in (listed.items if listed else ())
            }
    return objects


def full_name(metadata: Any) -> str:
    """A name, after its namespace where there is one."""
    return f"{metadata.namespace}/{metadata.name}" if metadata.namespace else metadata.name


def left(before: set[str], after: set[str]) -> list[str]:
    """What is there and was not before; what lies in a namespace that is left is not named one by one."""
    new = after - before
    spaces = tuple(f" {name.removeprefix('Namespace ')}/" for name in new if name.startswith("Namespace "))
    return sorted(name for name in new if not any(space in name for space in spaces))
