"""Whether a replica of the course's web application is restarted when it hangs, and only then."""

from __future__ import annotations

from labkit.core.errors import Mismatch, TimedOut
from labkit.lab.lab import Lab
from labkit.observe.containers import Inside
from labkit.observe.services import Address, port_of, reaches, sent_to
from labkit.observe.workloads import listed, restarts
from labkit.wait.conditions import Object


def restarts_within(lab: Lab, one: Address, before: int, seconds: float) -> bool:
    """Whether a Pod's container is started again.

    Args:
        lab: whose.
        one: the Pod's address.
        before: how often it had been.
        seconds: how long that may take.
    """
    try:
        lab.wait(f"pod/{one.pod}", lambda p: restarts([p])[one.uid] > before, timeout=seconds)
    except TimedOut:
        return False
    return True


def restarted(lab: Lab, one: Address, before: int, seconds: float) -> None:
    """Waits until a replica that hangs was restarted and is ready again.

    A probe that could take longer is not given the chance to be quick by luck.

    Args:
        lab: whose.
        one: its Pod's address.
        before: how often it had been restarted.
        seconds: how long that may take.

    Raises:
        Mismatch: it is not restarted.
        TimedOut: it was, and is not ready.
    """
    probe = probe_of(lab, one)
    if (probe and slowest(probe) > seconds) or not restarts_within(lab, one, before, seconds):
        message = f"A replica that hangs is not restarted within {seconds:g} s."
        raise Mismatch(message, hint=unseen(probe))
    lab.wait(f"pod/{one.pod}", "Ready", timeout=60)


def slowest(probe: Object) -> float:
    """Seconds until a probe has failed, if the replica hangs at the worst moment: just after an answer."""
    period, answer = probe["periodSeconds"], probe["timeoutSeconds"]
    return period + (probe["failureThreshold"] - 1) * max(period, answer) + answer


def left_alone(lab: Lab, one: Address, before: int) -> None:
    """A replica that lives and is not ready is not restarted, though its probe asks once more.

    Args:
        lab: whose.
        one: its Pod's address.
        before: how often it had been restarted.

    Raises:
        Mismatch: it is.
    """
    probe = probe_of(lab, one) or {}
    if restarts_within(lab, one, before, probe.get("periodSeconds", 1) + probe.get("timeoutSeconds", 1)):
        hint = "What were both probes asked? A restart does not change every no."
        raise Mismatch("A replica that lives and is not ready is restarted, too.", hint=hint)


def probe_of(lab: Lab, one: Address) -> Object | None:
    """The liveness probe of a Pod's container; None if it has none, or the Pod is gone."""
    found = [p for p in listed(lab, "Pod") if p["metadata"]["uid"] == one.uid]
    return found[0]["spec"]["containers"][0].get("livenessProbe") if found else None


def unseen(probe: Object | None) -> str:
    """Why nobody sees that a replica hangs."""
    if not probe:
        return "Who asks whether it is alive?"
    if "tcpSocket" in probe:
        return "The kernel accepts a connection even if the program behind it does nothing any more."
    if "exec" in probe:
        return "Does the command ask the process that serves, or only whether there is one?"
    return "How often is it asked, how long may an answer take, and how many misses does it take?"


def taken_out(
    lab: Lab, inside: Inside, service: Object, number: int, one: Address, timeout: float = 10
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


def where_to_look(lab: Lab, uid: str, timeout: float) -> str:
    """What may be wrong with how a Pod is asked whether it is ready."""
    pods = [p for p in listed(lab, "Pod") if p["metadata"]["uid"] == uid]
    probes = [b["readinessProbe"] for p in pods for b in p["spec"]["containers"] if b.get("readinessProbe")]
    if not probes:
        return "Who asks a replica whether it is ready?"
    if any(p["periodSeconds"] * p["failureThreshold"] > timeout for p in probes):
        return "How often is a replica asked, and how many noes does it take?"
    return "What is a replica asked? What does it answer there, when it is not ready?"
