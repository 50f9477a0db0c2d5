"""What a rollout costs those who send requests: whether a Pod lingers, and what is lost while Pods change."""

from __future__ import annotations

import threading
import time
from typing import Any

from labkit.conditions import Object
from labkit.kube import ask, find
from labkit.probe import Inside
from labkit.probe_kube import rolled_out
from labkit.probe_service import Address

PATCH = "application/strategic-merge-patch+json"
ROUND = 25
GONE_SECONDS = 60


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
    """
    replies, stop = [], threading.Event()

    def load() -> None:
        while not stop.is_set():
            replies.extend(inside.http(url, times=ROUND, patience=2))

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    try:
        stamp = {"kubectl.kubernetes.io/restartedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        change = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
        patch = find(lab.dynamic, "apps/v1", "Deployment").patch
        ask(lambda: patch(name=name, namespace=lab.namespace, body=change, content_type=PATCH))
        rolled_out(lab, name)
        for old in [p for p in with_leaving(lab) if p["metadata"].get("deletionTimestamp")]:
            lab.wait({**old, "kind": "Pod", "apiVersion": "v1"}, "gone", timeout=GONE_SECONDS)
    finally:
        stop.set()
        thread.join(GONE_SECONDS)
    return len(replies), sum(not reply.ok for reply in replies)
