"""An open-loop load generator: it sends requests from a container or a Pod while something changes."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from docker import DockerClient
from docker.models.containers import Container
from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.dynamic import DynamicClient

from labkit.core.errors import BrokenEnvironment, Usage
from labkit.core.kube import ask
from labkit.load import program
from labkit.load.records import Request, Requests, parse
from labkit.wait import objects
from labkit.wait.until import until

IMAGE = "localhost:5001/python:3.13"
AFTER = 5
"""Seconds that a record may come late: a time-out, and what the log takes."""


class Clients(Protocol):
    """What is asked of a Lab: its clients and its namespace."""

    @property
    def docker(self) -> DockerClient:
        """The client of the engine."""
        ...

    @property
    def kube(self) -> ApiClient:
        """The client of the cluster."""
        ...

    @property
    def dynamic(self) -> DynamicClient:
        """The SDK's dynamic client."""
        ...

    @property
    def namespace(self) -> str:
        """The Lab's own namespace."""
        ...


class Place(Protocol):
    """Where a sender runs."""

    def log(self, since: float | None, tail: int | None) -> str:
        """Its log, from a moment on, or so many of its last lines."""
        ...

    def restart(self) -> None:
        """Ends the sender and starts it again."""
        ...

    def remove(self) -> None:
        """Ends the sender and removes its container or Pod."""
        ...


class InContainer:
    """A sender in a container.

    Args:
        container: it.
    """

    def __init__(self, container: Container):
        self.container = container

    def log(self, since: float | None, tail: int | None) -> str:
        """Its log; ``since`` is a moment, in whole seconds."""
        how: dict[str, Any] = {"since": None if since is None else int(since)}
        logs: bytes = self.container.logs(tail="all" if tail is None else tail, **how)
        return logs.decode()

    def restart(self) -> None:
        """Starts it again; its log goes on."""
        self.container.restart(timeout=1)

    def remove(self) -> None:
        """Removes it."""
        self.container.remove(force=True)


class InPod:
    """A sender in a Pod, of which there is one at a time.

    Args:
        lab: whose namespace.
        pod: the Pod.
    """

    def __init__(self, lab: Clients, pod: dict[str, Any]):
        self.lab, self.pod = lab, pod
        self.core = CoreV1Api(lab.kube)
        self.name = pod["metadata"]["name"]

    def start(self) -> None:
        """Makes the Pod and waits until it is ready."""
        body: Any = self.pod
        ask(lambda: self.core.create_namespaced_pod(self.lab.namespace, body))
        self.wait("Ready")

    def wait(self, condition: str) -> None:
        """Waits for a condition of the Pod."""
        metadata = {"name": self.name, "namespace": self.lab.namespace}
        named = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}
        objects.wait(self.lab.dynamic, named, condition, timeout=60)

    def log(self, since: float | None, tail: int | None) -> str:
        """Its log; the API server takes ``since`` as so many seconds ago."""
        how: dict[str, Any] = {} if tail is None else {"tail_lines": tail}
        if since is not None:
            how["since_seconds"] = max(1, int(time.time() - since) + 1)
        # as it is: the SDK would read a single line as JSON and hand back another text
        answer: Any = self.core.read_namespaced_pod_log(
            self.name, self.lab.namespace, _preload_content=False, **how
        )
        text: str = answer.data.decode()
        return text

    def restart(self) -> None:
        """Another Pod of the same name."""
        self.remove()
        self.start()

    def remove(self) -> None:
        """Removes the Pod, and waits until it is gone."""
        ask(lambda: self.core.delete_namespaced_pod(self.name, self.lab.namespace))
        self.wait("gone")


