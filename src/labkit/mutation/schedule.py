"""Which tests of graders and of proofs are due, and a run of them, side by side where they can be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from random import Random
from typing import NamedTuple

from rich.console import Console

from labkit.book import notebooks
from labkit.core.errors import LabkitError
from labkit.mutation import changes, inputs, record
from labkit.mutation.jobs import GraderJob, Job, PlantJob

SIDE_BY_SIDE = 2
"""How many tests run at once: as many as the machine that the course is tested on has cores."""

SIXTH = 6


def is_due(job: Job, course: inputs.Inputs) -> bool:
    """Whether a test has not passed yet with these very inputs."""
    entry = job.entries.known(course.root).get(job.name)
    return entry is None or entry.inputs != inputs.digest(job.depends_on(course))


def all_due(jobs: Sequence[Job]) -> list[Job]:
    """Those of some tests that are due."""
    course = inputs.Inputs()
    return [job for job in jobs if is_due(job, course)]


def sampled(jobs: Sequence[Job], share: Callable[[int], int], commit: str) -> list[Job]:
    """What is due, and some of the others, drawn from the commit.

    Args:
        jobs: all tests.
        share: how many of a number of others are drawn.
        commit: what is checked out.
    """
    due = all_due(jobs)
    others = [job for job in jobs if job not in due]
    drawn = Random(commit).sample(others, min(len(others), share(len(others))))
    return [job for job in jobs if job in due or job in drawn]


def a_sixth(count: int) -> int:
    """A sixth, rounded up."""
    return -(-count // SIXTH)


def one(count: int) -> int:
    """One."""
    return 1


class Stale(NamedTuple):
    """An entry that is out of date, or was never made.

    Attributes:
        path: the record that it is missing in.
        fault: what is out of date, and what to do.
    """

    path: str
    fault: str


def stale(root: Path | None = None) -> list[Stale]:
    """What has changed since it passed, or never passed."""
    course, entries = inputs.Inputs(root), []
    for stem in notebooks.stems("solutions", root):
        if is_due(GraderJob(stem), course):
            fault = f"the graders of {stem} are not tested as they stand: labkit mutate {stem}"
            entries.append(Stale(record.GRADERS.path, fault))
    for stem in notebooks.stems("chapters", root):
        due = [
            p.claim for p in changes.readable_plants(stem, root) if is_due(PlantJob(stem, plant=p), course)
        ]
        if due:
            claim = ", ".join(due)
            fault = f"the proof of {claim} is not tested as it stands: labkit mutate --planted {stem}"
            entries.append(Stale(record.CLAIMS.path, fault))
    return entries


class Run:
    """A run of tests, which keeps the record of each as soon as it has passed: one that is cut goes on there.

    Args:
        jobs: the tests.
        console: where progress is printed.
    """

    def __init__(self, jobs: Sequence[Job], console: Console):
        self.jobs, self.console = jobs, console
        self.commit = record.commit()
        self.finished = self.failed = 0
        self._lock = threading.Lock()

    def all(self) -> int:
        """Runs those of different stems side by side, the shortest first, then those that must be alone.

        Returns:
            How many failed.
        """
        known = {id(job): job.entries.known().get(job.name) for job in self.jobs}
        ordered = sorted(self.jobs, key=lambda job: seconds_of(known[id(job)]))
        self._side_by_side([job for job in ordered if not job.is_alone])
        for job in ordered:
            if job.is_alone:
                self._one(job)
        return self.failed

    def _side_by_side(self, jobs: list[Job]) -> None:
        """Runs tests, no two of one stem at once; the rest is left where it is when somebody interrupts."""
        running: dict[Future[None], str] = {}
        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            while jobs or running:
                while len(running) < SIDE_BY_SIDE:
                    job = next((j for j in jobs if j.stem not in running.values()), None)
                    if job is None:
                        break
                    jobs.remove(job)
                    running[threads.submit(self._one, job)] = job.stem
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    del running[future]
                    future.result()

    def _one(self, job: Job) -> None:
        """Runs a test, prints what is wrong, and keeps its entry."""
        self._print(f"{job.name} …")
        before, started = job.depends_on(inputs.Inputs()), time.monotonic()
        try:
            faults, facts = job.run(lambda line: self._print(f"{job.stem[:4]} {line}"))
        except LabkitError as e:  # this one cannot be run; the others may be
            faults, facts = [str(e)], None
        seconds = time.monotonic() - started
        for fault in faults:
            self._print(f"{job.stem[:4]}   {fault}")
        job.entries.write(job.name, self._entry(job, before, seconds, facts), job.names())
        with self._lock:
            self.finished += 1
            self.failed += facts is None
        if facts is None:  # once more in one line: the end of a test run's log has these
            self._print(" ".join(f"FAILED {job.name}: {'; '.join(faults)}".split()))
        result = "FAILED" if facts is None else "passed"
        self._print(f"{job.name}: {result} in {seconds:.0f} s · {self.finished} of {len(self.jobs)}")

    def _entry(
        self, job: Job, before: dict[str, str], seconds: float, facts: dict[str, object] | None
    ) -> record.Entry | None:
        """The entry of a test that passed; none if it failed, or if its inputs were edited meanwhile."""
        if facts is None:
            return None
        now = job.depends_on(inputs.Inputs())
        if edited := [name for name in inputs.changed(before, now) if not job.writes(name)]:
            self._print(f"{job.name}: it was edited meanwhile, and is not kept: {', '.join(edited[:5])}")
            return None
        return job.entries.entry(
            inputs=inputs.digest(now), commit=self.commit, seconds=round(seconds, 1), **facts
        )

    def _print(self, line: str) -> None:
        """Prints a line whole, whichever thread it comes from."""
        with self._lock:
            self.console.print(line, markup=False)


def seconds_of(entry: record.Entry | None) -> float:
    """About how long a test takes: as long as the last time; a new one counts as the longest."""
    return entry.seconds if entry else float("inf")
