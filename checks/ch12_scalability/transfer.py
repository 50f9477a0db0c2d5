"""Transfer: the Deployment and its Service."""

from __future__ import annotations

from labkit import Mismatch, Missing
from labkit.checks import check
from labkit.observe.autoscaling import keeps
from labkit.observe.containers import pod
from labkit.observe.health import taken_out
from labkit.observe.services import behind, everyone_answers
from labkit.observe.workloads import image_ids, read, replaced, restarts, rolled_out, same, stated, there

from . import FLEET, SETTINGS, WEB, stands
from .do import fleet

LEAST, MOST = 3, 6


@check(
    task="transfer",
    points=2,
    needs=fleet,
    timeout=300,
    hints=(
        "Go through the table line by line: which field of the example holds it?",
        "`kubectl get pods` says how far it has come, `kubectl describe pod` what keeps one.",
    ),
)
def shop(lab, fleet):
    """The Deployment `shop` keeps three ready replicas of `web:1.0`, with their request and limit"""
    by_hand = stands(lab, fleet)
    if not (deployment := read(lab, "Deployment", "shop")):
        other = next((k for k in ("ReplicaSet", "StatefulSet", "Pod") if read(lab, k, "shop")), None)
        raise Missing("There is no Deployment `shop`.", found=other and f"a {other} `shop`")
    keeps(lab, deployment, LEAST, MOST)
    if (limit := stated(deployment["spec"]["template"], "limits", "memory")) and limit < 1024**2:
        hint = "A small m makes thousandths, as in 20m of a CPU."
        raise Mismatch("With such a limit of memory nothing starts.", found=limit, hint=hint)
    pods = rolled_out(lab, "shop")
    right = next(image_ids(p) for p in by_hand if p["spec"]["containers"][0]["image"] == f"{WEB}:1.0")
    for found in pods:
        if not image_ids(found) & right:
            images = ", ".join(box["image"] for box in found["spec"]["containers"])
            raise Mismatch("The replicas run another image.", wanted=f"{WEB}:1.0", found=images)
        same("request of CPU", "20m", stated(found, "requests", "cpu"))
        hint = "M is 1000 · 1000, Mi is 1024 · 1024."
        same("limit of memory", "128Mi", stated(found, "limits", "memory"), hint)
    return pods


@check(
    task="transfer",
    points=2,
    needs=(fleet, shop),
    timeout=200,
    hints=(
        "`kubectl get endpointslices` lists the addresses behind a Service, `kubectl get pods --output wide` "
        "says whose they are.",
        "The Pods made by hand have labels, too (`kubectl get pods --show-labels`). Which has no other Pod?",
    ),
)
def reached(lab, shop):
    """The Service `shop` sends requests on port 80 to these replicas alone, and they answer as set"""
    service = there(lab, "Service", "shop")
    addresses = behind(lab, service, 80, shop, whose)
    with pod(lab) as inside:
        everyone_answers(inside, service, 80, shop)
        for address in addresses:
            answered(inside.http(f"http://{address.ip}:{address.port}/config")[0].json())
    return service, addresses[0], restarts(shop)


def whose(strangers):
    """Where to look if a Service sends to Pods that are not meant."""
    if strangers & set(FLEET):
        return "A selector does not ask who made a Pod. Which labels do the six made by hand have, too?"
    return "Whose Pods are they, and which labels do they share with yours?"


def answered(said):
    """Whether a replica has the settings of the runbook; what the application takes by itself is known."""
    for name, value in SETTINGS.items():
        if said.get(name) != value:
            unset = said.get(name) == {"GREETING": "hello", "MODE": "dev"}[name]
            hint = "That is what the application takes if it is told nothing." if unset else None
            raise Mismatch(f"A replica has another {name}.", wanted=value, found=said.get(name), hint=hint)


@check(
    task="transfer",
    points=1,
    needs=(shop, reached),
    timeout=240,
    hints=(
        "Take a replica out yourself, by a POST to its /unready, and watch `kubectl get pods`.",
        "How often is a replica asked by default, and how many noes does it take? "
        "`kubectl explain pod.spec.containers.readinessProbe` says.",
    ),
)
def kept(lab, shop, reached):
    """A replica that says it is not ready gets no request 10 s later; one that is deleted is replaced"""
    service, one, before = reached
    with pod(lab) as inside:
        taken_out(lab, inside, service, 80, one)
        now = replaced(lab, "shop", one.uid)
        behind(lab, service, 80, now, whose)
        everyone_answers(inside, service, 80, now)
    if any(count > before.get(uid, 0) for uid, count in restarts(now).items()):
        raise Mismatch("A replica was restarted meanwhile, and nobody had asked for it.")
