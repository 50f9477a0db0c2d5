"""Conditions of Kubernetes objects, from their watch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import urllib3
from kubernetes import watch
from kubernetes.client import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError, NotFoundError

from labkit.errors import ClusterUnavailable, Usage
from labkit.wait import Deadline, follow

BROKEN = (urllib3.exceptions.HTTPError, OSError)
EVENTS = 5
Object = dict[str, Any]


def has(kind: str) -> Callable[[Object | None], bool]:
    """Whether the status has a condition of this type that is true."""

    def test(o: Object | None) -> bool:
        conditions = (o or {}).get("status", {}).get("conditions") or []
        return any(c["type"] == kind and c["status"] == "True" for c in conditions) and observed(o)

    return test


def observed(o: Object) -> bool:
    """Whether the controller has seen the object as it is now."""
    seen = o.get("status", {}).get("observedGeneration")
    return seen is None or seen >= o["metadata"].get("generation", 0)


def is_complete(o: Object | None) -> bool:
    """A Job that has completed; a rollout whose replicas are all new and available, with no old one left."""
    if o is None:
        return False
    if o["kind"] == "Job":
        return has("Complete")(o)
    status, wanted = o.get("status", {}), o["spec"].get("replicas", 1)
    counts = {status.get(k, 0) for k in ("replicas", "updatedReplicas", "availableReplicas")}
    return "observedGeneration" in status and observed(o) and counts == {wanted}


def endpoints(wanted: int) -> Callable[[Object | None], bool]:
    """Whether an EndpointSlice has this many ready addresses."""

    def test(o: Object | None) -> bool:
        found = (o or {}).get("endpoints") or []
        return sum(len(e["addresses"]) for e in found if e.get("conditions", {}).get("ready")) >= wanted

    return test


def wait(
    dynamic: DynamicClient, o: Object, condition: str | Callable, timeout: float, count: int = 1
) -> Object:
    """Waits for an object of the cluster.

    Args:
        dynamic: the client.
        o: the object; apiVersion, kind, name and namespace are read.
        condition: ``Available``, ``Ready`` (any condition type), ``complete``, ``Complete``, ``Endpoints``,
            ``gone``, or a predicate of the object as a dict.
        timeout: seconds.
        count: how many ready addresses, for ``Endpoints``.

    Returns:
        The object as a dict, as it was when the condition held; the last one seen for ``gone``.

    Raises:
        TimedOut: with its last conditions and events.
        ClusterUnavailable: the API server cannot be reached.
    """
    meta = o["metadata"]
    kind, name, namespace = o["kind"], meta["name"], meta.get("namespace")
    where = {"field_selector": f"metadata.name={name}"}
    if condition == "Endpoints" and kind == "Service":
        kind, where = "EndpointSlice", {"label_selector": f"kubernetes.io/service-name={name}"}
    resource = find(dynamic, o.get("apiVersion") if kind == o["kind"] else "discovery.k8s.io/v1", kind)
    tests = {"gone": lambda x: x is None, "complete": is_complete, "Endpoints": endpoints(count)}
    if callable(condition):
        test, word = (
            (lambda x: x is not None and bool(condition(x))),
            getattr(condition, "__name__", "as wanted"),
        )
    else:
        test, word = tests.get(condition) or has(condition), condition
    uid, version = meta.get("uid"), [""]

    def look() -> Object | None:
        return ask(lambda: newest(resource.get(namespace=namespace, **where).to_dict()))

    def newest(listed: Object) -> Object | None:
        version[0] = listed["metadata"]["resourceVersion"]
        items = [{**i, "kind": kind, "apiVersion": resource.group_version} for i in listed["items"]]
        return next((i for i in items if condition != "gone" or not uid or i["metadata"]["uid"] == uid), None)

    def stream(deadline: Deadline) -> Iterator[Any]:
        yield None  # the list gives the version to watch from: nothing is missed between the two
        left = deadline.left()
        if not left:
            return
        watcher = watch.Watch()
        alarm = threading.Timer(left + 1, watcher.stop)
        alarm.daemon = True
        alarm.start()
        query = {"namespace": namespace, "resource_version": version[0], "serialize": False, **where}
        try:
            # the server ends the stream at the deadline; if it does not, the socket's own time-out does
            for event in watcher.stream(
                resource.get, **query, timeout_seconds=max(1, round(left)), _request_timeout=(5, left)
            ):
                seen = event["raw_object"]
                yield GONE if event["type"] == "DELETED" else seen
        except (ApiException, DynamicApiError, *BROKEN):
            return  # dropped, or too old a version: list again
        finally:
            alarm.cancel()
            watcher.stop()

    def state_of(x: Any) -> bool:
        return test(None if x is GONE else x)

    found = follow(
        f"{o['kind']}/{name}", word, state_of, look, stream,
        lambda x: evidence(dynamic, o, x), Deadline(timeout),
        f"kubectl describe {o['kind'].lower()} {name}" + (f" -n {namespace}" if namespace else ""),
    )  # fmt: skip
    return o if found is None or found is GONE else found


GONE = object()
"""The object was deleted: unlike None, which asks `follow` to look."""


def find(dynamic: DynamicClient, api_version: str | None, kind: str) -> Any:
    """The resource behind a kind.

    Raises:
        Usage: the cluster has no such kind.
    """
    try:
        return ask(
            lambda: dynamic.resources.get(kind=kind, **({"api_version": api_version} if api_version else {}))
        )
    except Exception as e:
        if type(e).__name__ in ("ResourceNotFoundError", "ResourceNotUniqueError"):
            raise Usage(f"The cluster has no kind {kind!r}.", found=e) from None
        raise


def ask(call: Callable[[], Any]) -> Any:
    """Calls the API server; None if the object is not there.

    Raises:
        ClusterUnavailable: it does not answer.
    """
    try:
        return call()
    except NotFoundError:
        return None
    except BROKEN as e:
        raise ClusterUnavailable(
            "The cluster's API server does not answer.", found=e, fix="make up"
        ) from None


def evidence(dynamic: DynamicClient, o: Object, last: Any) -> str:
    """The object's last conditions and its recent events, newest last."""
    if last is None or last is GONE:
        return "last state: not there"
    status = last.get("status") or {}
    lines = [
        f"last state: {c['type']}={c['status']}"
        + (f" ({c.get('reason')}: {c.get('message')})" if c.get("reason") else "")
        for c in status.get("conditions") or []
    ] or [f"last state: {status.get('phase') or status or 'no status yet'}"]
    try:
        events = find(dynamic, "v1", "Event").get(
            namespace=o["metadata"].get("namespace") or "default",
            field_selector=f"involvedObject.name={o['metadata']['name']}",
        )
        items = sorted(
            events.to_dict()["items"], key=lambda e: e.get("lastTimestamp") or e.get("eventTime") or ""
        )
        lines += [f"event: {e.get('reason')}: {e.get('message')}" for e in items[-EVENTS:]]
    except Exception:  # evidence is a courtesy: what was waited for has failed already
        lines.append("(no events to be had)")
    return "\n".join(lines)
