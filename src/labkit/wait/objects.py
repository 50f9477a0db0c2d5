"""Conditions of Kubernetes objects, from their watch."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

from kubernetes.client import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import DynamicApiError

from labkit.core.errors import Usage
from labkit.core.kube import BROKEN, CONNECT, answer_within, ask, find
from labkit.wait.conditions import NAMED, Object, has, is_done, ready_endpoints
from labkit.wait.diagnostics import evidence
from labkit.wait.loop import LOOK, Deadline, Predicate, follow


def wait(
    dynamic: DynamicClient,
    o: Object,
    condition: str | Callable[[Object], Any],
    timeout: float,
    count: int = 1,
) -> Object:
    """Waits for an object of the cluster.

    Args:
        dynamic: the client.
        o: the object; apiVersion, kind, name and namespace are read, and for ``gone`` the uid if it is there.
        condition: ``Available``, ``Ready`` (any condition type), ``complete`` (a rollout, a Job),
            ``Endpoints`` (of a Service or an EndpointSlice), ``gone``, or a predicate of the object as dict.
        timeout: seconds.
        count: how many ready addresses, for ``Endpoints``.

    Returns:
        The object as a dict, as it was when the condition held: the one that was given for ``gone``, the
        first EndpointSlice for ``Endpoints`` of a Service.

    Raises:
        TimedOut: with its last conditions and events.
        Mismatch: a Job has failed, so that it can no longer be complete.
        ClusterUnavailable: the API server cannot be reached.
        Usage: no such condition, or the cluster has no such kind.
    """
    deadline, (test, word) = Deadline(timeout), condition_of(o["kind"], condition, count)
    with answer_within(deadline.answer()):
        watched = Watched(dynamic, o, slices=condition == "Endpoints" and o["kind"] == "Service")
    name, namespace = o["metadata"]["name"], o["metadata"].get("namespace")
    state = follow(
        f"{o['kind']}/{name}",
        word,
        watched.gone if condition == "gone" else test,
        watched.look,
        watched.stream,
        lambda last: evidence(dynamic, o, last),
        deadline,
        f"kubectl describe {o['kind'].lower()} {name}" + (f" -n {namespace}" if namespace else ""),
    )
    return o if state is None or condition == "gone" else watched.one(state)


def condition_of(
    kind: str, condition: str | Callable[[Object], Any], count: int
) -> tuple[Callable[[Object | None], bool], str]:
    """The test of a condition, and the condition in words.

    Raises:
        Usage: there is no such condition.
    """
    if callable(condition):
        predicate = Predicate(condition)
        return predicate, str(predicate)
    if condition == "Endpoints" and kind in ("Service", "EndpointSlice"):
        return (lambda o: ready_endpoints(o) >= count), f"at {count} ready endpoint(s)"
    if condition in NAMED:
        return NAMED[condition], condition
    if not isinstance(condition, str) or not condition[:1].isupper() or condition == "Endpoints":
        wanted = f"a condition type such as Ready, a predicate, {', '.join(NAMED)}; Endpoints of a Service"
        raise Usage(f"{kind} has no condition {condition!r}.", wanted=wanted)
    return is_done if (kind, condition) == ("Job", "Complete") else has(condition), condition


class Watched:
    """An object (or a Service's EndpointSlices) as the API server tells of it.

    Args:
        dynamic: the client.
        o: the object.
        slices: watch the EndpointSlices of this Service in its place.
    """

    def __init__(self, dynamic: DynamicClient, o: Object, slices: bool = False):
        self.o, self.slices, name = o, slices, o["metadata"]["name"]
        if slices:
            self.resource = find(dynamic, "discovery.k8s.io/v1", "EndpointSlice")
            by = {"label_selector": f"kubernetes.io/service-name={name}"}
        else:
            self.resource = find(dynamic, o.get("apiVersion"), o["kind"])
            by = {"field_selector": f"metadata.name={name}"}
        self.query = {"namespace": o["metadata"].get("namespace"), **by}
        self.items: dict[str, Object] = {}
        self.version = ""

    def state(self) -> Object | None:
        """The object, or the slices as a list; None where there is none."""
        items = [self.items[name] for name in sorted(self.items)]
        if not items:
            return None
        return {"kind": "EndpointSliceList", "items": items} if self.slices else items[0]

    def one(self, state: Object) -> Object:
        """A single object, where a state may be a list."""
        first: Object = state["items"][0] if self.slices else state
        return first

    def gone(self, state: Object | None) -> bool:
        """Whether the object that was meant is no longer there; a new one of its name is another."""
        uid = self.o["metadata"].get("uid")
        return state is None or bool(uid and state["metadata"]["uid"] != uid)

    def look(self, deadline: Deadline) -> Object | None:
        """The object as it is now, and the version from which to watch."""
        with answer_within(deadline.answer()):
            listed = ask(lambda: self.resource.get(**self.query).to_dict()) or {"items": [], "metadata": {}}
        self.version = listed["metadata"].get("resourceVersion", "")
        named = {"kind": self.resource.kind, "apiVersion": self.resource.group_version}
        self.items = {i["metadata"]["name"]: {**i, **named} for i in listed["items"]}
        return self.state()

    def stream(self, deadline: Deadline) -> Iterator[Any]:
        """`LOOK`, then the state after each change since that look."""
        yield LOOK
        if not deadline.left():
            return
        query = {
            **self.query,
            "resource_version": self.version,
            "timeout_seconds": math.ceil(deadline.left()),
        }
        times = {"_request_timeout": (CONNECT, deadline.silence())}
        try:
            answer = self.resource.get(**query, **times, watch=True, serialize=False)
            try:
                yield from self.changes(answer, deadline)
            finally:
                answer.close()
        except (ApiException, DynamicApiError, *BROKEN):
            return  # cut, silent, or from too old a version (410): list again

    def changes(self, answer: Any, deadline: Deadline) -> Iterator[Any]:
        """The state after each line of a watch; ends at a line that tells of an error."""
        socket, rest = getattr(answer.connection, "sock", None), b""
        for piece in answer.stream(None):
            *lines, rest = (rest + piece).split(b"\n")
            for event in map(json.loads, filter(None, lines)):
                if event["type"] == "ERROR":
                    return
                seen = event["object"]
                self.items.pop(seen["metadata"]["name"], None)
                if event["type"] != "DELETED":
                    self.items[seen["metadata"]["name"]] = seen
                yield self.state()
            if socket is not None:  # from here on, less time is left than when it was opened
                socket.settimeout(deadline.silence())
