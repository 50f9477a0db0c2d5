"""What "done" means in the exercise of chapter 12: an audit, a Deployment, and an autoscaler that scales."""

from __future__ import annotations

import json
from random import Random

from kubernetes import client
from kubernetes.utils import parse_quantity

from labkit import Mismatch, Missing
from labkit.checks import check, scene
from labkit.core.kube import ask
from labkit.core.paths import REGISTRY
from labkit.observe.autoscaling import between, cpu_target, keeps, scaler_of, scales_up
from labkit.observe.containers import pod
from labkit.observe.health import taken_out
from labkit.observe.services import behind, everyone_answers
from labkit.observe.workloads import (
    image_ids,
    listed,
    read,
    removed,
    replaced,
    restarts,
    rolled_out,
    same,
    stated,
    there,
)

CLUSTER = True
WEB = f"{REGISTRY}/web"
SETTINGS = {"GREETING": "welcome", "MODE": "prod"}
MEMORY = parse_quantity("128Mi")
WORDS = ("image", "GREETING", "MODE", "memory", "readiness")
FLEET = tuple(f"shop-{i}" for i in range(1, 7))
LEAST, MOST = 3, 6
TARGET, IDLE = parse_quantity("0.6"), parse_quantity("2m")
FAULTS = ("request", "target", "most", "metric", "memory")


def slips(random: Random):
    """One slip of each kind on a Pod of its own, and one that most of the Pods have."""
    names = random.sample(FLEET, 6)
    odd = dict(zip(names, ("GREETING", "MODE", "image", "readiness"), strict=False))
    stale = random.sample(FLEET, 4)
    drift = {n: [w for w in WORDS if odd.get(n) == w or (w == "memory" and n in stale)] for n in FLEET}
    in_bytes = random.choice([n for n in FLEET if n not in stale])
    greeting = random.choice(("Welcome", "welcom", "wellcome"))
    return {"drift": drift, "greeting": greeting, "by_digest": names[4], "in_bytes": in_bytes}


@scene(slips)
def fleet(lab, facts):
    """six Pods, made by hand from one runbook: `shop-1` to `shop-6`"""
    last, drift = facts["by_digest"], facts["drift"]
    removed(lab, "Pod", *FLEET)
    for name in FLEET:
        if name != last:
            make(lab, facts, name, f"{WEB}:{'2.0' if 'image' in drift[name] else '1.0'}")
    sample = next(name for name in FLEET if name != last and "image" not in drift[name])
    make(lab, facts, last, image_ids(lab.wait(f"pod/{sample}", "Ready", timeout=180).to_dict()).pop())
    for name in FLEET:
        lab.wait(f"pod/{name}", "Ready", timeout=180)


def make(lab, facts, name, image):
    """Makes one Pod of the fleet, slips and all."""
    off = facts["drift"][name]
    env = {**SETTINGS, "GREETING": facts["greeting"] if "GREETING" in off else SETTINGS["GREETING"]}
    env = [{"name": k, "value": v} for k, v in env.items() if k != "MODE" or k not in off]
    memory = "64Mi" if "memory" in off else str(MEMORY) if name == facts["in_bytes"] else "128Mi"
    probe = None if "readiness" in off else {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 2}
    gaps = {"NAME": name, "IMAGE": image, "ENV": json.dumps(env), "MEMORY": memory}
    lab.apply("shop-pod.yaml", READINESS=json.dumps(probe), **gaps)


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


@check(
    task="do",
    points=2,
    needs=fleet,
    timeout=60,
    hints=(
        "`kubectl get pod shop-1 --output yaml` shows where a Pod keeps each of the five.",
        "Compare with the runbook, not with the others, and by what is meant: an amount of memory has many "
        "spellings, an image has several names, and what is missing is a difference, too.",
    ),
)
def audit(lab, answer, fleet):
    """The audit says what differs from the runbook, Pod by Pod, and nothing else"""
    said = well_formed(answer)
    stands(lab, fleet)
    if not any(said.values()):
        hint = "That all are up says nothing about how they are set. Compare with the runbook, line by line."
        raise Mismatch("The audit finds nothing.", hint=hint)
    for word in WORDS:
        named = {name for name, words in said.items() if word in words}
        differ = {name for name in FLEET if word in fleet["drift"][name]}
        if named != differ:
            found = f"{len(named)} named, {len(named & differ)} of them rightly"
            hint = foreseen(word, named, differ, fleet)
            raise Mismatch(f"The audit is wrong about {word}.", found=found, hint=hint)


