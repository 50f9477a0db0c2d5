"""The histories of a namespace's Pods, from watches: when each one started, was ready, was told to end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from kubernetes import watch
from kubernetes.client import ApiClient, CoreV1Api, DiscoveryV1Api

from labkit.core.errors import ClusterUnavailable
from labkit.load.plots import Interval
from labkit.wait.until import until

SERVED = "app"
"""The label by which a Pod belongs to a Deployment here."""


class Cluster(Protocol):
    """What is asked of a Lab."""

    @property
    def kube(self) -> ApiClient:
        """The client of the cluster."""
        ...

    @property
    def namespace(self) -> str:
        """The Lab's own namespace."""
        ...


@dataclass
class PodHistory:
    """One Pod: moments in seconds since the epoch, as the watch told them; None for what has not come.

    Attributes:
        name: the Pod's.
        app: its label ``app``.
        env: the variables of its first container.
        started: its container ran.
        ready: it was counted as ready.
        deleted: it was told to end.
        terminating: an EndpointSlice marked its address so, and as not ready.
        gone: it was there no more.
    """

    name: str
    app: str
    env: dict[str, str | None] = field(default_factory=dict)
    started: float | None = None
    ready: float | None = None
    deleted: float | None = None
    terminating: float | None = None
    gone: float | None = None

    def mark(self, moment: str, at: float, is_so: bool) -> None:
        """Notes a moment the first time that it is so."""
        if is_so and getattr(self, moment) is None:
            setattr(self, moment, at)


class PodWatch:
    """Follows the Pods and EndpointSlices of a Lab's namespace, in the background, until the program ends.

    Args:
        lab: the Lab.
    """

    def __init__(self, lab: Cluster):
        self.histories: dict[str, PodHistory] = {}
        self.failure: Exception | None = None
        self.namespace = lab.namespace
        pods, slices = CoreV1Api(lab.kube), DiscoveryV1Api(lab.kube)
        for call, note in (
            (pods.list_namespaced_pod, self.note_pod),
            (slices.list_namespaced_endpoint_slice, self.note_slice),
        ):
            threading.Thread(target=self.follow, args=(call, note), daemon=True).start()

    def follow(self, call: Any, note: Any) -> None:
        """Notes each event of a watch, with the moment at which it came."""
        try:
            for event in watch.Watch().stream(call, self.namespace):
                note(time.time(), event["type"], event["object"])
        except Exception as e:  # told to whoever asks next
            self.failure = e

    def note_pod(self, at: float, kind: str, pod: Any) -> None:
        """Notes one event of a Pod."""
        meta, status = pod.metadata, pod.status
        if meta.name not in self.histories:
            env = {v.name: v.value for v in pod.spec.containers[0].env or []}
            self.histories[meta.name] = PodHistory(meta.name, (meta.labels or {}).get(SERVED, ""), env)
        history = self.histories[meta.name]
        conditions, containers = status.conditions or [], status.container_statuses or []
        history.mark("started", at, any(c.state.running for c in containers))
        history.mark("ready", at, any(c.type == "Ready" and c.status == "True" for c in conditions))
        history.mark("deleted", at, meta.deletion_timestamp is not None)
        history.mark("gone", at, kind == "DELETED")

    def note_slice(self, at: float, kind: str, part: Any) -> None:
        """Notes one event of an EndpointSlice."""
        for endpoint in part.endpoints or []:
            pod = endpoint.target_ref and self.histories.get(endpoint.target_ref.name)
            if pod:
                pod.mark("terminating", at, bool(endpoint.conditions.terminating))

    def of(self, app: str) -> list[PodHistory]:
        """The Pods of an app, in the order in which they were seen first.

        Raises:
            ClusterUnavailable: the watch has ended, so that what is known is old.
        """
        if self.failure is not None:
            raise ClusterUnavailable("The watch of the Pods has ended.", found=repr(self.failure))
        return [history for history in [*self.histories.values()] if history.app == app]

    def left(self, app: str) -> list[PodHistory]:
        """Those that are not gone."""
        return [history for history in self.of(app) if history.gone is None]

    def kept(self, app: str) -> list[PodHistory]:
        """Those that were not told to end."""
        return [history for history in self.of(app) if history.deleted is None]

    def wait_env(self, app: str, name: str, value: str, *, timeout: float = 90) -> None:
        """Waits until only Pods with this value of a variable are left of an app.

        Raises:
            TimedOut: others are still there.
        """

        def alone() -> bool:
            left = self.left(app)
            return bool(left) and all(history.env.get(name) == value for history in left)

        until(alone, timeout=timeout, every=0.05, what=f"only Pods of {app} with {name}={value} are left")

    def intervals(self, app: str, began: float, ended: float) -> Iterator[Interval]:
        """The lives of an app's Pods within a time; those that were told to end before it are left out.

        Args:
            app: the label.
            began: when the time began: a Pod that started after it is new.
            ended: when it ended.
        """
        for pod in self.of(app):
            if pod.started is None or pod.started >= ended or (pod.deleted or ended) < began:
                continue
            is_new = pod.started >= began
            gone = min(pod.gone or ended, ended)
            yield Interval(max(pod.started, began), gone, is_new, pod.ready if is_new else None)
