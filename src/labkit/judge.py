"""Running checks: from what a check raises to a verdict, and never a learner blamed for a broken lab."""

from __future__ import annotations

import threading
import time
import traceback
from typing import Any

import docker
import requests
import urllib3
from kubernetes import client
from kubernetes.client import ApiException
from kubernetes.dynamic.exceptions import DynamicApiError

from labkit import handed
from labkit.checks import Check, Scene, Suite
from labkit.errors import (
    BrokenEnvironment,
    ClusterUnavailable,
    EngineUnavailable,
    Failure,
    LabkitError,
    Missing,
)
from labkit.kube import ask, message
from labkit.results import ERROR, FAIL, PASS, SKIP, Result

CONNECTIONS = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError)
AGAIN = "run it again; if it stays so: make doctor"


class Blocked(Exception):
    """A check cannot begin, for something it needs is not there; the reason is its text."""


class Judge:
    """Runs checks of one suite at one lab; what several of them need is run once.

    Args:
        suite: the checks.
        lab: where the work was done.
    """

    def __init__(self, suite: Suite, lab: Any):
        self.suite, self.lab = suite, lab
        self._done: dict[str, tuple[Result, Any]] = {}

    def run(self, name: str) -> Result:
        """Runs a check, and first what it needs.

        Raises:
            Usage: there is no such check.
        """
        return self._run(self.suite.find("checks", name))[0]

    def run_all(self) -> list[Result]:
        """Runs all checks, in their order."""
        return [self.run(name) for name in self.suite.checks]

    def _run(self, check: Check) -> tuple[Result, Any]:
        """A check's result, and what it returned."""
        if check.name not in self._done:
            started = time.monotonic()
            told, value = self._judge(check)
            told["seconds"] = round(time.monotonic() - started, 3)
            result = Result(check.name, check.title, check.task, check.points, **told)
            self._done[check.name] = result, value
        return self._done[check.name]

    def _judge(self, check: Check) -> tuple[dict[str, Any], Any]:
        """What a run of the check comes to, and what the check returned."""
        try:
            arguments = self._arguments(check)
            return {"verdict": PASS}, bounded(check, arguments)
        except Blocked as e:
            return {"verdict": SKIP, "message": str(e)}, None
        except Failure as e:
            return unwell(self.lab, self.suite) or failure(e), None
        except Exception as e:
            return unwell(self.lab, self.suite) or explain(e), None

    def _arguments(self, check: Check) -> dict[str, Any]:
        """The values of a check's parameters.

        Raises:
            Blocked: a check that it needs did not pass, or a scene was not started.
            Missing: nothing was handed in.
        """
        seat, values = self.lab.seat, {"lab": self.lab}
        for needed in check.needs:
            if isinstance(needed, Scene):
                if needed.name not in seat.noted("scenes"):
                    raise Blocked(f'Nothing is set up yet: run start("{needed.name}") first.')
                values[needed.name] = needed.facts(seat)
                continue
            result, values[needed.name] = self._run(needed)
            if result.verdict != PASS:
                raise Blocked(f"It needs “{needed.title}”, and that is not so yet: {result.verdict}.")
        if "answer" in check.parameters:
            if check.name not in (answers := seat.noted("answers")):
                raise Missing(
                    "Nothing was handed in.", wanted=f'answer("{check.name}", …) in a cell before this'
                )
            values["answer"] = handed.unpacked(answers[check.name], seat.env())
        return {p: values[p] for p in check.parameters}


def bounded(check: Check, arguments: dict[str, Any]) -> Any:
    """Calls a check; one that outlives its time-out is left behind.

    Raises:
        BrokenEnvironment: it took too long.
    """
    outcome: dict[str, Any] = {}

    def call() -> None:
        try:
            outcome["value"] = check.call(**arguments)
        except BaseException as e:
            outcome["raised"] = e

    thread = threading.Thread(target=call, daemon=True, name=f"check-{check.name}")
    thread.start()
    thread.join(check.timeout)
    if thread.is_alive():
        raise BrokenEnvironment(f"The check did not end within {check.timeout:g} s.", fix=AGAIN)
    if "raised" in outcome:
        raise outcome["raised"]
    return outcome["value"]


def failure(e: Failure) -> dict[str, Any]:
    """A failure's part of a result."""
    told = {"verdict": FAIL, "message": e.message, "hint": e.hint, "fix": e.fix}
    told |= {
        word: None if said is None else str(said) for word, said in (("wanted", e.wanted), ("found", e.found))
    }
    return {**told, "evidence": getattr(e, "evidence", "")}


def explain(e: Exception) -> dict[str, Any]:
    """What any other exception comes to: the lab's fault, or the check's, but never the learner's."""
    if isinstance(e, docker.errors.NotFound):
        return failure(Missing("An object went away, or was never there.", found=e.explanation))
    if isinstance(e, LabkitError):
        found = None if e.found is None else str(e.found)
        return {"verdict": ERROR, "message": e.message, "found": found, "fix": e.fix or AGAIN}
    if isinstance(e, ApiException | DynamicApiError):
        return {
            "verdict": ERROR,
            "message": "The cluster refused a question.",
            "found": message(e),
            "fix": AGAIN,
        }
    if isinstance(e, docker.errors.DockerException | CONNECTIONS):
        return {
            "verdict": ERROR,
            "message": "The engine did not answer.",
            "found": str(e)[:300],
            "fix": AGAIN,
        }
    where = "".join(traceback.format_exception(e)[-3:])
    return {"verdict": ERROR, "message": "The check itself broke.", "evidence": where, "fix": AGAIN}


def unwell(lab: Any, suite: Suite) -> dict[str, Any] | None:
    """Looks at the lab itself before anybody is blamed: what is wrong with it, or None."""
    try:
        healthy(lab, suite)
    except BrokenEnvironment as e:
        found = None if e.found is None else str(e.found)[:300]
        return {"verdict": ERROR, "message": e.message, "found": found, "fix": e.fix or AGAIN}
    return None


def healthy(lab: Any, suite: Suite) -> None:
    """Asks the engine, and the cluster where the exercise uses it, for a sign of life.

    Raises:
        EngineUnavailable: the engine does not answer.
        ClusterUnavailable: the API server does not, or a node is not ready.
    """
    try:
        lab.docker.ping()
    except (docker.errors.DockerException, *CONNECTIONS) as e:
        raise EngineUnavailable("The Docker engine does not answer.", found=e, fix="make up") from None
    if not suite.cluster:
        return
    nodes = ask(client.CoreV1Api(lab.kube).list_node).items
    if away := [lab.node_label(n.metadata.name) for n in nodes if not is_ready(n)]:
        raise ClusterUnavailable("A node is not ready.", found=", ".join(away), fix="make up")


def is_ready(node: Any) -> bool:
    """Whether a node says that it is ready."""
    return any(c.type == "Ready" and c.status == "True" for c in node.status.conditions or [])
