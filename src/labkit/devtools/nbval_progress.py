"""A pytest plugin for nbval: says which notebooks run and how far they are, and keeps each cell's seconds.

A line is printed when a notebook has ended, at the first cell of each that fails, and after 30 s without any.
Where `TIMES` names a file, the seconds of all cells are written to it at the end.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import pytest
from rich.text import Text

TIMES = "LABKIT_CELL_TIMES"
"""The variable that names the file for the seconds of the cells."""

SILENCE = 30.0
"""After so many seconds without a line there is one."""

LAST_LINES = 4
"""Lines of a traceback that are told: the error's message may have more than one."""

LONGEST = 500
"""Characters of a failure that are told at most; its whole text stands in pytest's own report."""


@dataclass
class Notebook:
    """How far one notebook is.

    Attributes:
        cells: how many it has.
        seconds: what each cell took that has run, by its number among the code cells.
        done: how many have run.
        has_failed: whether one of them has failed; those after it tell nothing more.
    """

    cells: int = 0
    seconds: dict[int, float] = field(default_factory=dict)
    done: int = 0
    has_failed: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it has begun, and not ended."""
        return bool(self.seconds) and self.done < self.cells


def name_of(nodeid: str) -> str:
    """The notebook of a cell: ``chapters/ch01_docker_manages``."""
    path = PurePath(nodeid.partition("::")[0])
    return f"{path.parent.name}/{path.stem}"


def why(text: str) -> str:
    """A failed cell in one line, from the report of nbval: the error, or what differs between the outputs.

    Args:
        text: the report: a headline, the cell's code, then a traceback or a comparison.
    """
    lines = [line.strip() for line in Text.from_ansi(text).plain.splitlines()]
    headline = next((line for line in lines if line.startswith("Cell ")), "")
    if "Traceback:" not in lines:
        return headline or text.strip()[:LONGEST]
    told = [line for line in lines[lines.index("Traceback:") + 1 :] if line]
    differs = [line for line in told if line[0] in "+-" and not line.startswith("---")]
    if "outputs differ" in headline and differs:
        told = differs
    elif "exception" in headline:
        told = told[-LAST_LINES:]
    return f"{headline}: {' / '.join(told)}"[:LONGEST]


class Progress:
    """The progress of a run.

    Args:
        say: prints a line.
        silence: seconds without a line, after which there is one.
    """

    def __init__(self, say: Any, silence: float = SILENCE):
        self.say, self.silence = say, silence
        self.notebooks: dict[str, Notebook] = {}
        self._said = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self, nodeids: Iterable[str]) -> None:
        """Begins with all cells of the run; only the first call counts: each worker has the same cells."""
        if self.notebooks:
            return
        for nodeid in nodeids:
            self.notebooks.setdefault(name_of(nodeid), Notebook()).cells += 1
        if self.notebooks:  # where nothing was selected there is nothing to watch
            self._thread.start()

    def add(self, nodeid: str, when: str, seconds: float) -> None:
        """Notes a phase of a cell: ``setup``, ``call`` or ``teardown``."""
        name = name_of(nodeid)
        notebook = self.notebooks[name]
        number = int(nodeid.rpartition("Cell ")[2])
        notebook.seconds[number] = notebook.seconds.get(number, 0) + seconds
        if when == "teardown":
            notebook.done += 1
            if notebook.done == notebook.cells:
                self._line(f"{name}: {notebook.cells} cells, {sum(notebook.seconds.values()):.0f} s")

    def fail(self, nodeid: str, text: str) -> None:
        """Says which cell of a notebook is the first to fail, and why.

        Args:
            nodeid: the cell's.
            text: nbval's report of it.
        """
        notebook = self.notebooks[name_of(nodeid)]
        if not notebook.has_failed:
            notebook.has_failed = True
            self._line(f"FAILED {name_of(nodeid)}: {why(text)}")

    def end(self) -> None:
        """Says nothing more."""
        self._ended.set()

    def times(self) -> list[dict[str, Any]]:
        """Every cell that has run: ``notebook``, ``cell`` (its number) and ``seconds``."""
        return [
            {"notebook": name, "cell": number, "seconds": round(seconds, 2)}
            for name, notebook in self.notebooks.items()
            for number, seconds in notebook.seconds.items()
        ]

    def _line(self, text: str) -> None:
        """Prints a line."""
        self._said = time.monotonic()
        self.say(text)

    def _watch(self) -> None:
        """Says what runs when nothing else has been said for long enough."""
        while not self._ended.wait(max(0.0, self._said + self.silence - time.monotonic())):
            if time.monotonic() >= self._said + self.silence:
                running = [f"{n} ({b.done} of {b.cells})" for n, b in self.notebooks.items() if b.is_running]
                done, cells = (
                    sum(getattr(b, of) for b in self.notebooks.values()) for of in ("done", "cells")
                )
                self._line(f"running: {', '.join(running) or 'kernels start'}; {done} of {cells} cells")


class Plugin:
    """Connects a `Progress` with pytest's hooks, and with xdist's where cells run in workers."""

    def __init__(self, progress: Progress):
        self.progress = progress

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """All cells, where there are no workers."""
        if session.items:
            self.progress.start(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """All cells, as a worker has found them."""
        self.progress.start(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a cell has ended."""
        self.progress.add(report.nodeid, report.when, report.duration)
        if report.failed:
            self.progress.fail(report.nodeid, report.longreprtext)

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """No dot for a cell that passed: the notebooks have lines."""
        if not report.passed:
            return None
        return ("passed", "", "PASSED") if report.when == "call" else ("", "", "")

    def pytest_sessionfinish(self) -> None:
        """Writes the seconds."""
        self.progress.end()
        if path := os.environ.get(TIMES):
            Path(path).write_text(json.dumps(self.progress.times()), encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option for the seconds."""
    told = "seconds without a line after which the log says what runs"
    parser.addoption("--silence", type=float, default=SILENCE, metavar="SECONDS", help=told)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Registers the plugin, in the process that reports: workers report to it."""
    if not hasattr(config, "workerinput"):
        terminal = config.pluginmanager.get_plugin("terminalreporter")

        def say(line: str) -> None:
            if terminal:
                terminal.ensure_newline()  # the letter of a failure may stand before it
                terminal.write_line(line, flush=True)

        progress = Progress(say, config.getoption("silence"))
        config.pluginmanager.register(Plugin(progress), "labkit-progress")
