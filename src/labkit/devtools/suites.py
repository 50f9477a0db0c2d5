"""The test run: suites in processes of their own, those that do not disturb each other side by side.

Each line of the log begins with the name of its suite. A suite that collects nothing has failed, and so has
one that takes longer than its limit; it is ended with all that it started. At the end stand each suite's
minutes beside its budget, the slowest cells, tests and proofs, and what passed and failed.
"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from labkit.book import notebooks
from labkit.core.engine import exports
from labkit.core.errors import Usage
from labkit.core.paths import repo
from labkit.devtools import browser, slowest
from labkit.devtools.suite_process import TIMED_OUT, Run, SuiteProcess
from labkit.provision import up

NOTHING_COLLECTED = 5
"""pytest's exit status for zero tests; it counts as a failure here."""

INTERRUPTED = 130
"""The exit status after Ctrl-C."""

BUDGET = 32
"""Minutes for the whole run with warm caches; more is told and no failure, for machines differ."""

LIMIT = 85
"""Minutes after which the whole run is ended: five before CI would, which tells nothing."""

TIMES = "reports/times.json"
"""What each suite of the last whole run took."""

NO_DOCKER, LAB, ALONE = "no docker", "lab", "alone"
"""Lanes: the suites of one run one after another, lanes side by side, but `ALONE` after all others."""

CLOSING = re.compile(r"\b\d+ (passed|failed|errors?)\b|^\d+ notebooks: .* in all$")
"""A runner's own last word."""

FAILED = re.compile(r"^(FAILED|ERROR|left behind by) \S")
"""How a runner names what has failed."""

FAILURES = 5
"""Failures of one suite that stand at the end of the log; its own lines above have all."""

LONGEST = 600
"""Characters of such a line."""

COVERED = re.compile(r"^TOTAL .* (\d+%)$")
"""How much of the package a suite has run, where it measures that."""


@dataclass(frozen=True)
class Suite:
    """One part of the test run.

    Attributes:
        name: one word, with which its lines begin.
        command: arguments after this Python.
        lane: beside what it may run: `NO_DOCKER`, `LAB`, or `ALONE` for what measures time.
        budget: minutes that it should take; more is told.
        limit: minutes after which it is ended and counts as failed.
        grows: whether it takes longer with each chapter.
        after: names of suites that must have ended before it begins.
    """

    name: str
    command: tuple[str, ...]
    lane: str = LAB
    budget: float = 1
    limit: float = 10
    grows: bool = False
    after: tuple[str, ...] = ()


def pytest(suite: str, *arguments: str) -> tuple[str, ...]:
    """A pytest run that writes whole lines and keeps its slowest tests."""
    keep = str(slowest.file(suite))
    return ("-m", "pytest", "-q", "-p", "labkit.devtools.pytest_log", "--slowest", keep, *arguments)


def labkit(*arguments: str) -> tuple[str, ...]:
    """A verb of our own."""
    return ("-m", "labkit", *arguments)


TOLD = ("-W", "default")
"""Where the lab is used, a warning is told and fails nobody.

docker-py, urllib3 and the client of Kubernetes close their pools of connections when they are collected:
when, and in which test, is chance. Elsewhere each is an error, by ``filterwarnings`` in pyproject.toml.
"""

COVERAGE = ("--cov=src/labkit", "--cov-report=term")
"""Measures what is run of the package in the tests' own processes, for a fifth more of processor time."""

LAB_ALONE = "faults or times"
"""The tests of the lab that break something, and those with a bound on time."""

