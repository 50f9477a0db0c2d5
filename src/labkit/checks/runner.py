"""Checks, run in a process of their own that is ended when their time is over, with all that it has started.

The process is forked from a server that has imported the SDKs and the stem's checks. It gets all that it
needs as data, opens its own Lab, and tells each result. `labkit.checks.evaluation` is what happens in it.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from labkit.checks import loader
from labkit.checks.evaluation import HEALTH_SECONDS, Evaluation, unwell
from labkit.checks.faults import AGAIN, explain
from labkit.checks.model import Check, Suite
from labkit.checks.result import PASS, Result
from labkit.core.errors import BrokenEnvironment, LabkitError
from labkit.core.fork_server import ForkServer, Job, Spawner, new_server
from labkit.lab.lab import Lab
from labkit.lab.workspace import Workspace

START_SECONDS = 120.0
"""How long it may take until a process begins with its work."""

LOOKS = 3
"""How many looks at the lab, of `HEALTH_SECONDS` each, may lie between two messages of a process."""


@dataclass(frozen=True)
class Request:
    """All that a process needs for running checks.

    Attributes:
        stem: whose checks.
        root: the course's folder; None is this one.
        role: that of the Lab.
        workspace: where the work was done, with what is noted there.
        env: the environment variables of whoever asks.
        engine: the engine's ``url`` and the ``version`` of its API.
        most_output: how much a command in a container may print, in bytes; None is no bound.
        api_server: the address of the cluster's; None is what the kubeconfig says.
        names: the checks, in their order; none means a look at the lab alone.
        known: the results that stand already and are no pass, as JSON, by the check's name.
    """

    stem: str
    root: Path | None
    role: str
    workspace: Workspace
    env: dict[str, str]
    engine: dict[str, str]
    most_output: int | None
    api_server: str | None
    names: tuple[str, ...]
    known: dict[str, dict[str, Any]]


class Reporter:
    """Tells whoever waits at the other end of a line what an evaluation does.

    Args:
        line: where it is told, as JSON.
    """

    def __init__(self, line: Connection):
        self.line = line

    def tell(self, word: str, value: Any) -> None:
        """Sends a message: what it is, and its content."""
        self.line.send_bytes(json.dumps([word, value]).encode())

    def called(self, check: Check) -> None:
        """A check is about to be called."""
        self.tell("called", check.name)

    def returned(self, check: Check) -> None:
        """It has returned or raised."""
        self.tell("returned", check.name)

    def ended(self, result: Result) -> None:
        """Its result is there."""
        self.tell("ended", result.as_json())


def work(line: Connection, request: Request) -> None:
    """Runs checks, or looks at the lab; the whole life of a process.

    Args:
        line: where it is told.
        request: what is asked for.
    """
    os.environ.clear()
    os.environ.update(request.env)
    suite, reporter = loader.load(request.stem, request.root), Reporter(line)
    lab = Lab(request.stem, request.role, request.workspace, request.engine)
    try:
        lab.docker.api.most_output = request.most_output
        if request.api_server is not None:
            lab.kube.configuration.host = request.api_server
        known = {name: Result.from_json(record) for name, record in request.known.items()}
        evaluation = Evaluation(suite, lab, reporter, known)
        for name in request.names:
            evaluation.run(name)
        if not request.names:
            reporter.tell("lab", unwell(lab, suite))
    finally:
        lab.leave()


class Runner:
    """Runs checks of one suite at one lab, each within its time; what several of them need is run once.

    Args:
        suite: the checks.
        lab: where the work was done; what checks make there is its own.
        server: what starts the process; None is the one that all Runners of this process share.
    """

    def __init__(self, suite: Suite, lab: Lab, server: ForkServer | Spawner | None = None):
        self.suite, self.lab, self._server = suite, lab, server
        self._results: dict[str, Result] = {}

    def run(self, name: str) -> Result:
        """Runs a check, and first what it needs.

        Raises:
            Usage: there is no such check.
        """
        self.suite.find("checks", name)
        return self._run_all([name])[0]

    def run_all(self) -> list[Result]:
        """Runs all checks, in their order."""
        return self._run_all(list(self.suite.checks))

    def _run_all(self, names: Sequence[str]) -> list[Result]:
        """The results of some checks; a process that had to be ended is followed by another one."""
        while todo := [name for name in names if name not in self._results]:
            before = len(self._results)
            self._follow(todo)
            if len(self._results) == before:
                broken = explain(BrokenEnvironment("The process of the checks ended too early.", fix=AGAIN))
                self._keep(Result.of(self.suite.checks[todo[0]], **broken))
        return [self._results[name] for name in names]

    def _keep(self, result: Result) -> None:
        """Takes a result, unless there is one from an earlier process."""
        self._results.setdefault(result.name, result)

    def _follow(self, names: Sequence[str]) -> None:
        """Runs checks in one process, until it ends or must be ended.

        Raises:
            BrokenEnvironment: no process could be started.
        """
        job = self._start(names)
        check, started, limit = None, time.monotonic(), START_SECONDS
        try:
            while True:
                if not job.line.poll(max(started + limit - time.monotonic(), 0)):
                    job.end()
                    self._late(check, time.monotonic() - started)
                    return
                word, value = json.loads(job.line.recv_bytes())
                started = time.monotonic()
                if word == "called":
                    check, limit = self.suite.checks[value], self.suite.checks[value].timeout
                elif word == "returned":
                    check, limit = None, LOOKS * HEALTH_SECONDS
                else:
                    self._keep(Result.from_json(value))
        except (EOFError, OSError):
            job.forget()
            if check is not None:
                error = BrokenEnvironment("The process of the check was ended.", fix=AGAIN)
                self._keep(Result.of(check, **(self._look() or explain(error))))
        finally:
            job.end()

    def _late(self, check: Check | None, seconds: float) -> None:
        """Notes what comes of a check that took too long."""
        if check is not None:
            error = BrokenEnvironment(f"The check did not end within {check.timeout:g} s.", fix=AGAIN)
            parts = self._look() or explain(error)
            self._keep(Result.of(check, **parts, seconds=round(seconds, 3)))

    def _look(self) -> dict[str, Any] | None:
        """What is wrong with the lab, or None."""
        job = self._start(())
        try:
            if job.line.poll(START_SECONDS):
                return json.loads(job.line.recv_bytes())[1]  # type: ignore[no-any-return]
        except (EOFError, OSError):
            pass
        finally:
            job.end()
        return explain(BrokenEnvironment("The lab could not be looked at.", fix=AGAIN))

    def _start(self, names: Sequence[str]) -> Job:
        """Starts a process that runs checks.

        Raises:
            BrokenEnvironment: none can be started.
        """
        lab, api = self.lab, self.lab.docker.api
        api_server = None
        if self.suite.cluster:
            with suppress(LabkitError):  # the process finds out, and says so
                # asked for here, too, so that this Lab removes what checks make in the cluster
                api_server = lab.kube.configuration.host
        standing = {n: r.as_json() for n, r in self._results.items() if r.verdict != PASS}
        request = Request(
            self.suite.stem,
            self.suite.root,
            lab.role,
            lab.workspace,
            dict(os.environ),
            {"url": api.url, "version": api.api_version},
            api.most_output,
            api_server,
            tuple(names),
            standing,
        )
        server = self._server or shared_server()
        with suppress(BrokenEnvironment):  # what cannot be loaded is told by the process itself
            server.call(loader.load, self.suite.stem, self.suite.root)
        return server.run(work, request)


class SharedServer:
    """The server that the Runners of this process share, started when one of its threads first asks."""

    def __init__(self) -> None:
        self._server: ForkServer | Spawner | None = None
        self._turn = threading.Lock()

    def __call__(self) -> ForkServer | Spawner:
        """The server, or another one if it has ended."""
        with self._turn:  # of two that are started at once one is forgotten, and its jobs end with it
            if self._server is None or self._server.has_ended:
                self._server = new_server(__name__)
            return self._server


shared_server = SharedServer()
