"""What it means that an object of the cluster is ready, complete, or there no more: read from its status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from labkit.core.errors import Mismatch, Usage

Object = dict[str, Any]
"""An object of the cluster as the API server sends it, keys as in its JSON."""

ROLLOUTS = {
    "Deployment": ("replicas", "updatedReplicas", "availableReplicas"),
    "StatefulSet": ("replicas", "updatedReplicas", "availableReplicas"),
    "ReplicaSet": ("replicas", "availableReplicas"),
    "ReplicationController": ("replicas", "availableReplicas"),
    "DaemonSet": ("updatedNumberScheduled", "numberAvailable"),
}
"""The counts of a status that must all be what was asked for when a rollout is complete."""


def status_of(o: Object | None) -> Object:
    """The status; empty where there is none."""
    return (o or {}).get("status") or {}


def observed(o: Object) -> bool:
    """Whether the controller has seen the object as it is now; yes for kinds that do not say."""
    seen = status_of(o).get("observedGeneration")
    return seen is None or seen >= o["metadata"].get("generation", 0)


def has(kind: str) -> Callable[[Object | None], bool]:
    """Whether the status has a condition of this type that is true, for the object as it is now."""

    def test(o: Object | None) -> bool:
        conditions = status_of(o).get("conditions") or []
        is_true = any(c["type"] == kind and c["status"] == "True" for c in conditions)
        return o is not None and is_true and observed(o)

    return test


def is_complete(o: Object | None) -> bool:
    """A Job that has completed; a rollout whose replicas are all new and available, with no old one left.

    Raises:
        Mismatch: the Job has failed.
        Usage: its kind has no rollout.
    """
    if o is None:
        return False
    if o["kind"] == "Job":
        return is_done(o)
    if o["kind"] not in ROLLOUTS:
        raise Usage(
            f"{o['kind']} has no rollout that is ever complete.", wanted=f"Job, {', '.join(ROLLOUTS)}"
        )
    status = status_of(o)
    if o["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
    else:
        wanted = (o.get("spec") or {}).get("replicas", 1)
    counts = {status.get(count, 0) for count in ROLLOUTS[o["kind"]]}
    return "observedGeneration" in status and observed(o) and counts == {wanted}


def is_done(o: Object | None) -> bool:
    """A Job that has completed.

    Raises:
        Mismatch: it has failed, and will not be complete any more.
    """
    if o is None:
        return False
    for c in status_of(o).get("conditions") or []:
        if c["type"] == "Failed" and c["status"] == "True":
            why = f"{c.get('reason')}: {c.get('message')}"
            raise Mismatch(f"The Job {o['metadata']['name']} has failed.", wanted="Complete", found=why)
    return has("Complete")(o)


def ready_endpoints(o: Object | None) -> int:
    """Ready endpoints of an EndpointSlice, or of all slices of a Service (a list, with ``items``).

    A Service with two families of addresses has each endpoint twice; it counts once.
    """
    slices = (o or {}).get("items", [o] if o else [])
    families: Counter[str] = Counter()
    for part in slices:
        for endpoint in part.get("endpoints") or []:
            ready = (endpoint.get("conditions") or {}).get("ready") is not False  # absent means yes
            families[part.get("addressType", "")] += ready
    return max(families.values(), default=0)


NAMED: dict[str, Callable[[Object | None], bool]] = {"complete": is_complete, "gone": lambda o: o is None}
"""Conditions that are no condition type of a status."""