SUITES = (
    Suite("lint", labkit("lint"), NO_DOCKER, budget=0.3, limit=15, grows=True),
    Suite("unit", pytest("unit", "tests/unit", "-n2", *COVERAGE), NO_DOCKER, budget=2, limit=15),
    Suite(
        "site",
        pytest("site", "tests/site", "-m", "not cluster", "-n2"),
        NO_DOCKER,
        budget=3,
        limit=25,
        grows=True,
    ),
    Suite(
        "lab",
        pytest("lab", "tests/lab", "-m", f"not ({LAB_ALONE})", "-n2", "--dist", "loadscope", *TOLD),
        budget=3,
        limit=25,
    ),
    Suite(
        "console",
        pytest("console", "tests/notebooks", "-n4", "-p", "labkit.devtools.by_stem", *TOLD),
        budget=2,
        limit=20,
        grows=True,
    ),
    Suite("notebooks", ("-m", "labkit.devtools.notebook_run"), ALONE, budget=10, limit=40, grows=True),
    Suite("graders", labkit("mutate", "--quiet", "--minutes", "8"), budget=4, limit=30, grows=True),
    Suite("planted", labkit("mutate", "--planted", "--minutes", "6"), budget=2, limit=25),
    Suite("grading", pytest("grading", "tests/grade", *TOLD), budget=3, limit=25),
    Suite(
        "learn", pytest("learn", "tests/site", "-m", "cluster", *TOLD), budget=1, limit=10, after=("site",)
    ),
    Suite("faults", pytest("faults", "tests/lab", "-m", LAB_ALONE, *TOLD), ALONE, budget=5, limit=20),
)


class TestRun:
    """A run of suites.

    Args:
        suites: what is run.
        env: the environment of all of them.
        write: called with each line of the log, by one thread at a time.
        limit: minutes for all together.
    """

    __test__ = False  # no class of tests

    def __init__(
        self,
        suites: Sequence[Suite],
        env: dict[str, str],
        write: Callable[[str], None],
        limit: float = LIMIT,
    ):
        self.suites, self.env, self.runs = suites, env, dict[str, Run]()
        self._write, self._width = write, max((len(s.name) for s in suites), default=0)
        self._lock, self._stopping = threading.Lock(), threading.Event()
        self._processes: dict[str, SuiteProcess] = {}
        self._ended = {suite.name: threading.Event() for suite in suites}
        self._deadline = time.monotonic() + limit * 60

    def tell(self, name: str, line: str) -> None:
        """Writes one line of a suite."""
        with self._lock:
            self._write(f"{name:<{self._width}} | {line}")

    def lane(self, name: str) -> None:
        """Runs the suites of one lane, one after another, the failed ones included."""
        suites = [suite for suite in self.suites if suite.lane == name]
        try:
            for suite in suites:
                for other in suite.after:
                    if other in self._ended:
                        self._ended[other].wait()
                self._run(suite)
                self._ended[suite.name].set()
        finally:  # whatever happened here, no other lane waits for ever
            for suite in suites:
                self._ended[suite.name].set()

    def _run(self, suite: Suite) -> None:
        left = self._deadline - time.monotonic()
        with self._lock:
            if self._stopping.is_set() or left <= 0:
                return
            self._processes[suite.name] = process = SuiteProcess(
                suite.command, lambda line: self.tell(suite.name, line), repo(), self.env
            )
        self.tell(suite.name, f"begins; {suite.budget:g} min are its budget")
        run = process.wait(min(suite.limit * 60, left))
        self.tell(suite.name, f"{verdict(run)} after {run.seconds / 60:.1f} min")
        self.runs[suite.name] = run

    def stop(self) -> None:
        """Ends what runs, with all that it has started; nothing more is begun."""
        with self._lock:
            self._stopping.set()
            processes = list(self._processes.values())
        with ThreadPoolExecutor(max(1, len(processes))) as pool:
            list(pool.map(SuiteProcess.end, processes))


def verdict(run: Run | None) -> str:
    """What came of a suite, in words."""
    if run is None:
        return "FAILED: not run"
    words = {
        0: "passed",
        NOTHING_COLLECTED: "FAILED: collected nothing",
        TIMED_OUT: "FAILED: its time is over",
    }
    return words.get(run.status, f"FAILED (status {run.status})")


def chosen(names: Sequence[str], fast: bool) -> list[Suite]:
    """The suites of these names, or all; with `fast` those that need no Docker.

    Raises:
        Usage: there is no suite of a name.
    """
    known = [suite.name for suite in SUITES]
    if unknown := [name for name in names if name not in known]:
        raise Usage(f"There is no suite {', '.join(unknown)}.", wanted=", ".join(known))
    return [
        suite for suite in SUITES if suite.name in (names or known) and not (fast and suite.lane != NO_DOCKER)
    ]


