"""How a check looks at what a learner made: it asks the very object, from inside, and leaves nothing behind.

A request is sent by a helper container that shares the network of the container that is meant, or by a helper
Pod: no published port is needed, and no other object with the same name or port can answer in its place.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import docker
from docker.models.containers import Container
from kubernetes import client
from kubernetes.stream import stream

from labkit.core.errors import BrokenEnvironment, ImageUnavailable, Mismatch, Missing, TimedOut
from labkit.core.kube import ask
from labkit.core.paths import REGISTRY
from labkit.lab.lab import Lab

IMAGE = f"{REGISTRY}/python:3.13"
PROGRAM = """
import json, sys, urllib.error, urllib.request
url, times, patience, method, data = json.loads(sys.argv[1])
for _ in range(times):
    try:
        body = data.encode() if data is not None else None
        asked = urllib.request.Request(url, method=method, data=body)
        with urllib.request.urlopen(asked, timeout=patience) as r:
            said = [r.status, r.read(100000).decode(errors="replace")]
    except urllib.error.HTTPError as e:
        said = [e.code, e.read(100000).decode(errors="replace")]
    except Exception as e:
        said = [0, str(getattr(e, "reason", e))]
    print(json.dumps(said), flush=True)
"""
END = "labkit: the end"
MARKED = f'sh -c "$1"; status=$?; echo "{END}"; exit $status'
CANNOT_RUN = 126
"""Statuses from here on: no such shell, or ended by a signal, which leaves no time for a mark."""


@dataclass(frozen=True)
class Reply:
    """An answer to an HTTP request.

    Attributes:
        status: its status; 0 if there was none.
        body: its text, or why there was none.
    """

    status: int
    body: str

    @property
    def ok(self) -> bool:
        """Whether it is a good answer."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The text as JSON.

        Raises:
            Mismatch: it is none.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            raise Mismatch("The answer is no JSON.", found=self.body[:200]) from None


def container(lab: Lab, name: str) -> Container:
    """A container by its name.

    Raises:
        Missing: there is none.
    """
    try:
        return lab.docker.containers.get(name)
    except docker.errors.NotFound:
        raise Missing(f"There is no container {name}.") from None


def running(lab: Lab, name: str) -> Container:
    """A container that runs, by its name.

    Raises:
        Missing: there is none.
        Mismatch: it does not run.
    """
    found = container(lab, name)
    state = found.attrs["State"]
    if not state["Running"] or state.get("Restarting") or state.get("Paused"):
        said = state["Status"] + (f", exit code {state['ExitCode']}" if state["Status"] == "exited" else "")
        raise Mismatch(f"The container {name} does not run.", wanted="running", found=said)
    return found


def network(lab: Lab, name: str) -> Any:
    """A network by its exact name.

    Raises:
        Missing: there is none.
    """
    for found in lab.docker.networks.list(names=[name]):
        if found.name == name:
            found.reload()
            return found
    raise Missing(f"There is no network {name}.")


def volume(lab: Lab, name: str) -> Any:
    """A volume by its name.

    Raises:
        Missing: there is none.
    """
    try:
        return lab.docker.volumes.get(name)
    except docker.errors.NotFound:
        raise Missing(f"There is no volume {name}.") from None


def image(lab: Lab, name: str) -> Any:
    """An image by its name.

    Raises:
        Missing: there is none.
    """
    try:
        return lab.docker.images.get(name)
    except docker.errors.NotFound:
        raise Missing(f"There is no image {name}.") from None


def shell(box: Container, line: str, user: str = "") -> tuple[int, str]:
    """A line of shell inside a container: its status, and what it printed, errors included.

    Args:
        box: the container.
        line: what `sh -c` is given.
        user: as whom; empty is the container's own.

    Raises:
        BrokenEnvironment: a busy engine lost what was printed, which is no answer of the learner's.
    """
    status, raw = cast(tuple[int, bytes], box.exec_run(["sh", "-c", MARKED, "sh", line], user=user))
    said = raw.decode(errors="replace")
    if END not in said and status < CANNOT_RUN:
        raise BrokenEnvironment(
            "The engine lost what a command printed.", wanted=line[:200], found=said[-200:], fix="check again"
        )
    return status, said.replace(f"{END}\n", "").strip()


def last_words(box: Container, lines: int = 3) -> str:
    """The end of a container's log.

    Args:
        box: the container.
        lines: how many; output and complaints are two streams, and may change places.
    """
    return box.logs(tail=lines).decode(errors="replace").strip() or "an empty log"


