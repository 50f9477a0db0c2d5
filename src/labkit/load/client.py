"""A client inside the cluster: it asks one request after another, and hands back what was answered."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any, Protocol

from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.stream import stream

from labkit.load import client_program
from labkit.load.generator import IMAGE, Clients, InPod

SILENCE = client_program.TRIES * client_program.PATIENCE + 15
"""Seconds in which an answer, or what went wrong, must have come."""


class Connection(Protocol):
    """Standard input and output of the program in the Pod."""

    def is_open(self) -> bool:
        """Whether it can still be used."""
        ...

    def write_stdin(self, data: str) -> Any:
        """Sends a text to the program."""
        ...

    def readline_stdout(self, timeout: float) -> str:
        """The program's next line; empty if none came in so many seconds, or the connection has ended."""
        ...

    def close(self) -> None:
        """Ends it, and the program."""
        ...


class PodClient:
    """Sends requests from a Pod, one after another, each on a connection of its own.

    Unlike a `LoadGenerator` it waits for each answer, so it measures no outage: it says who answers. A
    request without an answer is sent again, three times in all: a connection may be lost while Pods come
    and go.

    Args:
        connect: starts the program in the Pod; called again after it has gone silent.
    """

    def __init__(self, connect: Callable[[], Connection]):
        self.connect, self.connection = connect, connect()

    @classmethod
    def start(cls, lab: Clients, name: str = "client") -> PodClient:
        """Starts one in a Pod of the Lab's namespace; a Pod of that name is replaced.

        Args:
            lab: whose cluster.
            name: the Pod's.
        """
        idle = ["python3", "-c", "import signal; signal.pause()"]
        spec = {
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": name, "image": IMAGE, "command": idle}],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        InPod(lab, pod).restart()

        def connect() -> Connection:
            # of its own: while it connects, stream() replaces what a client sends with, for all threads
            core = CoreV1Api(ApiClient(lab.kube.configuration))
            how = {"command": command(), "stdin": True, "stdout": True, "_preload_content": False}
            connection: Connection = stream(core.connect_get_namespaced_pod_exec, name, lab.namespace, **how)
            return connection

        return cls(connect)

    def get(self, url: str, n: int = 1) -> list[Any]:
        """Sends n requests, one after another; their answers, read as JSON.

        Args:
            url: with ``http``, as it is reached in the cluster.
            n: how many.

        Raises:
            ConnectionError: one got no answer in three tries, or the Pod said nothing.
            ValueError: an answer is no JSON.
        """
        return [json.loads(self.answer(url)) for _ in range(n)]

    def answer(self, url: str) -> str:
        """Sends one request; the answer's text.

        Raises:
            ConnectionError: it got no answer in three tries, or the Pod said nothing.
        """
        if not self.connection.is_open():
            self.connection = self.connect()
        self.connection.write_stdin(f"{url}\n")
        line = self.connection.readline_stdout(timeout=SILENCE)
        if not line:
            self.connection.close()  # what comes later would be taken for another request's answer
            raise ConnectionError(
                f"The client's Pod said nothing for {SILENCE:g} s, or its program has ended."
            )
        text, error = json.loads(line)
        if text is None:
            raise ConnectionError(f"{url}: {error}")
        return str(text)


def command() -> list[str]:
    """What is run in the container: the program's source."""
    return ["python3", "-c", inspect.getsource(client_program)]
