"""Runs the answers of a stem against its checks, on the real engine and cluster, and its controls."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from labkit.checks.examples import Answer
from labkit.checks.loader import load
from labkit.checks.model import Check, Suite
from labkit.checks.result import ERROR, FAIL, PASS, Result
from labkit.checks.runner import Runner
from labkit.core.paths import repo
from labkit.lab.engine_pool import Pool
from labkit.lab.lab import Lab
from labkit.lab.workspace import Workspace
from labkit.learner.exercise import begin
from labkit.mutation import answers, controls

T = TypeVar("T")

JOBS = 3
"""How many answers are tried at once, each on an engine or in a namespace of its own."""


@dataclass
class Outcome:
    """What came of testing one stem's graders.

    Attributes:
        stem: whose.
        results: each answer, and what its check said.
        controls: the controls by name: None where all is well, else what is wrong.
        faults: what is wrong with the answers as a whole, one line each.
        seconds: how long it took.
        seconds_by_part: how long each answer and each group of controls took, those at once together.
    """

    stem: str
    results: list[tuple[Answer, Result]] = field(default_factory=list)
    controls: dict[str, str | None] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0
    seconds_by_part: dict[str, float] = field(default_factory=dict)

    def survivors(self) -> list[Answer]:
        """Wrong answers that were not rejected."""
        return [a for a, result in self.results if not a.is_right and result.verdict != FAIL]

    def rejected(self) -> list[Answer]:
        """Right answers that were."""
        return [a for a, result in self.results if a.is_right and result.verdict != PASS]

    @property
    def has_passed(self) -> bool:
        """Whether there is nothing to complain of, and something was tried."""
        wrong = [*self.survivors(), *self.rejected(), *self.faults, *filter(None, self.controls.values())]
        return bool(self.results and self.controls) and not wrong


def mutate_stem(stem: str, update: bool = False, say: controls.Say = lambda text: None) -> Outcome:
    """Tests the graders of a stem: tries its answers and its controls, `JOBS` of them at once.

    Args:
        stem: such as ``ch01_docker_manages``.
        update: take what the checks say now as their snapshot.
        say: called with a few words of progress.

    Raises:
        Usage: there are no answers, or too few.
        BrokenEnvironment: the lab is at fault.
    """
    started, suite = time.monotonic(), load(stem)
    tried, outcome = answers.answers(suite), Outcome(stem)

    def timed(what: str, call: Callable[[], T]) -> T:
        """What a call returns; how long it took is kept in the outcome."""
        began = time.monotonic()
        try:
            return call()
        finally:
            outcome.seconds_by_part[what] = time.monotonic() - began

    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        lab = Lab(stem, role="proof", workspace=Workspace.fresh(stem, Path(folder) / "owner"))
        try:
            size = JOBS if suite.uses_engine else 0
            with Pool(lab, suite.images, size) as pool, ThreadPoolExecutor(JOBS) as threads:
                held = [  # first, for they take longest
                    threads.submit(timed, name, partial(control, suite, pool, say))
                    for name, control in (("solution", controls.solved), ("nothing done", controls.untouched))
                ]
                results = [
                    threads.submit(timed, a.key, partial(result_of, suite, pool, a, say)) for a in tried
                ]
                outcome.controls = {name: fault for c in held for name, fault in c.result().items()}
                outcome.results = [(a, r.result()) for a, r in zip(tried, results, strict=True)]
        finally:
            lab.close()
    outcome.faults = alike(suite, outcome.results) + snapshot(stem, outcome.results, update)
    outcome.seconds = time.monotonic() - started
    return outcome


def result_of(suite: Suite, pool: Pool, answer: Answer, say: controls.Say) -> Result:
    """What its check says of an answer, in a workspace of its own."""
    with pool.workspace() as workspace:
        lab = Lab(suite.stem, role="proof", workspace=workspace)
        try:
            answer.do(lab, {s.name: begin(lab, suite, s.name) for s in answer.scenes(suite)})
            result = Runner(suite, lab).run(answer.check)
        except Exception as e:  # the answer's own fault: it has not passed, and the others go on
            result = broken(suite.checks[answer.check], e)
        finally:
            lab.close()
    say(f"{answer.key}: {result.verdict}")
    return result


def broken(check: Check, e: Exception) -> Result:
    """The result of an answer that could not be carried out."""
    message = f"The answer itself broke: {type(e).__name__}"
    return Result(check.name, check.title, check.task, check.points, ERROR, message, found=str(e)[:500])


def alike(suite: Suite, results: list[tuple[Answer, Result]]) -> list[str]:
    """Wrong answers to one task that were told the same."""
    seen: dict[tuple[str, str, str | None], Answer] = {}
    faults = []
    for answer, result in results:
        if not answer.is_right:
            words = (suite.checks[answer.check].task, result.message, result.hint)
            if first := seen.get(words):
                faults.append(f"“{first.key}” and “{answer.key}” are told the same: {result.message}")
            seen[words] = answer
    return faults


def snapshot(stem: str, results: list[tuple[Answer, Result]], update: bool) -> list[str]:
    """Holds what wrong answers are told against their ``messages.json``; one line each that differs."""
    path = repo() / answers.FOLDER / stem / "messages.json"
    now = {
        a.key: {"verdict": r.verdict, "message": r.message, "hint": r.hint}
        for a, r in results
        if not a.is_right
    }
    if update:
        text = json.dumps(now, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        path.write_text(text, encoding="utf-8")
    try:
        before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as e:
        return [f"the snapshot {path.name} cannot be read: {e}"]
    return [
        f"“{key}” is told {now.get(key)}, the snapshot has {before.get(key)}"
        for key in sorted(now.keys() | before.keys())
        if now.get(key) != before.get(key)
    ]