class LoadGenerator:
    """Sends requests at a fixed rate to each target, answered or not, and keeps one record of each.

    Made by `in_container` or `in_pod`. It is harmless: a request that would go out a second late is skipped,
    at most 200 are under way, and it ends by itself.

    Args:
        place: where it runs.
        settings: what its program was told.
    """

    def __init__(self, place: Place, settings: dict[str, Any]):
        self.place, self.settings = place, settings

    @classmethod
    def in_container(
        cls, lab: Clients, name: str, targets: Mapping[str, str], *, network: str, **how: Any
    ) -> LoadGenerator:
        """Starts one in a container on a Docker network.

        Args:
            lab: whose engine.
            name: the container's.
            targets: name → URL; records are filed under the name.
            network: the network on which the targets are reached.
            **how: ``rate`` in requests a second to each target (25), ``timeout`` in seconds (2), ``duration``
                in seconds (600); ``key``: all that is kept of an answer in JSON; ``lookup``: a host's name is
                looked up ``"once"``, or for ``"each"`` request where its address may change.
        """
        settings = checked(targets, **how)
        container = lab.docker.containers.run(
            IMAGE, command(settings), name=name, network=network, init=True, detach=True
        )
        return cls(InContainer(container), settings).begun()

    @classmethod
    def in_pod(
        cls, lab: Clients, name: str, targets: Mapping[str, str], *, cpu: str = "500m", **how: Any
    ) -> LoadGenerator:
        """Starts one in a Pod of the Lab's namespace.

        Args:
            lab: whose cluster.
            name: the Pod's.
            targets: as for `in_container`.
            cpu: what the Pod asks for: on a busy node the sender comes first, for it is the clock.
            **how: as for `in_container`.
        """
        settings = checked(targets, **how)
        resources = {"requests": {"cpu": cpu}}
        container = {"name": name, "image": IMAGE, "command": command(settings), "resources": resources}
        spec = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [container]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        place = InPod(lab, pod)
        place.start()
        return cls(place, settings).begun()

    def begun(self) -> LoadGenerator:
        """Itself, once each target has had a request.

        Raises:
            BrokenEnvironment: the program has failed; its last words are the evidence.
        """
        self.wait_more(1, timeout=30)
        return self

    def requests(self, since: float | None = None) -> Requests:
        """The records so far, in the order of their outcomes.

        Args:
            since: only outcomes from about this moment on.
        """
        return parse(self.place.log(since, None))

    def last(self, n: int, target: str) -> Requests:
        """The n records of a target that came last; fewer if there are no more in the log's end."""
        lines = 2 * n * len(self.settings["targets"])  # lost ones come late, and so not in turn
        return parse(self.place.log(None, lines)).of(target).last(n)

    def wait_last(
        self, n: int, test: Callable[[Request], bool], target: str, *, timeout: float = 60
    ) -> Requests:
        """Waits until the last n outcomes of a target pass a test; returns them.

        Args:
            n: how many in a row.
            test: given one record.
            target: whose.
            timeout: seconds.

        Raises:
            TimedOut: they did not.
        """

        def passed() -> Requests:
            rows = self.last(n, target)
            return rows if len(rows) == n and all(map(test, rows)) else Requests()

        what = f"{n} requests in a row to {target} that are as wanted"
        return until(passed, timeout=timeout, every=0.05, what=what)

    def wait_more(self, n: int, *, timeout: float = 60) -> None:
        """Waits until each target has n more records, of requests that are sent from now on.

        Raises:
            TimedOut: one has not.
            BrokenEnvironment: the sender has failed.
        """
        now = time.time()

        def there() -> bool:
            rows = self.checked_log(now)
            return all(
                len(rows.of(name).between(now, float("inf"))) >= n for name in self.settings["targets"]
            )

        until(there, timeout=timeout, every=0.05, what=f"{n} more outcomes of each target")

    def checked_log(self, since: float) -> Requests:
        """The records from a moment on.

        Raises:
            BrokenEnvironment: the sender's program has failed.
        """
        text = self.place.log(since - 1, None)
        for line in text.splitlines():
            if line.startswith('"'):  # no record: the program's last words, as one text
                raise BrokenEnvironment("The load generator has failed.", found=json.loads(line)[-1500:])
        return parse(text)

    def complete(self, began: float, ended: float) -> Requests:
        """The records around a time, once each request that was sent in it has one, or some seconds after it.

        Args:
            began: when the time began.
            ended: when it ended; it may lie ahead.
        """
        timeout, rate = self.settings["timeout"], self.settings["rate"]
        since = began - timeout - 2 / rate - 1  # with one of each target that was sent before it

        def all_there() -> Requests:
            rows = self.requests(since)
            over = time.time() > ended + timeout + AFTER
            return rows if over or not rows.missing(began, ended) else Requests()

        limit = max(0.0, ended - time.time()) + timeout + AFTER + 30
        return until(all_there, timeout=limit, every=0.05, what="the outcomes of all requests")

    def calm(self, seconds: float, control: str, since: float | None = None) -> tuple[float, Requests]:
        """A time that can be judged, as `Requests.undisturbed` says: the first of four, else the fourth.

        Args:
            seconds: how long it is.
            control: a target that nobody changes.
            since: records from this earlier moment on are wanted, too.

        Returns:
            When it began, and the records around it.
        """
        for _ in range(4):
            began = time.time()
            rows = self.complete(began if since is None else since, began + seconds)
            if rows.undisturbed(control, began, began + seconds):
                break
        return began, rows

    def renew(self, seconds: float = 240) -> None:
        """Begins anew if it has sent for longer than this: a reader may have paused, and it ends in time."""
        rows = parse(self.place.log(None, 1))
        if not rows or rows[-1].number > seconds * self.settings["rate"]:
            self.place.restart()
            self.begun()

    def remove(self) -> None:
        """Ends it and removes its container or Pod."""
        self.place.remove()


def checked(
    targets: Mapping[str, str],
    *,
    rate: float = 25,
    timeout: float = 2,
    duration: float = 600,
    key: str | None = None,
    lookup: Literal["once", "each"] = "once",
) -> dict[str, Any]:
    """The settings of a generator, as its program takes them.

    Raises:
        Usage: one makes no sense.
    """
    if not targets or not all(name and url.startswith("http://") for name, url in targets.items()):
        raise Usage("A load generator needs targets.", wanted="name → http://…", found=dict(targets))
    for what, value in (("rate", rate), ("timeout", timeout), ("duration", duration)):
        if not value > 0:
            raise Usage(f"A load generator's {what} is more than 0.", found=value)
    if lookup not in ("once", "each"):
        raise Usage("A name is looked up once, or for each request.", wanted="once, each", found=lookup)
    how = {"rate": rate, "timeout": timeout, "duration": duration, "key": key, "once": lookup == "once"}
    return {"targets": dict(targets), **how}


def command(settings: dict[str, Any]) -> list[str]:
    """What the container runs: the program's source, and its settings."""
    return ["python3", "-c", inspect.getsource(program), json.dumps(settings)]
