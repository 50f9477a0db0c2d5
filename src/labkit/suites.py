"""The test run: suites one after another, each in a process of its own, none allowed to collect nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console
from rich.table import Table

from labkit import browser, up
from labkit.engine import exports
from labkit.home import repo

SIDE_BY_SIDE = 2
PRINTING = threading.Lock()
NOTHING_COLLECTED = 5
"""pytest's exit status for zero tests; it counts as a failure here."""


@dataclass(frozen=True)
class Suite:
    """One part of the test run.

    Attributes:
        name: what the summary calls it.
        command: arguments after this Python.
        docker: whether it needs the lab to be up.
        beside: whether another such suite may run at the same time: it has engines or namespaces of its own,
            mostly waits for them, and measures no time.
    """

    name: str
    command: tuple[str, ...]
    docker: bool = True
    beside: bool = False


def pytest(*arguments: str) -> tuple[str, ...]:
    """A pytest run."""
    return ("-m", "pytest", "-q", *arguments)


def labkit(*arguments: str) -> tuple[str, ...]:
    """A verb of our own."""
    return ("-m", "labkit", *arguments)


SUITES = (
    Suite("lint", labkit("lint"), docker=False),
    Suite("unit", pytest("tests/unit", "-n2"), docker=False),
    Suite("lab", pytest("tests/lab", "-m", "not faults", "-n2", "--dist", "loadfile")),
    Suite("notebooks", ("-m", "labkit.notebooks")),
    Suite("grading", pytest("tests/grade"), beside=True),
    Suite("graders", labkit("prove", "--quiet"), beside=True),
    Suite("planted changes", ("-m", "labkit.planted"), beside=True),
    Suite("console blocks and ledger", pytest("tests/notebooks"), beside=True),
    Suite("site", pytest("tests/site"), beside=True),
    Suite("faults", pytest("tests/lab", "-m", "faults")),
)


def run_aloud(suite: Suite, env: dict[str, str], console: Console) -> tuple[str, int, float]:
    """Runs a suite, its output as it comes; returns its name, exit status and seconds."""
    console.rule(suite.name)
    started = time.monotonic()
    code = subprocess.run([sys.executable, *suite.command], cwd=repo(), env=env).returncode
    return suite.name, code, time.monotonic() - started


def run_quietly(suite: Suite, env: dict[str, str], console: Console) -> tuple[str, int, float]:
    """The same with its output in one piece at its end, so that two can run at the same time."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as out:
        command = [sys.executable, *suite.command]
        code = subprocess.run(command, cwd=repo(), env=env, stdout=out, stderr=subprocess.STDOUT).returncode
        seconds = time.monotonic() - started
        out.seek(0)
        with PRINTING:
            console.rule(suite.name)
            console.file.write(out.read().decode(errors="replace"))
            console.file.flush()
    return suite.name, code, seconds


def run_all(fast: bool = False) -> int:
    """Runs all suites, the failed ones included, and prints a summary.

    Args:
        fast: only suites that need no Docker.

    Returns:
        0 if all passed, else 1.
    """
    console = Console(highlight=False)
    suites = [s for s in SUITES if not (fast and s.docker)]
    if not fast:
        up.bring_up()
        browser.ensure()
    env = {**os.environ, **({} if fast else exports())}
    rows: list[tuple[str, int, float]] = []
    for beside, group in groupby(suites, lambda s: s.beside):
        if beside:
            with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
                rows += threads.map(lambda s: run_quietly(s, env, console), group)
        else:
            rows += [run_aloud(s, env, console) for s in group]
    table = Table("suite", "result", "minutes", box=None)
    for name, code, seconds in rows:
        said = {0: "passed", NOTHING_COLLECTED: "FAILED: collected nothing"}.get(
            code, f"FAILED (status {code})"
        )
        table.add_row(name, said, f"{seconds / 60:.1f}")
    console.print(table)
    failed = sum(1 for _, code, _ in rows if code)
    console.print(f"{len(rows) - failed} passed, {failed} failed")
    return int(failed > 0 or not rows)
