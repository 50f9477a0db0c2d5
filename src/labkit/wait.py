"""Waiting for a named condition of one object, by its events: `lab.wait` comes here.

The order is always the same: subscribe, look, then follow; when the stream ends, begin again until the
deadline. Nothing sleeps and nothing polls.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from labkit.errors import TimedOut

Test = Callable[[Any], bool]
QUICK = 0.5
"""A stream that ends sooner than this many seconds, again and again, is answered with a growing pause."""


class Deadline:
    """A point in time, and how far off it is."""

    def __init__(self, timeout: float):
        self.timeout = timeout
        self.at = time.monotonic() + timeout

    def left(self) -> float:
        """Seconds until then; 0 if it has passed."""
        return max(0.0, self.at - time.monotonic())


def follow(
    subject: str,
    condition: str,
    test: Test,
    look: Callable[[], Any],
    stream: Callable[[Deadline], Iterator[Any]],
    evidence: Callable[[Any], str],
    deadline: Deadline,
    hint: str | None = None,
) -> Any:
    """Waits until ``test`` holds for what ``look`` or ``stream`` shows.

    Args:
        subject: the object in words, for the error.
        condition: the condition in words, for the error.
        test: given the object (None once it is gone), whether the condition holds.
        look: fetches the object's state now; None if it is not there.
        stream: subscribes, and yields a state each time something happens; its first value is None as soon as
            the subscription stands. It ends at the deadline at the latest, or when the connection breaks.
        evidence: last state and recent events or logs, in a few lines.
        deadline: when to give up.
        hint: what to look at first, for the error.

    Returns:
        The state for which the test held.

    Raises:
        TimedOut: it did not hold in time.
    """
    state, pause, breath = None, 0.0, threading.Event()
    while True:
        began = time.monotonic()
        for happened in stream(deadline):
            state = look() if happened is None else happened
            if test(state):
                return state
        if not deadline.left():
            raise TimedOut(
                f"{subject} was not {condition} within {deadline.timeout:g} s.",
                evidence=evidence(state),
                fix=hint,
            )
        pause = min(2 * pause + 0.01, 1.0) if time.monotonic() - began < QUICK else 0.0
        breath.wait(min(pause, deadline.left()))
