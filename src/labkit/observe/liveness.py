"""Whether a replica of the course's web application is restarted when it hangs, and only then."""

from __future__ import annotations

from typing import Any

from labkit.wait.conditions import Object
from labkit.core.errors import Mismatch, TimedOut
from labkit.observe.workloads import listed
from labkit.observe.pods import restarts
from labkit.observe.services import Address


def restarts_within(lab: Any, one: Address, before: int, seconds: float) -> bool:
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


def restarted(lab: Any, one: Address, before: int, seconds: float) -> None:
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


def left_alone(lab: Any, one: Address, before: int) -> None:
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


def probe_of(lab: Any, one: Address) -> Object | None:
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
