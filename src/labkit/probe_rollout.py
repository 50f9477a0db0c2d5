"""What a rollout costs those who send requests: whether a Pod lingers, and what is lost while Pods change."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from labkit.conditions import Object
from labkit.errors import BrokenEnvironment
from labkit.kube import ask, find
from labkit.probe import Inside, Reply
from labkit.probe_kube import rolled_out
from labkit.probe_service import Address

PATCH = "application/strategic-merge-patch+json"
ROUND = 25
PATIENCE = 6
"""Seconds that an answer may take: what is refused or cut off fails at once, and a stall is no loss."""
GONE_SLACK = 30


def answers_on(lab: Any, inside: Inside, one: Address, page: str, seconds: float) -> float:
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


def with_leaving(lab: Any) -> list[Object]:
    """All Pods of the namespace, those that are being deleted too."""
    return ask(lambda: find(lab.dynamic, "v1", "Pod").get(namespace=lab.namespace).to_dict())["items"]


def restart_under_load(lab: Any, inside: Inside, name: str, url: str) -> tuple[int, int]:
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
            replies += inside.http(url, times=ROUND, patience=PATIENCE)
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


def change_and_wait(lab: Any, name: str) -> None:
    """Restarts a rollout; returns when the last old Pod is gone."""
    stamp = {"kubectl.kubernetes.io/restartedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    change = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
    patch = find(lab.dynamic, "apps/v1", "Deployment").patch
    ask(lambda: patch(name=name, namespace=lab.namespace, body=change, content_type=PATCH))
    rolled_out(lab, name)
    for old in [p for p in with_leaving(lab) if p["metadata"].get("deletionTimestamp")]:
        grace = old["metadata"].get("deletionGracePeriodSeconds", 0)
        lab.wait({**old, "kind": "Pod", "apiVersion": "v1"}, "gone", timeout=grace + GONE_SLACK)
