"""Removing what a Lab made, and what killed runs of a stem left: labels say what that is.

Labels are inherited from images, so what somebody makes out of an image that a Lab built carries the Lab's
labels as well. It is told apart by `BUILT`, which only images have, and is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import docker
import requests
from docker.errors import APIError, ImageNotFound, NotFound
from docker.models.images import Image
from kubernetes import client

from labkit.core.errors import EngineUnavailable, NotOurs, root
from labkit.core.paths import REGISTRY
from labkit.lab import cleanup_kube
from labkit.lab.clients import BUILT
from labkit.wait import containers as wait_docker

REMOVAL_SECONDS = 30
IN_USE = "Not everything could be removed, for somebody else uses it."


def prefix_of(stem: str) -> str:
    """What names of a stem begin with, such as ``ch01-``."""
    return stem.split("_")[0] + "-"


def has_prefix(name: str, prefix: str) -> bool:
    """Whether a name, or an image's name in our registry, begins so."""
    return name.removeprefix(f"{REGISTRY}/").startswith(prefix)


@contextmanager
def engine_errors() -> Iterator[None]:
    """An engine that goes away in this block is told as that.

    Raises:
        EngineUnavailable: it went away.
    """
    try:
        yield
    except requests.exceptions.RequestException as e:
        raise EngineUnavailable("The Docker daemon went away.", found=root(e), fix="make up") from None


def things(
    api: docker.DockerClient, labels: dict[str, str], spare: Collection[str] = ()
) -> dict[str, list[Any]]:
    """The engine's objects with these labels, in the order in which they can be removed.

    Args:
        api: the engine's client.
        labels: all of which an object must carry.
        spare: sessions whose objects are not wanted.
    """
    ours: dict[str, Any] = {"label": [f"{k}={v}" for k, v in labels.items()]}
    prefix = prefix_of(labels["labkit.stem"])
    containers = api.containers.list(all=True, filters=ours, ignore_removed=True)
    images = images_of(api, filters=ours)
    by_kind: dict[str, list[Any]] = {
        "containers": [c for c in containers if not c.labels.get(BUILT) or has_prefix(c.name or "", prefix)],
        "networks": api.networks.list(filters=ours),
        "volumes": api.volumes.list(filters=ours),
        "images": children_first([i for i in images if own_tags(i, prefix) or not i.tags]),
    }
    return {kind: [t for t in listed if session_of(t) not in spare] for kind, listed in by_kind.items()}


def children_first(images: list[Image]) -> list[Image]:
    """Images in the order in which they can be removed: what was committed from another goes before it."""
    parents = {i.id: i.attrs.get("Parent") for i in images}

    def depth(image: Image) -> int:
        steps, above = 0, parents[image.id]
        while above in parents:
            steps, above = steps + 1, parents[above]
        return steps

    return sorted(images, key=depth, reverse=True)


def session_of(thing: Any) -> str | None:
    """The run that made a container, network, volume or image."""
    session: str | None = labels_of(thing).get("labkit.session")
    return session


def labels_of(thing: Any) -> dict[str, str]:
    """The labels of a container, network, volume or image: docker-py has no attribute for them all."""
    return getattr(thing, "labels", None) or thing.attrs.get("Labels") or {}


def images_of(api: docker.DockerClient, **query: Any) -> list[Image]:
    """As ``api.images.list``, which fails when an image goes away between its listing and its inspection."""
    images = []
    for listed in api.api.images(**query):
        try:
            images.append(api.images.get(listed["Id"]))
        except ImageNotFound:
            continue
    return images


def own_tags(image: Image, prefix: str) -> list[str]:
    """An image's tags that the stem gave it; others are those of whoever gave them, or built upon it."""
    return [t for t in image.tags if has_prefix(t, prefix) or t == image.labels.get(BUILT)]


def name_of(thing: Any, prefix: str) -> str:
    """What a thing is called in listings."""
    tags = own_tags(thing, prefix) if hasattr(thing, "tags") else []
    return str(getattr(thing, "name", None) or (tags[0] if tags else thing.short_id))


def owned(
    api: docker.DockerClient,
    labels: dict[str, str],
    kube: client.ApiClient | None,
    spare: Collection[str] = (),
) -> dict[str, list[str]]:
    """Names of everything that carries these labels, by kind; kinds without any are left out.

    Raises:
        EngineUnavailable: the daemon went away.
        ClusterUnavailable: the API server does not answer.
    """
    prefix = prefix_of(labels["labkit.stem"])
    with engine_errors():
        names_of = {
            kind: sorted(name_of(t, prefix) for t in listed)
            for kind, listed in things(api, labels, spare).items()
        }
    if kube is not None:
        names_of["namespaces"] = cleanup_kube.namespaces(kube, labels, spare)
    return {kind: names for kind, names in names_of.items() if names}


def remove(
    api: docker.DockerClient,
    labels: dict[str, str],
    kube: client.ApiClient | None,
    spare: Collection[str] = (),
) -> dict[str, list[str]]:
    """Removes everything that carries these labels; returns what that was, by kind.

    Args:
        api: the engine's client.
        labels: all of which an object must carry.
        kube: the cluster's client, or None where nothing was made there.
        spare: sessions whose objects stay.

    Raises:
        NotOurs: something could not be removed, for somebody else uses it; all else is gone.
        EngineUnavailable: the daemon went away.
        ClusterUnavailable: the API server does not answer; the engine's objects are gone.
    """
    prefix = prefix_of(labels["labkit.stem"])
    removed: dict[str, list[str]] = {}
    refusals: list[str] = []
    with ThreadPoolExecutor(8) as pool:
        cluster: Future[dict[str, list[str]]] | None = (
            pool.submit(cleanup_kube.remove, kube, labels, spare) if kube is not None else None
        )
        with engine_errors():
            for kind, listed in things(api, labels, spare).items():
                # two removals of an image and of its parent disturb each other, so images go one by one
                run = map if kind == "images" else pool.map
                reasons = list(run(partial(remove_thing, api, kind, prefix), listed))
                names = [(name_of(t, prefix), why) for t, why in zip(listed, reasons, strict=True)]
                removed[kind] = sorted(name for name, why in names if not why)
                refusals += [f"{kind.removesuffix('s')} {name}: {why}" for name, why in names if why]
        removed |= cluster.result() if cluster else {}
    if refusals:
        raise NotOurs(
            IN_USE,
            found="; ".join(refusals),
            fix=f"remove what uses it, then: labkit reset {prefix.rstrip('-')}",
        )
    return {kind: names for kind, names in removed.items() if names}


def remove_thing(api: docker.DockerClient, kind: str, prefix: str, thing: Any) -> str | None:
    """Removes one object of the engine; that it is gone already, or is going, is fine.

    Returns:
        None, or why the engine refuses.
    """
    try:
        if kind == "images":
            for tag in own_tags(thing, prefix) or [thing.id]:
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
        # a forced removal of a container conflicts with one thing alone: with another removal of it
        if kind != "containers" or e.status_code != requests.codes.conflict:
            return e.explanation or str(e)
        wait_docker.wait(thing, "removed", REMOVAL_SECONDS)
    return None
