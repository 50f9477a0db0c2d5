"""Removing what a Lab made, and what killed runs of a stem left: labels say what that is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
from docker.errors import APIError, NotFound
from kubernetes import client
from kubernetes.client import ApiException
from kubernetes.dynamic import DynamicClient

from labkit import apply, engine, wait_kube
from labkit.home import LABEL, kubeconfig, lab_id
from labkit.labelled import kube_client

CLUSTER_SCOPED = ("ClusterRole", "ClusterRoleBinding", "PersistentVolume", "StorageClass", "PriorityClass")
GONE_SECONDS = 90


def things(api: docker.DockerClient, wanted: dict[str, str]) -> dict[str, list[Any]]:
    """The engine's objects with these labels, in the order in which they can be removed."""
    ours = {"label": [f"{k}={v}" for k, v in wanted.items()]}
    return {
        "containers": api.containers.list(all=True, filters=ours, ignore_removed=True),
        "networks": api.networks.list(filters=ours),
        "volumes": api.volumes.list(filters=ours),
        "images": api.images.list(filters=ours),
    }


def selector(wanted: dict[str, str]) -> str:
    """Labels as Kubernetes writes them in a query."""
    return ",".join(f"{k}={v}" for k, v in wanted.items())


def owned(
    api: docker.DockerClient, wanted: dict[str, str], kube: client.ApiClient | None
) -> dict[str, list[str]]:
    """Names of everything that carries these labels, by kind; kinds without any are left out."""
    found = {
        kind: sorted(str(getattr(t, "name", None) or (t.tags[0] if t.tags else t.short_id)) for t in listed)
        for kind, listed in things(api, wanted).items()
    }
    if kube is not None:
        listed = client.CoreV1Api(kube).list_namespace(label_selector=selector(wanted)).items
        found["namespaces"] = sorted(n.metadata.name for n in listed)
    return {kind: names for kind, names in found.items() if names}


def remove(
    api: docker.DockerClient, wanted: dict[str, str], kube: client.ApiClient | None
) -> dict[str, list[str]]:
    """Removes everything that carries these labels; returns what that was, by kind.

    Args:
        api: the engine's client.
        wanted: labels, all of which an object must carry.
        kube: the cluster's client, or None where nothing was made there.
    """
    removed = owned(api, wanted, kube)
    with ThreadPoolExecutor(8) as pool:
        spaces = pool.submit(remove_from_cluster, kube, wanted) if kube is not None else None
        for kind, listed in things(api, wanted).items():
            list(pool.map(lambda thing, kind=kind: remove_thing(api, kind, thing), listed))
        if spaces:
            spaces.result()
    return removed


def remove_thing(api: docker.DockerClient, kind: str, thing: Any) -> None:
    """Removes one object of the engine; that it is gone already is fine."""
    try:
        if kind == "images":
            for tag in thing.tags or [thing.id]:
                api.images.remove(tag, force=True)
        elif kind == "containers":
            thing.remove(force=True, v=True)
        elif kind == "volumes":
            thing.remove(force=True)
        else:
            thing.remove()
    except NotFound:
        pass
    except APIError as e:
        if "already in progress" not in str(e):
            raise


def remove_from_cluster(kube: client.ApiClient, wanted: dict[str, str]) -> None:
    """Removes namespaces, without the Pods' half minute of grace, and objects outside of namespaces."""
    core = client.CoreV1Api(kube)
    names = [n.metadata.name for n in core.list_namespace(label_selector=selector(wanted)).items]
    for name in names:
        core.delete_namespace(name)
        core.delete_collection_namespaced_pod(name, grace_period_seconds=0)
    dynamic = DynamicClient(kube, cache_file=apply.cache_file())
    for kind in CLUSTER_SCOPED:
        resource = wait_kube.find(dynamic, None, kind)
        for item in resource.get(label_selector=selector(wanted)).items:
            resource.delete(name=item.metadata.name)
    for name in names:
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        wait_kube.wait(dynamic, space, "gone", GONE_SECONDS)


def reset(stem: str) -> dict[str, list[str]]:
    """Removes what earlier runs of a stem left, and what a learner made with the plain CLI under its prefix.

    Args:
        stem: such as ``ch01_docker_manages``; names that begin with ``ch01-`` are the stem's.

    Returns:
        What was removed, by kind. An object of another lab is left alone, whatever its name.
    """
    api, prefix = engine.client(), stem.split("_")[0] + "-"
    kube = kube_client({}) if kubeconfig().exists() else None
    removed = remove(api, {LABEL: lab_id(), "labkit.stem": stem}, kube)
    by_hand = {
        "containers": [
            c for c in api.containers.list(all=True, ignore_removed=True) if free(c.labels, c.name, prefix)
        ],
        "networks": [n for n in api.networks.list() if free(n.attrs.get("Labels"), n.name, prefix)],
        "volumes": [v for v in api.volumes.list() if free(v.attrs.get("Labels"), v.name, prefix)],
        "images": [i for i in api.images.list() if any(t.startswith(prefix) for t in i.tags)],
    }
    for kind, listed in by_hand.items():
        for thing in listed:
            names = [t for t in thing.tags if t.startswith(prefix)] if kind == "images" else [thing.name]
            removed.setdefault(kind, []).extend(names)
            if kind == "images":
                for tag in names:
                    api.images.remove(tag)
            else:
                remove_thing(api, kind, thing)
    if kube is not None:
        removed |= reset_namespaces(kube, prefix)
    return {kind: sorted(names) for kind, names in removed.items() if names}


def free(labels: dict[str, str] | None, name: str, prefix: str) -> bool:
    """Whether an object has the stem's prefix and is not another lab's."""
    return name.startswith(prefix) and (labels or {}).get(LABEL, lab_id()) == lab_id()


def reset_namespaces(kube: client.ApiClient, prefix: str) -> dict[str, list[str]]:
    """Removes namespaces that a learner made by hand under the prefix."""
    core = client.CoreV1Api(kube)
    names = [
        n.metadata.name
        for n in core.list_namespace().items
        if free(n.metadata.labels, n.metadata.name, prefix)
    ]
    dynamic = DynamicClient(kube, cache_file=apply.cache_file())
    for name in names:
        try:
            core.delete_namespace(name)
            core.delete_collection_namespaced_pod(name, grace_period_seconds=0)
        except ApiException as e:
            if e.status not in (404, 409):
                raise
        wait_kube.wait(
            dynamic,
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
            "gone",
            GONE_SECONDS,
        )
    return {"namespaces": names} if names else {}
