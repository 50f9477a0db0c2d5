"""Do: audit."""

from __future__ import annotations

from collections import Counter

from kubernetes import client
from kubernetes.utils import parse_quantity

from labkit.checks import hand_in, right, wrong

from . import WEB, by_hand, kubectl, runbook, settings


def differences(lab, words=("image", "GREETING", "MODE", "memory", "readiness")):
    """The audit as it should be, or of some words alone."""
    pods = by_hand(lab)
    wanted = runbook(pods.values())
    return {n: [w for w in words if settings(p)[w] != wanted[w]] for n, p in pods.items()}


@wrong("audit", "takes what is Ready for what is right")
def audit_ready(lab, fleet):
    ready = kubectl(lab, "get pods --selector made=by-hand --no-headers").count("1/1")
    hand_in(lab, "audit", {} if ready == 6 else {"shop-1": ["readiness"]})


@wrong("audit", "takes what most have for what is right, as the chapter did")
def audit_majority(lab, fleet):
    found = {name: settings(pod) for name, pod in by_hand(lab).items()}
    usual = {w: Counter(s[w] for s in found.values()).most_common(1)[0][0] for w in found["shop-1"]}
    hand_in(lab, "audit", {n: [w for w in usual if s[w] != usual[w]] for n, s in found.items()})


@wrong("audit", "compares images by name")
def audit_image_names(lab, fleet):
    said = differences(lab)
    for name, pod in by_hand(lab).items():
        if pod["spec"]["containers"][0]["image"] != WEB:
            said[name] = sorted({*said[name], "image"})
    hand_in(lab, "audit", said)


@wrong("audit", "compares amounts of memory by spelling")
def audit_spelling(lab, fleet):
    said = differences(lab)
    for name, pod in by_hand(lab).items():
        if pod["spec"]["containers"][0]["resources"]["limits"]["memory"] != "128Mi":
            said[name] = sorted({*said[name], "memory"})
    hand_in(lab, "audit", said)


@wrong("audit", "compares image and variables, nothing else")
def audit_variables(lab, fleet):
    hand_in(lab, "audit", differences(lab, ("image", "GREETING", "MODE")))


@wrong("audit", "goes through the variables that are there")
def audit_present(lab, fleet):
    hand_in(lab, "audit", differences(lab, ("image", "GREETING", "memory", "readiness")))


@wrong("audit", "forgets that a Pod without a question is Ready")
def audit_no_readiness(lab, fleet):
    hand_in(lab, "audit", differences(lab, ("image", "GREETING", "MODE", "memory")))


@wrong("audit", "repairs what it finds")
def audit_repairs(lab, fleet):
    said = differences(lab)
    name = next(name for name, words in said.items() if "image" in words)
    kubectl(lab, f"set image pod/{name} web={WEB}")
    hand_in(lab, "audit", said)


@wrong("audit", "names what it compared in words of its own")
def audit_words(lab, fleet):
    said = differences(lab)
    own = {name: [w.replace("readiness", "readinessProbe") for w in words] for name, words in said.items()}
    hand_in(lab, "audit", own)


@wrong("audit", "turns it round: the Pods by word")
def audit_by_word(lab, fleet):
    said = differences(lab)
    hand_in(lab, "audit", {"image": [name for name, words in said.items() if "image" in words]})


@right("audit", "by kubectl, Pods without a difference too")
def audit_kubectl(lab, fleet):
    hand_in(lab, "audit", differences(lab))


@right("audit", "by the SDK, one word not in a list, other order, clean Pods left out")
def audit_sdk(lab, fleet):
    core, said = client.CoreV1Api(lab.kube), {}
    pods = core.list_namespaced_pod(lab.namespace, label_selector="app=shop").items
    ids = {p.status.container_statuses[0].image_id for p in pods if p.spec.containers[0].image == WEB}
    for pod in pods:
        box = pod.spec.containers[0]
        env = {v.name: v.value for v in box.env}
        odd = {
            "readiness": box.readiness_probe is None,
            "memory": parse_quantity(box.resources.limits["memory"]) != 2**27,
            "MODE": env.get("MODE") != "prod",
            "GREETING": env.get("GREETING") != "welcome",
            "image": pod.status.container_statuses[0].image_id not in ids,
        }
        words = [word for word, is_odd in odd.items() if is_odd]
        said |= {pod.metadata.name: words[0] if len(words) == 1 else words} if words else {}
    hand_in(lab, "audit", said)
