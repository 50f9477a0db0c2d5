"""Grading: from files that were handed in to scores, each computed outside of the notebook that is scored."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path

from labkit.book import notebooks
from labkit.checks import loader
from labkit.checks.model import Suite
from labkit.core.errors import LabkitError
from labkit.grading import pages
from labkit.grading.grader import Grader
from labkit.grading.record import PENDING, REJECTED, Graded
from labkit.grading.runners.base import SubmissionRunner
from labkit.grading.runners.local import LocalRunner
from labkit.grading.submission import Submission, plain, read
from labkit.grading.support_files import attached

CELL_SECONDS = 60.0
"""How long one cell of a learner's may take; no task needs more than about 10 s of waiting."""

NOT_YET = "It was not graded yet when this was written."


def gradable() -> list[str]:
    """The stems that have an exercise with checks."""
    return [stem for stem in notebooks.stems("solutions") if loader.has_checks(stem)]


class Batch:
    """What has come of submissions so far: from the beginning, each has a record.

    Args:
        submissions: in the order of the reports.
        say: called with all records at the beginning, and whenever one has changed, with that one.
    """

    def __init__(self, submissions: Iterable[Submission], say: Callable[[list[Graded], Graded | None], None]):
        self.submissions, self._say, self._turn = list(submissions), say, threading.Lock()
        self.stems = sorted({s.stem for s in self.submissions if s.stem})
        self.suites = {stem: suite_of(stem) for stem in self.stems}
        self._done: set[str] = set()
        self._records = {
            s.name: Graded.broken(s, self.suites[s.stem], NOT_YET, PENDING)
            if s.stem
            else Graded(s, REJECTED, s.why, notes=list(s.notes))
            for s in self.submissions
        }

    @property
    def records(self) -> list[Graded]:
        """One of each submission, in order."""
        return list(self._records.values())

    def begin(self) -> None:
        """Tells of all, and of each that is not to be graded."""
        self._say(self.records, None)
        for record in self.records:
            if record.verdict == REJECTED:
                self._say(self.records, record)

    def of(self, stem: str) -> list[Submission]:
        """The submissions of an exercise."""
        return [s for s in self.submissions if s.stem == stem]

    def note(self, record: Graded) -> None:
        """Keeps what has come of a submission."""
        with self._turn:
            self._done.add(record.submission.name)
            self._records[record.submission.name] = record
            self._say(self.records, record)

    def give_up(self, stem: str, reason: Exception) -> bool:
        """Keeps that the rest of an exercise could not be graded; what was announced stays.

        Returns:
            Whether there was a rest.
        """
        left = [s for s in self.of(stem) if s.name not in self._done]
        for submission in left:
            self.note(Graded.broken(submission, self.suites[stem], told(reason)))
        return bool(left)


def suite_of(stem: str) -> Suite | None:
    """The checks of an exercise, or None where they cannot be loaded; why not, grading finds again."""
    try:
        return loader.load(stem)
    except Exception:
        return None


def told(reason: Exception) -> str:
    """A fault in one line."""
    if isinstance(reason, LabkitError):
        return f"{reason.message} {plain(reason.found or '')}".strip()
    return f"{type(reason).__name__}: {plain(reason)}"


def grade(
    files: dict[str, Path],
    jobs: int = 2,
    seconds: float = CELL_SECONDS,
    say: Callable[[list[Graded], Graded | None], None] = lambda records, changed: None,
    warn: Callable[[str], None] = lambda text: None,
    out: Path | None = None,
) -> list[Graded]:
    """Grades files; whatever one of them is or does, the others are graded.

    Args:
        files: by the name that reports give them.
        jobs: how many at a time.
        seconds: how long one cell of a learner's may take.
        say: called with all records and None at the beginning, then with all and the one that is done.
        warn: called with what went wrong when all of an exercise were graded.
        out: the folder of reports, whose files are nobody's.

    Returns:
        One record for each file, in their order.
    """
    known = gradable()
    batch = Batch(attached((read(name, path, known) for name, path in files.items()), out), say)
    batch.begin()
    try:
        pages.load()
    except Exception as e:  # scores need no page
        warn(told(e))
    if batch.stems:
        try:
            with closing(LocalRunner(batch.stems)) as runner:
                graders = [grader_of(batch, stem, jobs, runner) for stem in batch.stems]
                for grader in filter(None, graders):
                    of_stem(batch, grader, seconds, warn)
        except Exception as e:  # a fault of this machine is nobody's, and each has a record of it
            if not [stem for stem in batch.stems if batch.give_up(stem, e)]:
                warn(told(e))
    return batch.records


def grader_of(batch: Batch, stem: str, jobs: int, runner: SubmissionRunner) -> Grader | None:
    """What grades an exercise, with all that it reads of the course; or None, which is told for each.

    All are made before the first submission is run, so that none can change what others are graded by.
    """
    try:
        return Grader(stem, min(jobs, len(batch.of(stem))), runner)
    except Exception as e:
        batch.give_up(stem, e)
        return None


def of_stem(batch: Batch, grader: Grader, seconds: float, warn: Callable[[str], None]) -> None:
    """Grades the submissions of one exercise; a lab that is not there is told for each."""
    stem, submissions = grader.stem, batch.of(grader.stem)
    try:
        with grader, ThreadPoolExecutor(grader.jobs) as threads:
            tasks = [threads.submit(grader.grade, submission, seconds) for submission in submissions]
            try:
                for task in as_completed(tasks):
                    batch.note(task.result())
            except BaseException:  # Ctrl-C: what runs is ended, what waits is not begun
                threads.shutdown(wait=False, cancel_futures=True)
                grader.runner.stop()
                raise
    except Exception as e:
        if not batch.give_up(stem, e):
            warn(f"{stem}: {told(e)}")
    for fault in grader.faults:
        warn(fault)
