"""What "done" means in the exercise of chapter 13: probes, a rollout without a loss, a release undone."""

from __future__ import annotations

import json
import re
from random import Random

from labkit import Mismatch
from labkit.checks import check, scene
from labkit.core.kube import ask, find
from labkit.core.paths import REGISTRY
from labkit.observe.containers import pod
from labkit.observe.health import left_alone, restarted, taken_out
from labkit.observe.rollouts import answers_on, cut_short, only_these, out_of_order, restart_under_load
from labkit.observe.services import behind, everyone_answers, port_of, reaches
from labkit.observe.workloads import listed, pods_of, replaced, restarts, rolled_out, there

CLUSTER = True
WEB = f"{REGISTRY}/web"
HANG_SECONDS, UNREADY_SECONDS, LINGER = 25, 10, 2.2  # of three seconds that are asked for
READY = {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1}
FAULTS = ("image", "port", "probe", "request", "key")


def service(lab, name, **changes):
    """Applies a service's manifest and waits for its rollout, where there is to be one."""
    gaps = {
        "IMAGE": f"{WEB}:1.0",
        "VERSION": "1.0",
        "PORT": "8080",
        "KEY": "greeting",
        "CPU": "10m",
        "GRACE": 30,
    }
    gaps |= {"READINESS": json.dumps(READY), "GREETING": "hello", "NAME": name, **changes}
    lab.apply("task.yaml", force=True, **gaps)


def anew(lab, name):
    """Removes a Deployment that somebody may have changed, and waits until it is gone."""
    delete = find(lab.dynamic, None, "Deployment").delete
    if ask(lambda: delete(name=name, namespace=lab.namespace, propagation_policy="Foreground")):
        lab.wait(f"deployment/{name}", "gone", timeout=60)


# --- do: probes


@scene(lambda random: {})
def hanging(lab, facts):
    """a `desk` of two replicas that nobody asks anything"""
    anew(lab, "desk")
    service(lab, "desk", READINESS="null")
    lab.wait("deployment/desk", "complete", timeout=120)


@check(
    task="do",
    points=1,
    needs=hanging,
    timeout=300,
    hints=(
        "Two probes ask two questions. Which of them decides who gets requests?",
        "What does the app answer at /readyz and at /healthz, when it is alive and not ready?",
    ),
)
def readiness(lab):
    """A replica of `desk` that says it is not ready gets no more requests 10 s later"""
    pods = rolled_out(lab, "desk")
    soon_enough(pods)
    found = there(lab, "Service", "desk")
    reached = behind(lab, found, 80, pods, lambda strangers: None)
    with pod(lab) as inside:
        everyone_answers(inside, found, 80, pods)
        taken_out(lab, inside, found, 80, reached[0], UNREADY_SECONDS)
    return found


def soon_enough(pods):
    """A readiness probe that may take longer does not pass by the luck of a moment."""
    probes = [p["spec"]["containers"][0].get("readinessProbe") for p in pods]
    if any(p and p["periodSeconds"] * p["failureThreshold"] >= UNREADY_SECONDS for p in probes):
        hint = "How often is a replica asked, and how many noes does it take?"
        raise Mismatch("A replica that is not ready may get requests for longer than 10 s.", hint=hint)


@check(
    task="do",
    points=2,
    needs=(hanging, readiness),
    timeout=300,
    hints=(
        "Hang a replica yourself (`kubectl exec`, as in *Break it*), and watch `kubectl get pods`.",
        "What is still true of a process that hangs? A probe that asks just that will not see it.",
    ),
)
def liveness(lab, readiness):
    """A replica of `desk` that hangs is restarted within 25 s, and is ready again"""
    one, other = unused(lab, readiness)
    before, page = restarts(listed(lab, "Pod")), f"http://{other.ip}:{other.port}"
    with pod(lab) as inside:
        inside.http(f"{page}/unready", method="POST", data="")  # a good liveness probe does not mind
        inside.http(f"http://{one.ip}:{one.port}/hang", method="POST", data="")
        try:
            restarted(lab, one, before[one.uid], HANG_SECONDS)
            left_alone(lab, other, before[other.uid])
        finally:
            inside.http(f"{page}/ready", method="POST", data="")
    rolled_out(lab, "desk")


def unused(lab, service):
    """Two replicas that were never restarted: after a restart the next one is put off."""
    pods = rolled_out(lab, "desk")
    for uid in [uid for uid, count in restarts(pods).items() if count]:
        pods = replaced(lab, "desk", uid)
    return behind(lab, service, 80, pods, lambda strangers: None)


# --- transfer: no request lost


@scene(lambda random: {})
def counter(lab, facts):
    """a `counter` of two replicas with a readiness probe, which loses requests at each rollout"""
    anew(lab, "counter")
    service(lab, "counter", GRACE=1)
    lab.wait("deployment/counter", "complete", timeout=120)


@check(
    task="transfer",
    points=3,
    needs=counter,
    timeout=400,
    hints=(
        "A Pod that is told to end, and a list of addresses that still has it: which of them must wait?",
        "Two roads lead there: one in the app (its documentation is the head of images/web/web.py), "
        "one in the Pod's `lifecycle`.",
    ),
)
def lossless(lab):
    """A rollout of `counter` loses no request, and a Pod that is deleted goes on answering for 3 s"""
    pods = rolled_out(lab, "counter")
    found = there(lab, "Service", "counter")
    one = behind(lab, found, 80, pods, lambda strangers: None)[0]
    with pod(lab) as inside:
        lingers(lab, inside, one)
        only_these(lab, found, 80, rolled_out(lab, "counter"))
        sent, lost = restart_under_load(lab, inside, "counter", "http://counter/")
    if lost:
        hint = out_of_order(there(lab, "Deployment", "counter"))
        raise Mismatch("Requests were lost during a rollout.", found=f"{lost} of {sent}", hint=hint)


def lingers(lab, inside, one):
    """A Pod that is deleted, with its own grace period, answers on for a while."""
    if answers_on(lab, inside, one, "/healthz", LINGER) < LINGER:
        wanted, hint = "answers for 3 s", cut_short(there(lab, "Deployment", "counter"), LINGER)
        raise Mismatch("A Pod that is being deleted soon stops answering.", wanted=wanted, hint=hint)


# --- repair: a release that will not roll out


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
