"""Removing from the cluster what carries a Lab's labels: namespaces, and single objects outside of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

from kubernetes import client
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.resource import ResourceList

from labkit.core.errors import TimedOut, Usage
from labkit.core.kube import ask, dynamic_client
from labkit.wait import objects as wait_kube

GRACE = 1
"""Seconds that Pods get to end; with the default of 30 a namespace would take as long."""

POLITE_SECONDS = 15
"""How long a namespace may take before its Pods are ended without their nodes' word."""

FORCED_SECONDS = 60
SKIPPED = ("Namespace", "Node", "Event")
"""Kinds that are not removed one by one: namespaces go whole, nodes are never a Lab's."""


def selector(labels: dict[str, str]) -> str:
    """Labels as Kubernetes writes them in a query."""
    return ",".join(f"{k}={v}" for k, v in labels.items())


def namespaces(kube: client.ApiClient, labels: dict[str, str], spare: Collection[str] = ()) -> list[str]:
    """Names of the namespaces that carry these labels, sorted; those of the sessions to spare are left out.

    Raises:
        ClusterUnavailable: the API server does not answer.
    """
    listed = ask(lambda: client.CoreV1Api(kube).list_namespace(label_selector=selector(labels)))
    metadata: list[Any] = [n.metadata for n in listed.items] if listed else []
    return sorted(m.name for m in metadata if m.labels.get("labkit.session") not in spare)


def objects(dynamic: DynamicClient, labels: dict[str, str]) -> Iterator[tuple[Any, Any]]:
    """Objects that carry these labels, of every kind that can be listed and deleted, with their resource.

    Args:
        dynamic: the client.
        labels: all of which an object must carry.
    """
    kinds = [
        r
        for r in dynamic.resources.search(preferred=True)
        if not isinstance(r, ResourceList) and {"list", "delete"} <= set(r.verbs) and r.kind not in SKIPPED
    ]

    def listed(resource: Any) -> list[Any]:
        with suppress(Usage):  # an API that lists itself and refuses to be asked
            answer = ask(lambda: resource.get(label_selector=selector(labels)))
            return list(answer.items) if answer else []
        return []

    with ThreadPoolExecutor(8) as pool:
        for resource, items in zip(kinds, pool.map(listed, kinds), strict=True):
            yield from ((resource, item) for item in items)


def remove(
    kube: client.ApiClient, labels: dict[str, str], spare: Collection[str] = ()
) -> dict[str, list[str]]:
    """Removes everything in the cluster that carries these labels; returns what that was, by kind.

    Args:
        kube: the client.
        labels: all of which an object must carry.
        spare: sessions whose objects stay.

    Raises:
        ClusterUnavailable: the API server does not answer.
        TimedOut: a namespace stays; its conditions say why.
    """
    dynamic, spaces = dynamic_client(kube), namespaces(kube, labels, spare)
    removed: dict[str, list[str]] = {"namespaces": spaces} if spaces else {}
    for name in spaces:
        begin(kube, name)
    for resource, item in objects(dynamic, labels):
        meta = item.metadata
        if meta.namespace in spaces or meta.labels["labkit.session"] in spare:
            continue
        where = {"namespace": meta.namespace} if meta.namespace else {}
        ask(partial(resource.delete, name=meta.name, propagation_policy="Background", **where))
        removed.setdefault(resource.name, []).append(meta.name)
    finish(kube, dynamic, spaces)
    return removed


def remove_namespaces(kube: client.ApiClient, names: list[str]) -> None:
    """Removes namespaces by name and waits until they are gone."""
    for name in names:
        begin(kube, name)
    finish(kube, dynamic_client(kube), names)


def begin(kube: client.ApiClient, name: str, grace: int = GRACE) -> None:
    """Marks a namespace for removal, so that nothing new is made in it, and ends its Pods."""
    core = client.CoreV1Api(kube)
    with suppress(Usage):  # "being terminated" already
        ask(lambda: core.delete_namespace(name))
    ask(lambda: core.delete_collection_namespaced_pod(name, grace_period_seconds=grace))


def finish(kube: client.ApiClient, dynamic: DynamicClient, names: list[str]) -> None:
    """Waits until namespaces are gone (about 5 s: Kubernetes lets that long pass before it begins)."""
    for name in names:
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        try:
            wait_kube.wait(dynamic, space, "gone", POLITE_SECONDS)
        except TimedOut:  # the node of a Pod is away: without its word, only force helps
            begin(kube, name, grace=0)
            wait_kube.wait(dynamic, space, "gone", FORCED_SECONDS)