def run_all(fast: bool = False, names: Sequence[str] = ()) -> int:
    """Runs suites, the failed ones included, and prints a summary.

    Args:
        fast: only suites that need no Docker.
        names: only these suites.

    Returns:
        0 if all passed, 130 if it was interrupted, else 1.

    Raises:
        LabkitError: the lab could not be brought up.
    """
    suites, started = chosen(names, fast), time.monotonic()
    lanes = {suite.lane for suite in suites}
    slowest.forget()
    if any(suite.name == "site" for suite in suites):
        browser.ensure()
    run = TestRun(suites, dict(os.environ), lambda line: print(line, flush=True))
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # CI asks so, a person by Ctrl-C
    interrupted = False
    with ThreadPoolExecutor(2) as pool:
        try:
            jobs = [pool.submit(run.lane, NO_DOCKER)]
            if lanes - {NO_DOCKER}:
                up.bring_up()
                run.env.update(exports())
                jobs.append(pool.submit(run.lane, LAB))
            wait_for(jobs)
            wait_for([pool.submit(run.lane, ALONE)])
        except KeyboardInterrupt:
            interrupted = True
            print("interrupted: what runs is ended, with all that it has started", flush=True)
        finally:
            run.stop()
            signal.signal(signal.SIGTERM, before)
    seconds = time.monotonic() - started
    if not (fast or names or interrupted):
        keep_times(run.runs, seconds)
    failed = summarise(run, seconds)
    return INTERRUPTED if interrupted else int(failed > 0 or not suites)


def wait_for(jobs: Sequence[Future[None]]) -> None:
    """Waits for lanes to end, and raises what one of them has raised."""
    for job in jobs:
        job.result()


def summarise(run: TestRun, seconds: float) -> int:
    """Prints the end of the log; returns how many suites failed."""
    console = Console(highlight=False, soft_wrap=True, emoji=False)
    for suite in run.suites:
        lines = run.runs[suite.name].lines if suite.name in run.runs else ()
        if closing := next((line for line in reversed(lines) if CLOSING.search(line)), None):
            print(f"{suite.name}:\n{closing}")
        if covered := next((m for line in reversed(lines) if (m := COVERED.search(line))), None):
            print(f"{covered[1]} of the package's statements were run")
    table = Table("suite", "result", "minutes", "budget", "", box=None)
    for suite in run.suites:
        one = run.runs.get(suite.name)
        minutes = one.seconds / 60 if one else 0.0
        table.add_row(
            suite.name, verdict(one), f"{minutes:.1f}", f"{suite.budget:g}", over(minutes, suite.budget)
        )
    budget = BUDGET if list(run.suites) == list(SUITES) else sum(suite.budget for suite in run.suites)
    table.add_row("all", "", f"{seconds / 60:.1f}", f"{budget:g}", over(seconds / 60, budget))
    console.print(table)
    if timed := slowest.slowest():
        print("the slowest cells, tests and proofs:")
        for name, slow in timed:
            print(f"{slow.seconds:>7.1f} s  {name}: {slow.what}")
    for name, one in run.runs.items():
        for line in failures(one):
            print(f"{name}: {line[:LONGEST]}")
    failed = sum(1 for suite in run.suites if suite.name not in run.runs or run.runs[suite.name].status)
    print(f"{len(run.suites) - failed} passed, {failed} failed", flush=True)
    return failed


def failures(run: Run) -> list[str]:
    """The first lines with which a failed suite names what has failed, or its last ones if none does."""
    if not run.status:
        return []
    lines = [Text.from_ansi(line).plain for line in run.lines]
    named = list(dict.fromkeys(line for line in lines if FAILED.search(line)))
    return named[:FAILURES] or lines[-FAILURES:]


def over(minutes: float, budget: float) -> str:
    """A loud word where more was taken than the budget has."""
    return f"OVER BUDGET: {minutes / budget:.1f} times" if minutes > budget else ""


def keep_times(runs: dict[str, Run], seconds: float) -> None:
    """Writes what each suite of a whole run took, in seconds, to `TIMES`."""
    path = repo() / TIMES
    path.parent.mkdir(exist_ok=True)
    took = {name: round(run.seconds, 1) for name, run in runs.items() if not run.status}
    whole = {"chapters": len(notebooks.stems()), "seconds": round(seconds, 1), "suites": took}
    path.write_text(json.dumps(whole, indent=1) + "\n")
