"""What the verbs do: test graders, planted changes, or all that is due, and print what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from labkit.book import notebooks
from labkit.core.paths import repo
from labkit.mutation import record
from labkit.mutation.jobs import GraderJob, Job, PlantJob, grader_jobs, plant_jobs
from labkit.mutation.schedule import Run, a_sixth, all_due, one, sampled

NOTHING_COLLECTED = 5
SLOWEST = 10
REPORTS = "reports/slowest"


def graders(
    named: Iterable[str], everything: bool, update: bool, quiet: bool, minutes: float | None = None
) -> int:
    """Tests graders, prints the table, and keeps the record.

    Args:
        named: chapters; none means what is due and a sixth of the others.
        everything: all of them, except those that passed already with these very inputs.
        update: renew snapshots.
        quiet: no line for each answer.
        minutes: after so many no further test begins; None is no bound.

    Returns:
        0 if all that began passed, 5 if nothing was found or none began, else 1.
    """
    console, stems = new_console(), [notebooks.stem_of(word) for word in named]
    jobs: Sequence[Job] = grader_jobs(stems or None, update, quiet)
    if not jobs:
        console.print("labkit mutate: no exercise was found")
        return NOTHING_COLLECTED
    if not stems:
        jobs = all_due(jobs) if everything else sampled(jobs, a_sixth, record.commit())
    run = Run(jobs, console, minutes)
    failed = run.all()
    report_slowest(jobs, "graders")
    console.print(table(record.GRADERS.known()))
    tried = sum(job.tried for job in jobs if isinstance(job, GraderJob))
    passed = run.finished - failed
    console.print(f"graders: {tried} answers tried · {passed} passed, {failed} failed{open_of(run)}")
    return status_of(run)


def planted(named: Iterable[str], everything: bool, minutes: float | None = None) -> int:
    """Runs planted changes and keeps the record.

    Args:
        named: chapters; none means what is due and one claim of the others.
        everything: all of them, except those that turned already with these very inputs.
        minutes: after so many no further one begins; None is no bound.

    Returns:
        0 if every one that began turned its verdict, 5 if none was found or began, else 1.
    """
    console, stems = new_console(), [notebooks.stem_of(word) for word in named]
    jobs: Sequence[Job] = plant_jobs(stems or None)
    if not jobs:
        console.print("labkit mutate: no planted change was found")
        return NOTHING_COLLECTED
    if not stems:
        jobs = all_due(jobs) if everything else sampled(jobs, one, record.commit())
    run = Run(jobs, console, minutes)
    failed = run.all()
    report_slowest(jobs, "planted")
    console.print(f"planted changes: {run.finished - failed} passed, {failed} failed{open_of(run)}")
    return status_of(run)


def everything() -> int:
    """Runs all that has not passed yet with these very inputs, graders and planted changes.

    Returns:
        0 if all of it has passed, 5 if nothing was found, else 1.
    """
    console, started = new_console(), time.monotonic()
    jobs: list[Job] = [*grader_jobs(quiet=True), *plant_jobs()]
    if not jobs:
        console.print("labkit prove-all: neither an exercise nor a planted change was found")
        return NOTHING_COLLECTED
    due = all_due(jobs)
    console.print(f"{len(jobs) - len(due)} of {len(jobs)} have passed as they are, {len(due)} are due")
    failed = Run(due, console).all()
    report_slowest([job for job in due if isinstance(job, GraderJob)], "graders")
    report_slowest([job for job in due if isinstance(job, PlantJob)], "planted")
    console.print(table(record.GRADERS.known()))
    minutes = (time.monotonic() - started) / 60
    console.print(f"prove-all: {len(due) - failed} passed, {failed} failed, in {minutes:.1f} min")
    return int(failed > 0)


def open_of(run: Run) -> str:
    """What is said of tests that did not begin; nothing where all did."""
    return f", {len(run.left)} not tested: make prove-all" if run.left else ""


def status_of(run: Run) -> int:
    """The exit status of a run: 1 for a failure, 5 where there was something to test and none began."""
    if run.failed:
        return 1
    return NOTHING_COLLECTED if run.left and not run.finished else 0


def new_console() -> Console:
    """Where the lines go: as they are, whatever the width of the terminal."""
    return Console(highlight=False, soft_wrap=True, emoji=False)


def report_slowest(jobs: Iterable[Job], name: str) -> None:
    """Keeps the ten slowest parts of some tests for the summary of the test run.

    Args:
        jobs: the tests.
        name: the report's: it is ``reports/slowest/<name>.json``.
    """
    parts = [
        (seconds, f"{job.stem[:4]} {part}") for job in jobs for part, seconds in job.seconds_by_part.items()
    ]
    rows = [{"seconds": round(s, 1), "what": what} for s, what in sorted(parts, reverse=True)[:SLOWEST]]
    path = repo() / REPORTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def table(entries: Mapping[str, record.GraderEntry]) -> Table:
    """The table of the graders, as it is printed."""
    rows = Table("chapter", "task", "wrong answers killed", "right answers accepted", "controls", box=None)
    for stem, entry in entries.items():
        chapter, held = stem, f"{sum(entry.controls.values())} of {len(entry.controls)}"
        for task in entry.tasks:
            killed, accepted = f"{task.killed} of {task.wrong}", f"{task.accepted} of {task.right}"
            rows.add_row(chapter, task.task, killed, accepted, held)
            chapter = held = ""
    return rows
