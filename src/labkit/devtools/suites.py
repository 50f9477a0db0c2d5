"""The test run: suites one after another, each in a process of its own, none allowed to collect nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from labkit.core.engine import exports
from labkit.core.paths import repo
from labkit.devtools import browser
from labkit.provision import up

NOTHING_COLLECTED = 5
"""pytest's exit status for zero tests; it counts as a failure here."""


@dataclass(frozen=True)
class Suite:
    """One part of the test run.

    Attributes:
        name: what the summary calls it.
        command: arguments after this Python.
        docker: whether it needs the lab to be up.
    """

    name: str
    command: tuple[str, ...]
    docker: bool = True


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
    Suite("notebooks", ("-m", "labkit.devtools.notebook_run")),
    Suite("console blocks and ledger", pytest("tests/notebooks")),
    Suite("graders", labkit("prove", "--quiet")),
    Suite("planted changes", ("-m", "labkit.mutation.claims")),
    Suite("grading", pytest("tests/grade")),
    Suite("site", pytest("tests/site", "-m", "not cluster", "-n2")),
    Suite("learn", pytest("tests/site", "-m", "cluster")),  # builds the site anew: not beside its readers
    Suite("faults", pytest("tests/lab", "-m", "faults")),
)


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
    rows = []
    for suite in suites:
        console.rule(suite.name)
        started = time.monotonic()
        code = subprocess.run([sys.executable, *suite.command], cwd=repo(), env=env).returncode
        rows.append((suite.name, code, time.monotonic() - started))
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
