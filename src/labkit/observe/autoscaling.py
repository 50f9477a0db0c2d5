"""A Deployment's autoscaler: what it is told, what it measures, and whether it acts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kubernetes.utils import parse_quantity

from labkit.core.errors import BrokenEnvironment, Mismatch, Missing, TimedOut
from labkit.lab.lab import Lab
from labkit.observe.workloads import listed, rolled_out, stated
from labkit.wait.conditions import Object, status_of

TOLERANCE = Decimal("1.1")
"""Within a tenth of its target an autoscaler changes nothing (Kubernetes, Horizontal Pod Autoscaling)."""


def scalers(lab: Lab, deployment: str) -> list[Object]:
    """The autoscalers whose target is a Deployment of this name."""
    return [s for s in listed(lab, "HorizontalPodAutoscaler") if aim(s) == f"Deployment {deployment}"]


def aim(scaler: Object) -> str:
    """Whose number of replicas an autoscaler sets: kind and name."""
    return "{kind} {name}".format(**scaler["spec"]["scaleTargetRef"])


def bounds(scaler: Object) -> tuple[int, int]:
    """The fewest and the most replicas that it may set."""
    return scaler["spec"].get("minReplicas", 1), scaler["spec"]["maxReplicas"]


def between(scaler: Object, least: int, most: int) -> None:
    """Holds the bounds of an autoscaler against those of a plan.

    Raises:
        Mismatch: they are others.
    """
    low, high = bounds(scaler)
    difference: dict[str, Any] = {"wanted": f"{least} to {most}", "found": f"{low} to {high}"}
    if low == high:
        no_choice = "Between two equal bounds there is nothing to choose."
        raise Mismatch("The bounds of the autoscaler leave it no choice.", hint=no_choice, **difference)
    if (low, high) != (least, most):
        hint = "More at all times is not what an autoscaler is for." if low > least else None
        raise Mismatch("The bounds of the autoscaler are not those of the plan.", hint=hint, **difference)


def keeps(lab: Lab, deployment: Object, least: int, most: int) -> None:
    """Holds the number of replicas asked for: the least, or what an autoscaler sets from there to the most.

    Raises:
        Mismatch: another number is asked for, or might be set.
        TimedOut: the autoscaler has not set it.
    """
    name, count = deployment["metadata"]["name"], deployment["spec"].get("replicas", 1)
    if found := scalers(lab, name):
        low, high = bounds(found[0])
        if low != least or high > most:
            difference: dict[str, Any] = {"wanted": f"{least} to {most}", "found": f"{low} to {high}"}
            raise Mismatch(f"The autoscaler of `{name}` may leave the bounds.", **difference)
        lab.wait(deployment, lambda now: low <= now["spec"]["replicas"] <= high, timeout=40)
    elif count != least:
        hint = "One is what a Deployment keeps when nobody says how many." if count == 1 else None
        message = f"`{name}` is told to keep another number of replicas."
        raise Mismatch(message, wanted=f"{least} replicas", found=count, hint=hint)


def scaler_of(lab: Lab, deployment: str) -> Object:
    """The one autoscaler of a Deployment.

    Raises:
        Missing: there is none.
        Mismatch: there are several, or what there is has another target.
    """
    found = scalers(lab, deployment)
    if len(found) > 1:
        hint = "Each of them would set the number, and Kubernetes lets neither."
        raise Mismatch(f"`{deployment}` has more than one autoscaler.", wanted=1, found=len(found), hint=hint)
    if found:
        return found[0]
    if others := [s for s in listed(lab, "HorizontalPodAutoscaler") if s["metadata"]["name"] == deployment]:
        hint = "Whose number is it to set? Its condition AbleToScale says what it could not find."
        wanted = f"Deployment {deployment}"
        raise Mismatch("The autoscaler scales another thing.", wanted=wanted, found=aim(others[0]), hint=hint)
    raise Missing(f"No autoscaler has `{deployment}` as its target.")


def cpu_target(scaler: Object, request: Decimal | None) -> Decimal:
    """The CPU of a Pod at which an autoscaler is content, as a share of its request.

    Args:
        scaler: as the API server has it.
        request: what a Pod requests.

    Raises:
        Mismatch: it goes by something else, or there is no request to take a share of.
    """
    for metric in scaler["spec"].get("metrics") or []:
        by = metric.get("resource") or metric.get("containerResource") or {}
        if by.get("name") != "cpu":
            hint = "Who would measure that? metrics-server knows CPU and memory of Pods, and nothing else."
            found = by.get("name") or metric["type"]
            raise Mismatch("The autoscaler does not go by CPU alone.", wanted="cpu", found=found, hint=hint)
        if request is None:
            hint = "A percentage of what? Its condition ScalingActive says what is missing."
            raise Mismatch("The Pods request no CPU.", found="none", hint=hint)
        if share := by["target"].get("averageUtilization"):
            return Decimal(share) / 100
        return parse_quantity(by["target"]["averageValue"]) / request
    raise Mismatch("The autoscaler measures nothing.")


def reading(scaler: Object, request: Decimal) -> Decimal | None:
    """The CPU of a Pod that an autoscaler saw last, as a share of its request; None if it saw none."""
    for metric in status_of(scaler).get("currentMetrics") or []:
        now = (metric.get("resource") or metric.get("containerResource") or {}).get("current") or {}
        if "averageValue" in now:
            return parse_quantity(now["averageValue"]) / request
    return None


def scales_up(lab: Lab, deployment: str, scaler: Object, target: Decimal, timeout: float = 100) -> None:
    """Waits until a Deployment has more than one ready replica, and its autoscaler wants them.

    Raises:
        Mismatch: what it measures is not enough, seen twice; or a Pod cannot come up.
        BrokenEnvironment: ready Pods that state their request were not measured.
        TimedOut: it did not act in time; its conditions say why.
    """
    requests = [stated(p, "requests", "cpu") for p in rolled_out(lab, deployment)]
    if None in requests:
        raise Mismatch("The Pods request no CPU.", found="none")
    request = min(r for r in requests if r is not None)
    low: list[Decimal] = []

    def wants_more(now: Object) -> bool:
        status = status_of(now)
        true = {c["type"] for c in status.get("conditions") or [] if c["status"] == "True"}
        if {"AbleToScale", "ScalingActive"} <= true and status.get("desiredReplicas", 0) > 1:
            return True
        share = reading(now, request) if "ScalingActive" in true else None
        if share is not None and share <= target * TOLERANCE:
            low.append(share)
        if len(low) > 1:
            raise too_little(low[-1], target)
        return False

    try:
        lab.wait(scaler, wants_more, timeout=timeout)
    except TimedOut as e:
        raise (too_little(low[-1], target) if low else unmeasured(lab, deployment) or e) from None
    lab.wait(f"deployment/{deployment}", lambda now: now["spec"]["replicas"] > 1, timeout=20)
    rolled_out(lab, deployment)


def unmeasured(lab: Lab, deployment: str) -> BrokenEnvironment | None:
    """Whether an autoscaler that goes by its Pods' CPU still has no reading: the lab's fault alone."""
    for scaler in scalers(lab, deployment):
        for c in status_of(scaler).get("conditions") or []:
            if c["type"] == "ScalingActive" and c.get("reason") == "FailedGetResourceMetric":
                fix = "run it again; if it stays so: make doctor"
                return BrokenEnvironment("Nobody has measured the Pods.", found=c.get("message"), fix=fix)
    return None


def too_little(share: Decimal, target: Decimal) -> Mismatch:
    """A Pod that is busy, and not by the autoscaler's measure."""
    hint = "What does a busy Pod use (`kubectl top pods`), and which part of its request is that?"
    difference: dict[str, Any] = {
        "wanted": f"more than {target * TOLERANCE:.0%} of the request",
        "found": f"{share:.0%}",
    }
    return Mismatch("By its measure the Pods are not busy.", hint=hint, **difference)
