"""A pytest plugin for logs: whole lines in place of dots, each failure at once, the ten slowest tests kept.

``python -m pytest -p labkit.devtools.pytest_log --slowest=reports/slowest/unit.json …``

A line comes for each failure, with its whole text, and else each 30 s as tests end. With pytest-xdist, only
the process that collects the reports writes.
"""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

import pytest

EVERY = 30.0
"""Seconds between two lines of progress."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option for the file."""
    parser.addoption(
        "--slowest", metavar="FILE", help="keep the ten slowest tests there, beside what it holds"
    )


@pytest.hookimpl(trylast=True)  # pytest's own reporter is there only then
def pytest_configure(config: pytest.Config) -> None:
    """Takes part where reports are collected; workers of xdist have nothing to tell."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Log(config), "labkit-log")


class Log:
    """What is told of a run of tests.

    Args:
        config: pytest's.
    """

    def __init__(self, config: pytest.Config):
        self.terminal = config.pluginmanager.get_plugin("terminalreporter")
        self.file = config.getoption("slowest")
        self.seconds: dict[str, float] = defaultdict(float)
        self.failures = 0
        self.last_line = self.started = time.monotonic()

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """No dot for what passed and no letter for what failed; all else as ever."""
        if report.skipped or hasattr(report, "wasxfail"):
            return None
        if report.when == "call":
            return report.outcome, "", ""
        return ("error" if report.failed else "", "", "")

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Adds up a test's time; tells a failure at once, progress each 30 s."""
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failures += 1
            self._line(
                f"FAILED {report.nodeid} ({report.when}, {report.duration:.1f} s)\n{report.longreprtext}"
            )
        elif time.monotonic() - self.last_line >= EVERY:
            so_far = f"{len(self.seconds)} tests, {self.failures} failed"
            self._line(f"{so_far}, after {time.monotonic() - self.started:.0f} s; the last: {report.nodeid}")

    def pytest_sessionfinish(self) -> None:
        """Keeps the slowest."""
        if self.file:
            from labkit.devtools import slowest  # late: what a plugin imports, coverage has not seen

            times = [slowest.Slow(seconds, nodeid) for nodeid, seconds in self.seconds.items()]
            slowest.keep(Path(self.file), times)

    def _line(self, text: str) -> None:
        self.last_line = time.monotonic()
        if self.terminal:
            self.terminal.ensure_newline()
            self.terminal.write_line(text, flush=True)
