"""What a waiting that failed has to show: last state, what keeps the Pods, recent events."""

from __future__ import annotations

from kubernetes.dynamic import DynamicClient

from labkit.core.errors import LabkitError
from labkit.core.kube import answer_within, ask, find
from labkit.wait.conditions import Object, has, ready_endpoints, status_of
from labkit.wait.loop import ANSWER

EVENTS = 5
PODS = 3


def evidence(dynamic: DynamicClient, o: Object, last: Object | None) -> str:
    """An object's last conditions, what keeps its Pods, and its recent events, newest last.

    Args:
        dynamic: the client.
        o: the object that was waited for.
        last: as it was last seen; None if it was not there.
    """
    lines = ["last state: not there"] if last is None else states(last)
    try:
        with answer_within(ANSWER):
            lines += [*pods(dynamic, last or {}), *events(dynamic, o)]
    except LabkitError:  # evidence is a courtesy: what was waited for has failed already
        lines.append("(no events to be had)")
    return "\n".join(lines)


def states(o: Object) -> list[str]:
    """The conditions of an object's status, or what else it says."""
    if "items" in o:
        return [f"last state: {ready_endpoints(o)} ready endpoint(s)"]
    status = status_of(o)
    return [
        f"last state: {c['type']}={c['status']}"
        + (f" ({c.get('reason')}: {c.get('message')})" if c.get("reason") else "")
        for c in status.get("conditions") or []
    ] or [f"last state: {status.get('phase') or status or 'no status yet'}"]


def pods(dynamic: DynamicClient, o: Object) -> list[str]:
    """What keeps the Pods of a workload from being ready, a line each."""
    labels = ((o.get("spec") or {}).get("selector") or {}).get("matchLabels")
    if not labels:
        return []
    resource, namespace = find(dynamic, "v1", "Pod"), o["metadata"].get("namespace")
    query = ",".join(f"{k}={v}" for k, v in sorted(labels.items()))
    listed = ask(lambda: resource.get(namespace=namespace, label_selector=query).to_dict())
    reasons = sorted((p["metadata"]["name"], why(p)) for p in (listed or {}).get("items", []))
    return [f"pod {name}: {reason}" for name, reason in reasons if reason][:PODS]


def why(pod: Object) -> str:
    """What keeps a Pod from being ready, in a few words; empty if nothing does."""
    status = status_of(pod)
    for c in status.get("containerStatuses") or []:
        waiting = (c.get("state") or {}).get("waiting")
        if waiting:
            return f"{waiting.get('reason')}: {waiting.get('message', '')}".rstrip(": ")
    for c in status.get("conditions") or []:
        if c["type"] == "PodScheduled" and c["status"] != "True":
            return f"{c.get('reason')}: {c.get('message')}"
    return "" if has("Ready")(pod) else f"{status.get('phase')}, not ready"


def events(dynamic: DynamicClient, o: Object) -> list[str]:
    """The last events that name the object."""
    resource, meta = find(dynamic, "v1", "Event"), o["metadata"]
    named = f"involvedObject.kind={o['kind']},involvedObject.name={meta['name']}"
    namespace = meta.get("namespace") or "default"
    listed = ask(lambda: resource.get(namespace=namespace, field_selector=named).to_dict())
    items = sorted((listed or {}).get("items", []), key=when)
    return [f"event: {e.get('reason')}: {e.get('message')}" for e in items[-EVENTS:]]


def when(event: Object) -> str:
    """An event's time, in a form that sorts."""
    last = event.get("lastTimestamp") or event.get("eventTime")
    return last or event["metadata"].get("creationTimestamp") or ""