def well_formed(answer):
    """The answer as a dict from names of Pods to sets of words."""
    wanted, words = '{"shop-1": ["image"], …}', ", ".join(WORDS)
    if not isinstance(answer, dict) or not all(isinstance(said, str | list) for said in answer.values()):
        raise Mismatch("The audit is no dict from Pods to lists of words.", wanted=wanted, found=answer)
    told = {name: {said} if isinstance(said, str) else set(map(str, said)) for name, said in answer.items()}
    if others := ", ".join(sorted(set(told) - set(FLEET))):
        raise Mismatch("The audit names something that is none of the six.", wanted=wanted, found=others)
    if others := ", ".join(sorted(set().union(*told.values()) - set(WORDS))):
        raise Mismatch("The audit uses a word that the runbook does not.", wanted=words, found=others)
    return told


def foreseen(word, named, differ, facts):
    """The mistake behind a wrong part of the audit, where it was foreseen."""
    if word == "memory" and named == set(FLEET) - differ:
        return "What most of them have is not what the runbook says."
    if word == "memory" and named - differ == {facts["in_bytes"]}:
        return "One amount, two spellings: `parse_quantity` of `kubernetes.utils` reads both."
    if word == "image" and named - differ == {facts["by_digest"]}:
        return "One image, two names. A Pod's status says which bytes it runs: `imageID`."
    if not named:
        return {
            "MODE": "What is not there cannot differ, unless somebody looks for it.",
            "memory": "Not every setting is a variable. Where does a Pod keep its limits?",
            "readiness": "`Ready` is also what a Pod is that nobody asks. Which of them is asked nothing?",
        }.get(word)
    return None


# --- transfer: the Deployment and its Service


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


# --- repair: the autoscaler


@scene(lambda random: {"fault": random.choice(FAULTS)})
def peak(lab, facts):
    """a `till` with an autoscaler, and a `crowd` that keeps it busy"""
    removed(lab, "HorizontalPodAutoscaler", "till")
    removed(lab, "Deployment", "till", "crowd")
    fault, nodes = facts["fault"], ask(client.CoreV1Api(lab.kube).list_node).items
    room = int(max(parse_quantity(n.status.allocatable["memory"]) for n in nodes))
    requests = {"memory": str(room * 6 // 10) if fault == "memory" else "32Mi"}
    requests |= {} if fault == "request" else {"cpu": "20m"}
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
    queue = {"metric": {"name": "queue-length"}, "target": {"type": "AverageValue", "averageValue": "2"}}
    metric = {"type": "Pods", "pods": queue} if fault == "metric" else {"type": "Resource", "resource": cpu}
    aim, most = "till-web" if fault == "target" else "till", 1 if fault == "most" else 3
    gaps = {"REQUESTS": json.dumps(requests), "TARGET": aim, "MOST": most, "METRIC": json.dumps(metric)}
    lab.apply("till.yaml", force=True, **gaps)
    lab.apply("crowd.yaml", force=True)


@check(
    task="repair",
    points=3,
    needs=peak,
    timeout=300,
    hints=(
        "`kubectl get hpa` and `kubectl get pods` show where it stops: at reading, wishing or placing.",
        "`kubectl describe hpa till` says under Conditions what the autoscaler could not do, "
        "`kubectl describe pod` under Events what a Pod waits for.",
    ),
)
def scales(lab):
    """Under the crowd `till` has more than one ready replica, because its autoscaler wants it so"""
    there(lab, "Deployment", "till")
    if not (read(lab, "Deployment", "crowd") or {"spec": {}})["spec"].get("replicas"):
        raise Missing("The crowd is not there.", fix='start("peak") sets up all of it anew')
    rolled_out(lab, "crowd")
    scaler = scaler_of(lab, "till")
    between(scaler, 1, 3)
    request = min((stated(p, "requests", "cpu") or 0 for p in rolled_out(lab, "till")), default=0)
    target = cpu_target(scaler, request or None)
    if abs(target - TARGET) > parse_quantity("0.01"):
        hint = "The plan was right. What is wrong is something that the plan does not say."
        raise Mismatch("The target is not that of the plan.", wanted="60 %", found=f"{target:.0%}", hint=hint)
    if request * target < IDLE:
        hint = (
            "What does a replica use when nobody asks it (`kubectl top pods`), and would it ever be let go?"
        )
        raise Mismatch(
            "With this request an idle replica is above the target, too.", found=request, hint=hint
        )
    scales_up(lab, "till", scaler, target)
