"""Where the submissions of one exercise are graded: its source, its checks, and its warm private engines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from labkit.book import exercises
from labkit.checks import loader
from labkit.checks.result import ERROR, PASS, Result
from labkit.core.errors import BrokenEnvironment, LabkitError, Usage
from labkit.grading import support_files
from labkit.grading.course_files import CourseFiles
from labkit.grading.engine_owner import Untidied, owner
from labkit.grading.merge import assemble
from labkit.grading.record import Graded
from labkit.grading.runners.base import SubmissionRunner
from labkit.grading.submission import Submission, plain
from labkit.lab.engine_pool import Pool
from labkit.lab.lab import Lab
from labkit.lab.workspace import Workspace

RESTORE = "restore the course's files (git status tells which), then run it again"
FIELD_CAP = 4000
"""How much of a learner's text one field of a result keeps, in characters."""


class Grader:
    """A with-block in which submissions of one exercise are graded, several at a time.

    Args:
        stem: the exercise.
        jobs: how many at a time.
        runner: what runs them.

    Attributes:
        faults: what went wrong with the lab after a submission had been judged, which changes no verdict.

    Raises:
        Usage: there is no such exercise.
        BrokenEnvironment: the lab is not there.
    """

    def __init__(self, stem: str, jobs: int, runner: SubmissionRunner):
        self.runner = runner
        self.stem, self.suite, self.source = stem, loader.load(stem), exercises.generate(stem)
        self.jobs = 1 if self.source.metadata.get("exclusive") else jobs
        self.course, self.faults = CourseFiles(), list[str]()
        self._stack = ExitStack()

    def __enter__(self) -> Grader:
        with ExitStack() as stack:
            size = self.jobs if self.suite.uses_engine else 0
            lab = stack.enter_context(owner())
            self.untidied = Untidied(lab.session)
            self.pool = stack.enter_context(Pool(lab, self.suite.images, size, self.stem))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def grade(self, submission: Submission, seconds: float) -> Graded:
        """Grades one submission; whatever it is or does, a record comes of it.

        Args:
            submission: of this exercise.
            seconds: how long one cell of the learner's may take.
        """
        started = time.monotonic()
        try:
            graded = self._grade(submission, seconds)
        except LabkitError as e:
            graded = Graded.broken(submission, self.suite, f"{e.message} {plain(e.found or '')}".strip())
        except Exception as e:
            graded = Graded.broken(submission, self.suite, f"{type(e).__name__}: {plain(e)}")
        graded.seconds = time.monotonic() - started
        return graded

    def _grade(self, submission: Submission, seconds: float) -> Graded:
        """Runs it in a workspace of its own.

        Raises:
            BrokenEnvironment: the lab failed.
            Usage: there is no notebook in it.
        """
        if submission.notebook is None:
            raise Usage("This submission cannot be graded.", found=submission.why)
        steps, notes = assemble(submission.notebook, self.source)
        outcome = None
        try:
            with self.pool.workspace(judged=True) as workspace, self._tidied(workspace):
                for place in support_files.copy(submission.files, workspace.folder / support_files.WORK):
                    notes.append(f"The file `{plain(place)}` beside it could not be read: it was not there.")
                outcome = self.runner.run(workspace, self.suite, steps, seconds)
        except Exception as e:
            if outcome is None:
                raise
            fault = f"{type(e).__name__}: {plain(e)}"  # its verdicts stand: they were there before
            self.faults.append(f"{submission.name}: what it left could not be removed: {fault}")
        by_name = {r["name"]: r for r in outcome["results"]}
        if missing := [name for name in self.suite.checks if name not in by_name]:
            raise BrokenEnvironment("A check was not reached.", found=", ".join(missing))
        results = [as_result(by_name[name]) for name in self.suite.checks]
        if changed := self.course.changed():  # by this submission or by another one
            results = [r if r.verdict == PASS else undecided(r, changed) for r in results]
        remarks = [*submission.notes, *notes, *(plain(note, 600) for note in outcome["notes"])]
        return Graded(submission, results=results, notes=remarks, notebook=outcome["notebook"])

    @contextmanager
    def _tidied(self, workspace: Workspace) -> Iterator[None]:
        """Removes what was made in the cluster; a private engine is emptied by its pool."""
        if not self.suite.cluster:
            yield
            return
        self.untidied.begin(workspace.session, self.stem)
        try:
            yield
        finally:
            lab = Lab(self.stem, role="exercise", workspace=workspace)
            _ = lab.kube  # so that closing looks there, too
            lab.close()
            self.untidied.end(workspace.session)


def undecided(result: Result, changed: list[str]) -> Result:
    """A result that may be the fault of files of the course that are not as they were."""
    message = "Files of the course were changed or removed while submissions were run."
    found = f"{len(changed)}, such as {changed[0]}"
    return Result(
        result.name, result.title, result.task, result.points, ERROR, message, found=found, fix=RESTORE
    )


def as_result(reported: dict[str, Any]) -> Result:
    """A result from what a run has reported, its texts cut to a length."""
    fields: dict[str, Any] = {
        name: plain(value, FIELD_CAP) if isinstance(value, str) else value
        for name, value in reported.items()
        if name != "earned"
    }
    return Result(**fields)
