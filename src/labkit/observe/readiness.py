"""Whether a replica of the course's web application is left alone while it says that it is not ready."""

from __future__ import annotations

from typing import Any

from labkit.wait.conditions import Object
from labkit.core.errors import Mismatch
from labkit.observe.containers import Inside
from labkit.observe.workloads import listed
from labkit.observe.services import Address, port_of, reaches, sent_to


def taken_out(
    lab: Any, inside: Inside, service: Object, number: int, one: Address, timeout: float = 10
) -> None:
    """Has a replica say that it is not ready: it must get no more requests, and live on; then ready again.

    Args:
        lab: whose.
        inside: the helper Pod that talks to it.
        service: as the API server has it.
        number: of the Service's port that is meant.
        one: the replica's address.
        timeout: seconds that it may take.

    Raises:
        Mismatch: it still gets requests, or was restarted.
    """
    name, base = port_of(service, number).get("name"), f"http://{one.ip}:{one.port}"
    try:
        inside.http(f"{base}/unready", method="POST", data="")
        out, _ = reaches(lab, service, name, lambda now: one.uid not in sent_to(now), timeout)
        still = inside.http(f"{base}/readyz")[0]
    finally:
        inside.http(f"{base}/ready", method="POST", data="")
    if still.status != 503:
        hint = "Which of its probes restarts a container, and which takes it out of the traffic?"
        raise Mismatch("A replica that was not ready was restarted.", hint=hint)
    if not out:
        hint = "Does the Service heed what its Pods say?"
        if not service["spec"].get("publishNotReadyAddresses"):
            hint = where_to_look(lab, one.uid, timeout)
        raise Mismatch("A replica that is not ready still gets requests.", hint=hint)


def where_to_look(lab: Any, uid: str, timeout: float) -> str:
    """What may be wrong with how a Pod is asked whether it is ready."""
    pods = [p for p in listed(lab, "Pod") if p["metadata"]["uid"] == uid]
    probes = [b["readinessProbe"] for p in pods for b in p["spec"]["containers"] if b.get("readinessProbe")]
    if not probes:
        return "Who asks a replica whether it is ready?"
    if any(p["periodSeconds"] * p["failureThreshold"] > timeout for p in probes):
        return "How often is a replica asked, and how many noes does it take?"
    return "What is a replica asked? What does it answer there, when it is not ready?"
