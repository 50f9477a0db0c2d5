"""What a rollout costs those who send requests: whether a Pod lingers, and what is lost while Pods change."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from labkit.core.errors import BrokenEnvironment, Mismatch
from labkit.core.kube import ask, find
from labkit.lab.lab import Lab
from labkit.observe.containers import Inside, Reply
from labkit.observe.services import Address, port_of, reaches, sent_to
from labkit.observe.workloads import rolled_out
from labkit.wait.conditions import Object

PATCH = "application/strategic-merge-patch+json"
ROUND = 25
GONE_SLACK = 30


def answers_on(lab: Lab, inside: Inside, one: Address, page: str, seconds: float) -> float:
    """Deletes a Pod, with its own grace period, and asks it on; returns for how many seconds it answered.

    Args:
        lab: whose.
        inside: the helper Pod that asks.
        one: the Pod's address.
        page: a page that it answers while it works, such as ``/healthz``.
        seconds: how long it is asked at most.
    """
    delete = find(lab.dynamic, "v1", "Pod").delete
    ask(lambda: delete(name=one.pod, namespace=lab.namespace))
    began, answered = time.monotonic(), 0.0
    while answered < seconds and inside.http(f"http://{one.ip}:{one.port}{page}", patience=1)[0].ok:
        answered = time.monotonic() - began
    return answered


def with_leaving(lab: Lab) -> list[Object]:
    """All Pods of the namespace, those that are being deleted too."""
    pods = ask(lambda: find(lab.dynamic, "v1", "Pod").get(namespace=lab.namespace).to_dict())
    return pods["items"] if pods else []


def restart_under_load(lab: Lab, inside: Inside, name: str, url: str) -> tuple[int, int]:
    """Restarts a rollout, as kubectl does, while requests come in one after another.

    Args:
        lab: whose.
        inside: the helper Pod that sends them.
        name: the Deployment's.
        url: where they go.

    Returns:
        How many were sent until the last old Pod was gone, and how many were lost.

    Raises:
        Mismatch: the rollout does not end.
        BrokenEnvironment: the requests could not be sent.
    """
    stop = threading.Event()

    def load() -> list[Reply]:
        replies: list[Reply] = []
        while not stop.is_set():
            replies += inside.http(url, times=ROUND, patience=2)
        return replies

    with ThreadPoolExecutor(1) as thread:
        sending = thread.submit(load)
        try:
            change_and_wait(lab, name)
        finally:
            stop.set()
        replies = sending.result()  # what broke the load must not pass for no loss
    if not replies:
        raise BrokenEnvironment("No request was sent during the rollout.", fix="make doctor")
    return len(replies), sum(not reply.ok for reply in replies)


def change_and_wait(lab: Lab, name: str) -> None:
    """Restarts a rollout; returns when the last old Pod is gone."""
    stamp = {"kubectl.kubernetes.io/restartedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    change = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
    patch = find(lab.dynamic, "apps/v1", "Deployment").patch
    ask(lambda: patch(name=name, namespace=lab.namespace, body=change, content_type=PATCH))
    rolled_out(lab, name)
    for old in [p for p in with_leaving(lab) if p["metadata"].get("deletionTimestamp")]:
        grace = old["metadata"].get("deletionGracePeriodSeconds", 0)
        lab.wait({**old, "kind": "Pod", "apiVersion": "v1"}, "gone", timeout=grace + GONE_SLACK)


def only_these(lab: Lab, service: Object, number: int, pods: list[Object]) -> None:
    """Waits until a Service sends to these Pods and to no other.

    Args:
        lab: whose.
        service: as the API server has it.
        number: of the Service's port that is meant.
        pods: the Pods.

    Raises:
        Mismatch: it does not.
    """
    wanted = {pod["metadata"]["uid"] for pod in pods}
    met, _ = reaches(lab, service, port_of(service, number).get("name"), lambda now: sent_to(now) == wanted)
    if not met:
        hint = "`kubectl get endpointslices --output yaml` shows where it sends. Which label do they share?"
        raise Mismatch("The Service does not send to the new Pods alone.", hint=hint)


def cut_short(deployment: Object, seconds: float) -> str:
    """Why a Pod of a Deployment does not go on answering for some seconds after it was told to end."""
    spec = deployment["spec"]["template"]["spec"]
    box = spec["containers"][0]
    env = {v["name"]: v.get("value") for v in box.get("env") or []}
    if not float(env.get("DRAIN_SECONDS") or 0) and not box.get("lifecycle"):
        return (
            "The address is taken off the list while the process is told to end. Which of the two is quicker?"
        )
    if spec["terminationGracePeriodSeconds"] <= seconds:
        return "It is told to take its time, and is killed before it has. Which field sets that bound?"
    return "It takes its time, but not enough."


def out_of_order(deployment: Object) -> str:
    """What is wrong with how a Deployment's rollout goes on."""
    spec = deployment["spec"]
    if spec["strategy"]["type"] == "Recreate":
        return "In which order does this strategy make and remove Pods?"
    if not spec["template"]["spec"]["containers"][0].get("readinessProbe"):
        return "A new Pod gets requests as soon as it counts as ready. When is that, if nobody asks?"
    rolling = spec["strategy"].get("rollingUpdate") or {}
    if rolling.get("maxUnavailable") in ("100%", 2):
        return "How many of the old Pods may be missing while the new ones start?"
    return "Watch the Pods of a rollout: who is there at each moment, and who is ready?"
