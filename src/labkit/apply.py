"""Manifests: found by stem, applied server-side, and objects in whatever form made into one."""

from __future__ import annotations

import hashlib
import string
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError
from kubernetes.dynamic.resource import ResourceInstance

from labkit.errors import Missing, Usage
from labkit.home import home, kubeconfig, repo
from labkit.wait_kube import find

MANAGER = "labkit"
SHORT = {
    "deploy": "Deployment",
    "po": "Pod",
    "svc": "Service",
    "ns": "Namespace",
    "hpa": "HorizontalPodAutoscaler",
    "rs": "ReplicaSet",
    "endpointslice": "EndpointSlice",
}


def cache_file() -> str:
    """Where the dynamic client keeps what kinds there are: one file a cluster, since clusters come and go."""
    digest = hashlib.sha256(kubeconfig().read_bytes()).hexdigest()[:12]
    folder = home() / "discovery"
    folder.mkdir(exist_ok=True)
    return str(folder / f"{digest}.json")


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
            or "name" not in o.get("metadata", {})
        ):
            raise Usage(
                f"{path.name} holds something that is no object.", wanted="apiVersion, kind, metadata.name"
            )
    if not objects:
        raise Usage(f"{path.name} is empty.", wanted="at least one object")
    return objects


def apply(dynamic: DynamicClient, path: Path, namespace: str, values: dict[str, Any]) -> Any:
    """Applies all objects of a file, in its order.

    Returns:
        The object, or a list where the file holds several.

    Raises:
        Usage: the API server refuses one of them; its reason is in the error.
    """
    done = []
    for o in read(path, values):
        resource = find(dynamic, o["apiVersion"], o["kind"])
        labels = {**(o["metadata"].get("labels") or {}), **dynamic.client.own_labels}
        body = {**o, "metadata": {**o["metadata"], "labels": labels}}
        where = {"namespace": o["metadata"].get("namespace", namespace)} if resource.namespaced else {}
        try:
            done.append(resource.server_side_apply(body=body, field_manager=MANAGER, **where))
        except (DynamicApiError, ApiException) as e:
            said = e.summary() if isinstance(e, DynamicApiError) else e.reason
            what = f"{o['kind']} {o['metadata']['name']} of {path.name}"
            raise Usage(f"The API server refuses {what}.", found=said) from None
    return done[0] if len(done) == 1 else done


def as_object(lab: Any, thing: Any) -> dict[str, Any]:
    """Any form of an object as a dict with apiVersion, kind and metadata: typed, dynamic, dict, "kind/name".

    Raises:
        Usage: it is none of these.
    """
    if isinstance(thing, str):
        kind, _, name = thing.partition("/")
        kind = SHORT.get(kind.lower(), kind)
        for resource in lab.dynamic.resources.search():
            known = (
                resource.kind.lower(),
                (resource.name or "/").lower(),
            )  # lists and subresources have no name
            if name and kind.lower() in known and "/" not in known[1]:
                where = {"namespace": lab.namespace} if resource.namespaced else {}
                metadata = {"name": name, **where}
                return {"apiVersion": resource.group_version, "kind": resource.kind, "metadata": metadata}
        raise Usage(f"{thing!r} names no object.", wanted='something like "deployment/web"')
    if isinstance(thing, ResourceInstance):
        return thing.to_dict()
    if hasattr(thing, "openapi_types"):  # a model of the typed SDK; a list of them leaves kind empty
        found = lab.kube.sanitize_for_serialization(thing)
        name = type(thing).__name__
        found.setdefault("kind", name.removeprefix("V1").removeprefix("V2"))
        return found
    if isinstance(thing, dict) and thing.get("kind") and thing.get("metadata"):
        return thing
    raise Usage(
        f"{type(thing).__name__} is nothing that can be waited for.", wanted="a container or an object"
    )


def as_resource(dynamic: DynamicClient, found: dict[str, Any]) -> ResourceInstance:
    """A dict as the dynamic client's object, whose fields are attributes."""
    return ResourceInstance(dynamic, found)


def get(dynamic: DynamicClient, found: dict[str, Any]) -> ResourceInstance:
    """Fetches an object again.

    Raises:
        Missing: it is not there.
    """
    meta = found["metadata"]
    try:
        return find(dynamic, found["apiVersion"], found["kind"]).get(
            name=meta["name"], namespace=meta.get("namespace")
        )
    except DynamicApiError as e:
        raise Missing(f"There is no {found['kind']} {meta['name']}.", found=e.summary()) from None
