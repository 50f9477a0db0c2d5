"""A chapter back at its start: what killed runs left, and what a learner made by hand under its prefix."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import docker
from kubernetes import client

from labkit.core import engine
from labkit.core.errors import NotOurs
from labkit.core.kube import ask
from labkit.core.labels import LABEL
from labkit.core.labels import labels as run_labels
from labkit.core.paths import kubeconfig, lab_id
from labkit.lab import cleanup_kube, sessions
from labkit.lab.cleanup import (
    IN_USE,
    engine_errors,
    has_prefix,
    images_of,
    labels_of,
    name_of,
    prefix_of,
    remove,
    remove_thing,
)
from labkit.lab.clients import docker_client, kube_client
from labkit.lab.private_engine import reached
from labkit.lab.workspace import Workspace

LEFT = "left alone"
"""The kind under which `reset` names what has the stem's prefix and is another lab's."""


def reset(stem: str) -> dict[str, list[str]]:
    """Removes what earlier runs of a stem left, and what a learner made with the plain CLI under its prefix.

    Args:
        stem: such as ``ch01_docker_manages``; names that begin with ``ch01-`` are the stem's.

    Returns:
        What was removed, by kind and, under `LEFT`, what was not: an object of another lab, or of a run that
        goes on (a proof, a grading), is left alone, whatever its name.

    Raises:
        NotOurs: something could not be removed, for somebody else uses it.
        EngineUnavailable: no Docker daemon answers.
        ClusterUnavailable: there is a cluster and it does not answer; the engine's objects are gone.
    """
    labels, prefix = {LABEL: lab_id(), "labkit.stem": stem}, prefix_of(stem)
    spare, api = sessions.sessions(), engine.client()
    try:
        with engine_errors():
            removed = remove(api, labels, None, spare)
            by_hand, others = named(api, prefix, spare)
            removed, refusals = remove_all(api, by_hand, prefix, removed)
    finally:
        api.close()
    if kubeconfig().exists():
        kube = kube_client({})
        removed |= cleanup_kube.remove(kube, labels, spare)
        spaces, other_spaces = named_namespaces(kube, prefix, spare)
        cleanup_kube.remove_namespaces(kube, spaces)
        removed["namespaces"] = removed.get("namespaces", []) + spaces
        others += other_spaces
    if refusals:
        raise NotOurs(
            IN_USE, found="; ".join(refusals), fix=f"remove what uses it, then: labkit reset {stem}"
        )
    return {kind: sorted(names) for kind, names in {**removed, LEFT: others}.items() if names}


def reset_workspace(workspace: Workspace) -> dict[str, list[str]]:
    """Removes what an exercise made in one workspace; on an engine of its own also what has the prefix.

    Returns:
        What was removed: kind of object → names, sorted.

    Raises:
        NotOurs: something could not be removed, for somebody else uses it.
    """
    labels, prefix = run_labels(workspace.stem, "exercise", workspace.session), prefix_of(workspace.stem)
    kubeconfig_of = workspace.kubeconfig or str(kubeconfig())
    kube = kube_client({}, kubeconfig_of) if Path(kubeconfig_of).exists() else None
    api = docker_client({}, **(reached(workspace.engine) if workspace.engine else {}))
    try:
        with engine_errors():
            removed, refusals = remove(api, labels, kube), list[str]()
            if workspace.engine:
                removed, refusals = remove_all(api, named(api, prefix)[0], prefix, removed)
    finally:
        api.close()
    if refusals:
        raise NotOurs(IN_USE, found="; ".join(refusals), fix="remove what uses it, then again")
    return {kind: sorted(names) for kind, names in removed.items() if names}


def named(
    api: docker.DockerClient, prefix: str, spare: Collection[str] = ()
) -> tuple[dict[str, list[Any]], list[str]]:
    """The engine's objects that have a prefix: what may be removed by kind, and what is somebody else's."""
    listed: dict[str, list[tuple[Any, dict[str, str] | None]]] = {
        "containers": [
            (c, labels_of(c))
            for c in api.containers.list(all=True, ignore_removed=True)
            if has_prefix(c.name or "", prefix)
        ],
        "networks": [
            (n, n.attrs.get("Labels")) for n in api.networks.list() if has_prefix(n.name or "", prefix)
        ],
        "volumes": [(v, labels_of(v)) for v in api.volumes.list() if has_prefix(v.name, prefix)],
        "images": [(i, labels_of(i)) for i in images_of(api) if any(has_prefix(t, prefix) for t in i.tags)],
    }
    free = {kind: [t for t, labels in pairs if is_free(labels, spare)] for kind, pairs in listed.items()}
    others = [
        f"{kind.removesuffix('s')} {name_of(t, prefix)}"
        for kind, pairs in listed.items()
        for t, labels in pairs
        if not is_free(labels, spare)
    ]
    return free, others


def named_namespaces(
    kube: client.ApiClient, prefix: str, spare: Collection[str] = ()
) -> tuple[list[str], list[str]]:
    """Namespaces that have a prefix: those that may be removed, and those of somebody else."""
    listed = ask(client.CoreV1Api(kube).list_namespace)
    metadata: list[Any] = [n.metadata for n in listed.items] if listed else []
    prefixed = [m for m in metadata if m.name.startswith(prefix)]
    others = [f"namespace {m.name}" for m in prefixed if not is_free(m.labels, spare)]
    return [m.name for m in prefixed if is_free(m.labels, spare)], others


def remove_all(
    api: docker.DockerClient, by_hand: dict[str, list[Any]], prefix: str, removed: dict[str, list[str]]
) -> tuple[dict[str, list[str]], list[str]]:
    """Removes objects one by one; returns all that was removed, and what the engine refuses to remove."""
    refusals = []
    for kind, listed in by_hand.items():
        for thing in listed:
            name = name_of(thing, prefix)
            if why := remove_thing(api, kind, prefix, thing):
                refusals.append(f"{kind.removesuffix('s')} {name}: {why}")
            else:
                removed.setdefault(kind, []).append(name)
    return removed, refusals


def is_free(labels: dict[str, str] | None, spare: Collection[str] = ()) -> bool:
    """Whether an object is this lab's or of no lab at all, and of no run that goes on."""
    labels = labels or {}
    return labels.get(LABEL, lab_id()) == lab_id() and labels.get("labkit.session") not in spare
