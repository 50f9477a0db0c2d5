"""What "done" means in the exercise of chapter 12: an audit, a Deployment, and an autoscaler that scales."""

from __future__ import annotations

from kubernetes.utils import parse_quantity

from labkit import Mismatch, Missing
from labkit.checks import REGISTRY
from labkit.observe.workloads import listed

CLUSTER = True
WEB = f"{REGISTRY}/web"
SETTINGS = {"GREETING": "welcome", "MODE": "prod"}
MEMORY = parse_quantity("128Mi")
WORDS = ("image", "GREETING", "MODE", "memory", "readiness")
FLEET = tuple(f"shop-{i}" for i in range(1, 7))


def drift_of(found):
    """What differs from the runbook in a Pod as it is now."""
    box = found["spec"]["containers"][0]
    env = {v["name"]: v.get("value", "") for v in box.get("env") or []}
    right = {word: env.get(word) == value for word, value in SETTINGS.items()}
    right |= {"image": not box["image"].endswith(":2.0"), "readiness": bool(box.get("readinessProbe"))}
    right["memory"] = parse_quantity(box["resources"]["limits"]["memory"]) == MEMORY
    return [word for word in WORDS if not right[word]]


def stands(lab, facts):
    """The Pods made by hand, as the API server has them; they must be there, and as they were made."""
    again, pods = 'start("fleet") makes all six anew', {p["metadata"]["name"]: p for p in listed(lab, "Pod")}
    if lost := ", ".join(name for name in FLEET if name not in pods):
        raise Missing("A Pod that was made by hand is gone.", found=lost, fix=again)
    if changed := ", ".join(name for name in FLEET if drift_of(pods[name]) != facts["drift"][name]):
        hint = "They are the evidence. An audit only looks."
        raise Mismatch("A Pod made by hand was changed.", found=changed, hint=hint, fix=again)
    return [pods[name] for name in FLEET]
