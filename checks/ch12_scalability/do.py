"""Do: an audit of Pods made by hand."""

from __future__ import annotations

import json
from random import Random

from labkit import Mismatch
from labkit.checks import check, scene
from labkit.observe.workloads import image_ids, removed

from . import FLEET, MEMORY, SETTINGS, WEB, WORDS, stands


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
