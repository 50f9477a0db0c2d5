"""Grading: from files that were handed in to scores, each computed outside of the notebook that is scored."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from labkit.book import notebooks
from labkit.checks import loader
from labkit.core.errors import LabkitError
from labkit.grading.grader import Grader
from labkit.grading.record import REJECTED, Graded
from labkit.grading.runners.base import SubmissionRunner
from labkit.grading.runners.local import LocalRunner
from labkit.grading.submission import Submission, plain, read

CELL_SECONDS = 60.0
"""How long one cell of a learner's may take; no task needs more than about 10 s of waiting."""


def gradable() -> list[str]:
    """The stems that have an exercise with checks."""
    return [stem for stem in notebooks.stems("solutions") if loader.has_checks(stem)]


def grade(
    files: dict[str, Path],
    jobs: int = 2,
    seconds: float = CELL_SECONDS,
    say: Callable[[Graded], None] = lambda graded: None,
) -> list[Graded]:
    """Grades files; whatever one of them is or does, the others are graded.

    Args:
        files: by the name that reports give them.
        jobs: how many at a time.
        seconds: how long one cell of a learner's may take.
        say: called with each as it is done.

    Returns:
        One record for each file, in their order.
    """
    known = gradable()
    submissions = [read(name, path, known) for name, path in files.items()]
    done: dict[str, Graded] = {}

    def note(graded: Graded) -> None:
        done[graded.submission.name] = graded
        say(graded)

    for submission in submissions:
        if submission.stem is None:
            note(Graded(submission, REJECTED, submission.why, notes=list(submission.notes)))
    stems = sorted({s.stem for s in submissions if s.stem})
    if stems:
        runner = LocalRunner(stems)
        try:
            for stem in stems:
                of_stem(stem, [s for s in submissions if s.stem == stem], jobs, seconds, note, runner)
        finally:
            runner.close()
    return [done[name] for name in files]


def of_stem(
    stem: str,
    submissions: list[Submission],
    jobs: int,
    seconds: float,
    note: Callable[[Graded], None],
    runner: SubmissionRunner,
) -> None:
    """Grades the submissions of one exercise; a lab that is not there is told for each."""
    try:
        grader = Grader(stem, min(jobs, len(submissions)), runner)
        with grader, ThreadPoolExecutor(grader.jobs) as threads:
            try:
                for graded in threads.map(lambda s: grader.grade(s, seconds), submissions):
                    note(graded)
            except BaseException:  # Ctrl-C: what runs is ended, what waits is not begun
                threads.shutdown(wait=False, cancel_futures=True)
                runner.stop()
                raise
    except LabkitError as e:
        for submission in submissions:
            why = f"{e.message} {plain(e.found or '')}".strip()
            note(Graded.broken(submission, loader.load(stem), why))