def run(lab: Lab, *command: str, image: str = IMAGE, **options: Any) -> str:
    """Runs a command in a helper container, which is removed; returns what it printed.

    Args:
        lab: whose.
        *command: program and arguments.
        image: of the helper.
        **options: as for ``containers.create``, such as ``volumes``, ``network``, ``network_mode``.

    Raises:
        ImageUnavailable: the helper's image is not there.
        BrokenEnvironment: the command failed.
    """
    name = f"labkit-probe-{secrets.token_hex(4)}"
    try:
        helper = lab.docker.containers.create(image, list(command), name=name, **options)
    except docker.errors.ImageNotFound:
        raise ImageUnavailable("The image of the helper is not there.", wanted=image, fix="make up") from None
    try:
        helper.start()
        status = helper.wait(timeout=60)["StatusCode"]
        said = helper.logs().decode(errors="replace")
    finally:
        helper.remove(force=True, v=True)
    if status:
        raise BrokenEnvironment(f"A helper ended with status {status}.", found=said[-300:])
    return said


def program(url: str, times: int, patience: float, method: str, data: str | None) -> list[str]:
    """The command that sends requests and prints one line of JSON for each."""
    return ["python3", "-IS", "-c", PROGRAM, json.dumps([url, times, patience, method, data])]


def replies(printed: str) -> list[Reply]:
    """What the program printed."""
    return [Reply(*json.loads(line)) for line in printed.splitlines() if line.startswith("[")]


def http(
    lab: Lab,
    target: Container,
    url: str,
    times: int = 1,
    patience: float = 3,
    method: str = "GET",
    data: str | None = None,
) -> list[Reply]:
    """Sends requests from inside a container's own network, so that ``127.0.0.1`` is that container.

    Args:
        lab: whose.
        target: the container.
        url: such as ``http://127.0.0.1:8080/``.
        times: how many, one after another.
        patience: seconds for each.
        method: the request's.
        data: its body.
    """
    return replies(
        run(lab, *program(url, times, patience, method, data), network_mode=f"container:{target.id}")
    )


def http_on(lab: Lab, network: str, url: str, times: int = 1, patience: float = 3) -> list[Reply]:
    """Sends requests from a helper that is plugged into a network, so that names are looked up there."""
    return replies(run(lab, *program(url, times, patience, "GET", None), network=network))


@contextmanager
def pod(lab: Lab) -> Iterator[Inside]:
    """A helper Pod in the lab's namespace, from which requests are sent; removed at the end of the block."""
    name = f"probe-{secrets.token_hex(4)}"
    core = client.CoreV1Api(lab.kube)
    idle = {
        "name": "probe",
        "image": IMAGE,
        "command": ["python3", "-IS", "-c", "import signal; signal.pause()"],
    }
    spec = {"terminationGracePeriodSeconds": 0, "enableServiceLinks": False, "containers": [idle]}
    metadata = {"name": name, "labels": {"labkit.observe.containers": name}}
    body: Any = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    created = ask(lambda: core.create_namespaced_pod(lab.namespace, body))
    try:
        helper_is_up(lab, created)
        yield Inside(lab, name)
    finally:
        ask(lambda: core.delete_namespaced_pod(name, lab.namespace, grace_period_seconds=0))


def helper_is_up(lab: Lab, created: Any) -> None:
    """Waits for a helper Pod.

    Raises:
        BrokenEnvironment: it is not ready in time; the learner has no part in that.
    """
    try:
        lab.wait(created, "Ready", timeout=60)
    except TimedOut as e:
        raise BrokenEnvironment("A helper Pod did not start.", found=e.evidence, fix="make doctor") from None


class Inside:
    """A helper Pod.

    Args:
        lab: whose.
        name: the Pod's.
    """

    def __init__(self, lab: Lab, name: str):
        self.lab, self.name = lab, name

    def http(
        self, url: str, times: int = 1, patience: float = 3, method: str = "GET", data: str | None = None
    ) -> list[Reply]:
        """Sends requests from inside the cluster, one after another."""
        # of its own: while it connects, stream() replaces what a client sends requests with, for all threads
        core = client.CoreV1Api(client.ApiClient(self.lab.kube.configuration))
        options = {"stdout": True, "stderr": True, "_preload_content": False}
        command = program(url, times, patience, method, data)
        connection = stream(
            core.connect_get_namespaced_pod_exec, self.name, self.lab.namespace, command=command, **options
        )
        connection.run_forever(timeout=patience * times + 10)
        return replies(connection.read_all())
