"""From what a check raises to a verdict, and never a learner blamed for a broken lab.

What is here runs in the process that calls it and knows no bound in time; `labkit.checks.runner` bounds it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import docker
from kubernetes import client

from labkit.checks import answers as answer_values
from labkit.checks.faults import AGAIN, CONNECTIONS, explain, failure
from labkit.checks.model import Check, Scene, Suite
from labkit.checks.result import ERROR, PASS, SKIP, Result
from labkit.core.errors import BrokenEnvironment, ClusterUnavailable, EngineUnavailable, Failure, Missing
from labkit.core.kube import answer_within, ask
from labkit.lab.lab import Lab

HEALTH_SECONDS = 10.0
"""How long engine and cluster may take for a sign of life."""


class Blocked(Exception):
    """A check cannot begin, for something it needs is not there; the reason is its text."""


class Outage(Exception):
    """A check cannot begin, for one that it needs found the lab itself at fault.

    Args:
        result: what that one said.
    """

    def __init__(self, result: Result):
        super().__init__(result.message)
        self.parts = {word: getattr(result, word) for word in ("verdict", "message", "found", "fix")}


class Watch(Protocol):
    """Who follows an evaluation."""

    def called(self, check: Check) -> None:
        """A check is about to be called: its time begins."""

    def returned(self, check: Check) -> None:
        """It has returned or raised: its time is over."""

    def ended(self, result: Result) -> None:
        """The result of a check is there."""


class Evaluation:
    """Runs checks of one suite at one lab; what several of them need is run once.

    Args:
        suite: the checks.
        lab: where the work was done.
        watch: who follows it.
        known: results that stand already, by the check's name; none of them is a pass.
    """

    def __init__(
        self, suite: Suite, lab: Lab, watch: Watch | None = None, known: Mapping[str, Result] | None = None
    ):
        self.suite, self.lab, self.watch = suite, lab, watch
        self._done: dict[str, tuple[Result, Any]] = {n: (r, None) for n, r in (known or {}).items()}

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
            parts, value = self._evaluate(check)
            parts["seconds"] = round(time.monotonic() - started, 3)
            result = Result.of(check, **parts)
            self._done[check.name] = result, value
            if self.watch is not None:
                self.watch.ended(result)
        return self._done[check.name]

    def _evaluate(self, check: Check) -> tuple[dict[str, Any], Any]:
        """What a run of the check comes to, and what the check returned."""
        try:
            arguments = self._arguments(check)
            return {"verdict": PASS}, self._call(check, arguments)
        except Blocked as e:
            return unwell(self.lab, self.suite) or {"verdict": SKIP, "message": str(e)}, None
        except Outage as e:
            return e.parts, None
        except Failure as e:
            return unwell(self.lab, self.suite) or failure(e), None
        except Exception as e:
            return unwell(self.lab, self.suite) or explain(e), None

    def _call(self, check: Check, arguments: dict[str, Any]) -> Any:
        """Calls a check; returns what it returned."""
        if self.watch is not None:
            self.watch.called(check)
        try:
            return check.call(**arguments)
        except Exception:
            raise
        except BaseException as e:  # such as an exit: it ends no grader
            raise RuntimeError(f"it raised {type(e).__name__}") from e
        finally:
            if self.watch is not None:
                self.watch.returned(check)

    def _arguments(self, check: Check) -> dict[str, Any]:
        """The values of a check's parameters.

        Raises:
            Blocked: a check that it needs did not pass, or a scene was not started.
            Outage: a check that it needs could not look.
            Missing: nothing was handed in.
        """
        workspace = self.lab.workspace
        values: dict[str, Any] = {"lab": self.lab}
        for needed in check.needs:
            if isinstance(needed, Scene):
                if not workspace.noted("scenes").get(needed.name):
                    raise Blocked(f'Nothing is set up yet: run start("{needed.name}") first.')
                values[needed.name] = needed.facts(workspace)
                continue
            result, values[needed.name] = self._run(needed)
            if result.verdict == ERROR:
                raise Outage(result)
            if result.verdict != PASS:
                raise Blocked(
                    f'It needs “{needed.title}” first, and that is not so yet: check("{needed.name}").'
                )
        if "answer" in check.parameters:
            if check.name not in (answers := workspace.noted("answers")):
                raise Missing(
                    "Nothing was handed in.", wanted=f'answer("{check.name}", …) in a cell before this'
                )
            values["answer"] = answer_values.unpacked(answers[check.name], workspace.env())
        return {p: values[p] for p in check.parameters}


def within(seconds: float, call: Callable[[], Any], late: str) -> Any:
    """Calls something in a thread of its own, which is left behind when it takes too long.

    Args:
        seconds: how long it may take.
        call: what is called.
        late: what is said if it takes longer.

    Raises:
        BrokenEnvironment: it took too long.
    """
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = call()
        except BaseException as e:
            outcome["raised"] = e

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise BrokenEnvironment(late, fix=AGAIN)
    if "raised" in outcome:
        raised = outcome["raised"]
        if isinstance(raised, Exception):
            raise raised
        raise RuntimeError(f"it raised {type(raised).__name__}") from raised  # it ends no grader
    return outcome["value"]


def unwell(lab: Lab, suite: Suite) -> dict[str, Any] | None:
    """Looks at the lab itself before anybody is blamed: what is wrong with it, or None."""
    try:
        late = f"The lab gave no sign of life within {HEALTH_SECONDS:g} s."
        within(HEALTH_SECONDS, lambda: healthy(lab, suite), late)
    except Exception as e:
        return explain(e)
    return None


def healthy(lab: Lab, suite: Suite) -> None:
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
    with answer_within(HEALTH_SECONDS / 2):
        answer = ask(client.CoreV1Api(lab.kube).list_node)
    nodes: list[Any] = answer.items if answer is not None else []
    if away := [lab.node_label(node.metadata.name) for node in nodes if not is_ready(node)]:
        raise ClusterUnavailable("A node is not ready.", found=", ".join(away), fix="make up")


def is_ready(node: Any) -> bool:
    """Whether a node says that it is ready."""
    return any(c.type == "Ready" and c.status == "True" for c in node.status.conditions or [])
