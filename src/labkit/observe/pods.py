"""What a Pod is as it runs: its images' bytes, its resources, its restarts."""

from __future__ import annotations

from decimal import Decimal

from kubernetes.utils import parse_quantity

from labkit.wait.conditions import Object, status_of
from labkit.core.errors import Mismatch


def image_ids(pod: Object) -> set[str]:
    """The images that its containers really run, whatever their names."""
    return {status["imageID"] for status in status_of(pod).get("containerStatuses") or []}


def stated(pod: Object, kind: str, what: str) -> Decimal | None:
    """What its containers state together, or it as a whole, which comes first; None if nothing.

    Args:
        pod: as the API server has it, with the defaults of its namespace.
        kind: requests or limits.
        what: cpu or memory.
    """
    for parts in ([pod["spec"]], pod["spec"]["containers"]):
        told = [(part.get("resources") or {}).get(kind) or {} for part in parts]
        if values := [parse_quantity(one[what]) for one in told if what in one]:
            return sum(values, Decimal(0))
    return None


def same(what: str, wanted: str, found: Decimal | None, hint: str | None = None) -> None:
    """Holds a quantity of a replica against what was asked for, however both are spelled.

    Args:
        what: the quantity in words.
        wanted: what was asked for, such as ``128Mi``.
        found: what is stated; None if nothing.
        hint: where to look if it is another.

    Raises:
        Mismatch: it is another, or none.
    """
    if found is None:
        raise Mismatch(f"A replica has no {what}.", wanted=wanted)
    if found != parse_quantity(wanted):
        raise Mismatch(f"A replica has another {what}.", wanted=wanted, found=found, hint=hint)


def restarts(pods: list[Object]) -> dict[str, int]:
    """How often the containers of each Pod were started again, by the Pod's uid."""
    return {
        pod["metadata"]["uid"]: sum(s["restartCount"] for s in status_of(pod).get("containerStatuses") or [])
        for pod in pods
    }
