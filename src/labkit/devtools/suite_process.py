"""One suite in a process of its own: each line told as it comes, its time limited, its end complete."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import psutil

GRACE = 30.0
"""Seconds for a suite that is asked to end: its tests remove what they made."""

EVERY = 30.0
"""Seconds without a line after which the log says that a suite is still at work."""

TIMED_OUT = -1
"""The status of a suite whose time was over."""

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """What came of a suite.

    Attributes:
        status: its exit status, or `TIMED_OUT`.
        seconds: how long it took.
        lines: all that it printed.
    """

    status: int
    seconds: float
    lines: Sequence[str]


class SuiteProcess:
    """A suite that runs.

    Args:
        command: arguments after this Python.
        tell: called with each line that it prints, from a thread of its own.
        folder: where it runs.
        env: its whole environment.
    """

    def __init__(self, command: Sequence[str], tell: Tell, folder: Path, env: Mapping[str, str]):
        self._tell, self._lines = tell, list[str]()
        self._started = self._last_line = time.monotonic()
        # A session of its own: Ctrl-C reaches this run alone, which then ends the whole tree in order.
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={**env, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        output = cast(IO[str], self._process.stdout)  # a pipe, as asked for
        self._reader = threading.Thread(target=self._read, args=(output,), daemon=True)
        self._reader.start()

    def _read(self, output: IO[str]) -> None:
        with output as lines:
            for line in lines:
                self._last_line = time.monotonic()
                self._lines.append(line.rstrip())
                self._tell(line.rstrip())

    def wait(self, limit: float, every: float = EVERY, grace: float = GRACE) -> Run:
        """Waits for its end; what is over its time is ended with all that it has started.

        Args:
            limit: seconds that it may take.
            every: seconds of silence after which it is told that it goes on.
            grace: seconds that it has to tidy up when its time is over.
        """
        timed_out = False
        while self._process.poll() is None:
            left = limit - (time.monotonic() - self._started)
            if left <= 0:
                timed_out = True
                self._tell(f"its {limit / 60:.0f} min are over: it is ended, with all that it has started")
                self.end(grace)
                break
            try:
                self._process.wait(min(left, every))
            except subprocess.TimeoutExpired:
                if (silent := time.monotonic() - self._last_line) >= every:
                    minutes = (time.monotonic() - self._started) / 60
                    self._tell(f"… at work for {minutes:.1f} min, {silent:.0f} s without a line")
        self._reader.join(2)  # no longer: what it has left running may hold its standard output open
        status = TIMED_OUT if timed_out else self._process.wait()
        return Run(status, time.monotonic() - self._started, list(self._lines))

    def end(self, grace: float = GRACE) -> None:
        """Ends it and everything it started: asked as by Ctrl-C, then killed.

        Args:
            grace: seconds between the two.
        """
        tree = descendants(self._process.pid)  # before: whoever has lost its parent is not found any more
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)  # the whole group, as a terminal does
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        tree += descendants(self._process.pid)
        if self._process.poll() is None:
            self._process.kill()
        for process in tree:
            with suppress(psutil.NoSuchProcess):  # psutil knows a process whose number another one has now
                process.kill()
        psutil.wait_procs(tree, timeout=5)
        self._process.wait()


def descendants(pid: int) -> list[psutil.Process]:
    """All processes below this one."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []
