"""What `up` is doing, what it has done, and about how long the rest takes.

On a terminal the running steps are redrawn in place; elsewhere each step is one line when it begins, one each
30 s that says what it is doing and how far it is, and one when it ends. Steps may run side by side.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from labkit.core.paths import home

Say = Callable[[str], None]

EVERY = 30.0
"""Seconds after which a step that still runs is told again, where there is no terminal."""


class Steps:
    """A run of steps, shown as they go; how long each took is remembered for the next estimate.

    Args:
        console: where they are shown; None is standard output.
        every: seconds after which a step that still runs is told again, where there is no terminal.
    """

    def __init__(self, console: Console | None = None, every: float = EVERY):
        self.console = console or Console(highlight=False)
        self.every = every
        self.took: dict[str, float] = {}
        self._before = self._load()
        self._lock = threading.Lock()
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[name]:<16} {task.fields[said]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[about]}", markup=False),
            console=self.console,
            transient=True,
        )

    def __enter__(self) -> Steps:
        if self.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()
        worked = {name: s for name, s in self.took.items() if s >= 2}  # the rest found all as it should be
        (home() / "times.json").write_text(json.dumps(self._before | worked, indent=1, sort_keys=True))

    @staticmethod
    def _load() -> dict[str, float]:
        try:
            times: dict[str, float] = json.loads((home() / "times.json").read_text())
            return times
        except (OSError, ValueError):
            return {}

    def _tell(self, text: str) -> None:
        """Prints a line as it is: what a tool has said may hold brackets, or the name of an emoji."""
        self.console.print(text, markup=False, emoji=False, soft_wrap=True)

    @contextmanager
    def _told_again(self, line: Callable[[], str]) -> Iterator[None]:
        ended = threading.Event()

        def tell() -> None:
            while not ended.wait(self.every):
                self._tell(line())

        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        try:
            yield
        finally:
            ended.set()
            teller.join()

    @contextmanager
    def step(self, name: str, about: float) -> Iterator[Say]:
        """One step.

        Args:
            name: a word or two.
            about: seconds it takes on 2 cores with nothing cached, for the first estimate.

        Yields:
            A function to tell what is being done; its last word is printed with the result.
        """
        started, latest = time.monotonic(), ""
        guess = f"of about {about:.0f} s at first" if name not in self._before else ""
        guess = guess or f"last time {self._before[name]:.0f} s"
        task = self._bar.add_task(name, name=name, said="", about=guess, total=None)

        def say(text: str) -> None:
            nonlocal latest
            latest = text
            self._bar.update(task, said=text)

        def line() -> str:
            return f"… {name:<16} {time.monotonic() - started:>6.0f} s  {latest or 'at work'} ({guess})"

        try:
            if self.console.is_terminal:
                yield say
            else:
                self._tell(f"… {name} ({guess})")
                with self._told_again(line):
                    yield say
        except BaseException:
            self._tell(f"✗ {name:<16} failed after {time.monotonic() - started:.1f} s: {latest}")
            raise
        else:
            with self._lock:
                self.took[name] = round(time.monotonic() - started, 1)
            self._tell(f"✓ {name:<16} {self.took[name]:>6.1f} s  {latest}")
        finally:
            self._bar.remove_task(task)
