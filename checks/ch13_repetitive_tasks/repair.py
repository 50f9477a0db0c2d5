"""Repair: a release that will not roll out."""

from __future__ import annotations

import json
import re
from random import Random

from labkit import Mismatch
from labkit.checks import check, scene
from labkit.observe.containers import pod
from labkit.observe.services import behind, everyone_answers, port_of, reaches
from labkit.observe.workloads import pods_of, rolled_out, there

from . import READY, WEB, anew, service

FAULTS = ("image", "port", "probe", "request", "key")


def release(random: Random):
    """What is wrong with version 2.0, and the greeting that version 1.1 has."""
    return {"fault": random.choice(FAULTS), "greeting": random.choice(("moin", "servus", "ahoi"))}


WRONG = {
    "image": {"IMAGE": f"{WEB}:2.O"},
    "port": {"PORT": "eighty"},
    "probe": {"READINESS": json.dumps({**READY, "httpGet": {"path": "/ready", "port": 8080}})},
    "request": {"CPU": "1000"},
    "key": {"KEY": "salutation"},
}
VALUES = {
    "image": r"2\.O",
    "port": "eighty",
    "probe": r"/ready\b(?!z)",
    "request": r"\b(1000|1k)\b",
    "key": "salutation",
}
"""What is at fault, as a text that a learner copies; a quantity may be written in two ways."""
LONGEST = 60


@scene(release)
def stuck(lab, facts):
    """a `shop` in its third version, whose rollout does not end"""
    anew(lab, "shop")
    same = {"GREETING": facts["greeting"], "GRACE": 1}
    for version in ("1.0", "1.1"):
        service(lab, "shop", VERSION=version, **same)
        lab.wait("deployment/shop", "complete", timeout=120)
    service(lab, "shop", VERSION="2.0", **{**same, **WRONG[facts["fault"]]})
    lab.wait("deployment/shop", lambda d: d["status"].get("unavailableReplicas"), timeout=60)


@check(
    task="repair",
    points=2,
    needs=stuck,
    hints=(
        "`kubectl get pods`, then of the one that is not ready the last lines of `kubectl describe pod`, "
        "and its `kubectl logs`.",
        "Where in the template is that set? `kubectl get deployment shop --output yaml` has it all.",
    ),
)
def cause(lab, answer, stuck):
    """The value that keeps version 2.0 from its rollout is handed in as it stands in the template"""
    there(lab, "Deployment", "shop")
    said = str(answer).strip()
    if len(said) > LONGEST or sum(bool(re.search(value, said)) for value in VALUES.values()) > 1:
        raise Mismatch(
            "That is more than one value.", wanted="one value of the template", found=said[:LONGEST]
        )
    if not re.search(VALUES[stuck["fault"]], said):
        hint = "What does the Pod that is not ready complain of?"
        raise Mismatch("It is not this value.", found=said, hint=hint)


@check(
    task="repair",
    points=2,
    needs=stuck,
    timeout=300,
    hints=(
        "`kubectl rollout history deployment/shop` lists the versions. Which was the last good one?",
        "Is the rollout complete? Which version answers? Who would stop the next bad one?",
    ),
)
def recovered(lab, stuck):
    """`shop` has rolled out version 1.1 again, with both replicas, its settings and its probe"""
    deployment = there(lab, "Deployment", "shop")
    if (wanted := deployment["spec"].get("replicas", 1)) != 2:
        raise Mismatch("The number of replicas is another.", wanted=2, found=wanted)
    if deployment["spec"].get("paused"):
        hint = "A rollout that is paused is not over."
        raise Mismatch("The rollout is paused.", hint=hint, found=f"{len(pods_of(lab, deployment))} new Pods")
    pods = rolled_out(lab, "shop")
    if any(not p["spec"]["containers"][0].get("readinessProbe") for p in pods):
        hint = "It was the probe that kept the bad version from the customers."
        raise Mismatch("The replicas have no readiness probe any more.", hint=hint)
    for one in pods:
        as_before(one["spec"]["containers"][0])
    found = there(lab, "Service", "shop")
    behind(lab, found, 80, pods, lambda strangers: None)
    with pod(lab) as inside:
        everyone_answers(inside, found, 80, pods)
        said = [inside.http(f"http://{a.ip}:{a.port}/config")[0].json() for a in whom(lab, found)]
    for one in said:
        answered(one, stuck)


def as_before(box):
    """Holds a container of `shop` against the one that version 1.1 had."""
    if box["image"] != f"{WEB}:1.0":
        hint = "VERSION is what it says of itself; the image is what runs."
        raise Mismatch("The replicas run another image.", wanted=f"{WEB}:1.0", found=box["image"], hint=hint)
    asked = (box["readinessProbe"].get("httpGet") or {}).get("path")
    if asked != READY["httpGet"]["path"]:
        hint = "`kubectl rollout history deployment/shop --revision=2` shows the template as it was."
        raise Mismatch("The replicas are asked something else than before.", found=asked, hint=hint)
    if (cpu := (box["resources"].get("requests") or {}).get("cpu")) != "10m":
        hint = "What does the scheduler set aside for a replica now, and what was it before?"
        raise Mismatch("The replicas request another amount of CPU.", wanted="10m", found=cpu, hint=hint)


def whom(lab, found):
    """The addresses behind a Service."""
    _, seen = reaches(lab, found, port_of(found, 80).get("name"), lambda now: len(now) == 2)
    return seen


def answered(said, facts):
    """Holds what a replica says against version 1.1."""
    if said["VERSION"] != "1.1":
        older = "`undo` without a number goes back one step; with --to-revision it goes where it is told."
        hint = older if said["VERSION"] == "1.0" else "It runs, but nobody has said that it is good."
        raise Mismatch("Another version answers.", wanted="1.1", found=said["VERSION"], hint=hint)
    if said["GREETING"] != facts["greeting"]:
        hint = "The version is a number; the template is more than that."
        raise Mismatch("Version 1.1 answers, and not with its settings.", found=said["GREETING"], hint=hint)
