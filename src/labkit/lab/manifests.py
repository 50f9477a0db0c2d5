"""Manifests: found by stem, applied server-side, and objects in whatever form made into one."""

from __future__ import annotations

import re
import string
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import yaml
from kubernetes.client import ApiClient
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.resource import ResourceInstance, ResourceList

from labkit.core.errors import Usage
from labkit.core.kube import ask, find
from labkit.core.paths import repo
from labkit.wait.conditions import Object

MANAGER = "labkit"
TYPED = re.compile(r"^(Core)?V\d+((alpha|beta)\d+)?")
"""What the typed SDK puts before a kind in the names of its models."""


class Cluster(Protocol):
    """What is asked of a Lab to find an object: its clients, and the namespace where nothing names one."""

    @property
    def kube(self) -> ApiClient:
        """The SDK's client."""
        ...

    @property
    def dynamic(self) -> DynamicClient:
        """The SDK's dynamic client."""
        ...

    @property
    def namespace(self) -> str:
        """The Lab's own namespace."""
        ...


def locate(stem: str, manifest: str | Path) -> Path:
    """The manifest's path: as given, else below ``k8s/<stem>/``.

    Raises:
        Usage: it is in neither place.
    """
    own = repo() / "k8s" / stem / manifest
    for path in (own, Path(manifest)):
        if path.is_file():
            return path
    there = sorted(p.name for p in own.parent.glob("*.yaml")) if own.parent.is_dir() else []
    raise Usage(
        f"There is no manifest {manifest}.", wanted=f"one of k8s/{stem}/: {', '.join(there) or 'none'}"
    )


def read(path: Path, values: dict[str, Any]) -> list[dict[str, Any]]:
    """The objects of a manifest, ``${NAME}`` replaced.

    Raises:
        Usage: it is no YAML, has no kind or name, or a value is missing.
    """
    try:
        text = string.Template(path.read_text()).substitute(values) if values else path.read_text()
        objects = [o for o in yaml.safe_load_all(text) if o]
    except (yaml.YAMLError, KeyError, ValueError) as e:
        raise Usage(f"{path.name} cannot be read.", found=e) from None
    for o in objects:
        if (
            not isinstance(o, dict)
            or not o.get("kind")
            or not o.get("apiVersion")
            or "name" not in (o.get("metadata") or {})
        ):
            raise Usage(
                f"{path.name} holds something that is no object.", wanted="apiVersion, kind, metadata.name"
            )
    if not objects:
        raise Usage(f"{path.name} is empty.", wanted="at least one object")
    return objects


def apply(
    dynamic: DynamicClient, path: Path, namespace: str, values: dict[str, Any], force: bool = False
) -> Any:
    """Applies all objects of a file, in its order, server-side.

    Args:
        dynamic: the client.
        path: the manifest.
        namespace: where objects go that name no namespace.
        values: for ``${NAME}`` in the file.
        force: take over fields that another manager owns.

    Returns:
        The object, or a list where the file holds several.

    Raises:
        Usage: the API server refuses one of them; its reason is in the error.
        ClusterUnavailable: it does not answer.
    """
    objects = []
    for o in read(path, values):
        resource = find(dynamic, o["apiVersion"], o["kind"])
        labels = {**(o["metadata"].get("labels") or {}), **dynamic.client.own_labels}
        body = {**o, "metadata": {**o["metadata"], "labels": labels}}
        how: dict[str, Any] = {"field_manager": MANAGER, "force_conflicts": force or None}
        if resource.namespaced:
            how["namespace"] = o["metadata"].get("namespace", namespace)
        try:
            applied = ask(partial(resource.server_side_apply, body=body, **how))
        except Usage as e:
            what = f"{o['kind']} {o['metadata']['name']} of {path.name}"
            raise Usage(f"The API server refuses {what}.", found=e.found) from None
        if applied is None:
            raise Usage(f"There is no namespace {how.get('namespace')} for {o['kind']} of {path.name}.")
        objects.append(applied)
    return objects[0] if len(objects) == 1 else objects


def as_object(lab: Cluster, thing: Any) -> Object:
    """Any form of an object as a dict with apiVersion, kind and metadata: typed, dynamic, dict, "kind/name".

    Raises:
        Usage: it is none of these, or the cluster has no such kind.
    """
    if isinstance(thing, str):
        return named(lab, thing)
    if isinstance(thing, ResourceInstance):
        plain: Object = thing.to_dict()
        return plain
    if hasattr(thing, "openapi_types"):  # a model of the typed SDK; those out of a list lack kind and version
        o: Object = lab.kube.sanitize_for_serialization(thing)
        o.setdefault("kind", TYPED.sub("", type(thing).__name__))
    elif isinstance(thing, dict) and thing.get("kind") and (thing.get("metadata") or {}).get("name"):
        o = {**thing, "metadata": {**thing["metadata"]}}
    else:
        what = type(thing).__name__
        raise Usage(f"{what} is nothing that can be waited for.", wanted="a container or an object")
    resource = find(lab.dynamic, o.get("apiVersion"), o["kind"])
    if resource.namespaced:
        o["metadata"].setdefault("namespace", lab.namespace)
    return o


def named(lab: Cluster, text: str) -> Object:
    """The object that ``kind/name`` names, the kind as kubectl takes it: deployment, deployments, deploy.

    Raises:
        Usage: it names none.
    """
    kind, _, name = text.partition("/")
    kind = kind.lower()
    for resource in lab.dynamic.resources.search(preferred=True):  # the core group comes first
        if isinstance(resource, ResourceList):
            continue
        if name and kind in (resource.kind.lower(), resource.name, *(resource.short_names or ())):
            where = {"namespace": lab.namespace} if resource.namespaced else {}
            metadata = {"name": name, **where}
            return {"apiVersion": resource.group_version, "kind": resource.kind, "metadata": metadata}
    raise Usage(f"{text!r} names no object.", wanted='something like "deployment/web"')
