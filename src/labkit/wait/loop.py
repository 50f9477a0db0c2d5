"""Waiting for a named condition of one object, by its events: `lab.wait` comes here.

The order is always the same: look, follow what happens from there on, and when the stream ends, begin again
until the deadline. Nothing polls: a stream that keeps ending at once is answered with a growing pause.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from labkit.core.errors import BrokenEnvironment, TimedOut

State = TypeVar("State")
LOOK = object()
"""A stream yields this where only a look shows the state: always first, and after each event of Docker's."""

QUICK = 0.5
"""A stream that ends sooner than this many seconds, again and again, is answered with a growing pause."""

PATIENCE = 3.0
"""Seconds for which a server that answered before may be gone: a restart, a connection that was cut."""

ANSWER = 2.0
"""The least seconds a server is given for one answer, also where the deadline is nearer."""

FRESH = 30.0
"""A stream is begun anew after so many silent seconds: its connection may have died without a word."""


class Deadline:
    """A point in time, and how far off it is.

    Args:
        timeout: seconds from now.
    """

    def __init__(self, timeout: float):
        self.timeout = timeout
        self.at = time.monotonic() + timeout

    def left(self) -> float:
        """Seconds until then; 0 if it has passed."""
        return max(0.0, self.at - time.monotonic())

    def answer(self) -> float:
        """Seconds that one answer may take."""
        return min(max(self.left(), ANSWER), FRESH)

    def silence(self) -> float:
        """Seconds that a stream may be silent."""
        return max(min(self.left(), FRESH), 0.001)


class Predicate:
    """A caller's own condition; a part of the object that is not there yet counts as no.

    Args:
        condition: given the object, whether it holds.
    """

    def __init__(self, condition: Callable[[Any], Any]):
        self.condition, self.missing = condition, ""

    def __call__(self, state: Any) -> bool:
        """Whether it holds for a state; never for None."""
        self.missing = ""
        if state is None:
            return False
        try:
            return bool(self.condition(state))
        except LookupError as e:  # a misspelt field looks the same: the error says which
            self.missing = f"{type(e).__name__}: {e}"
            return False

    def __str__(self) -> str:
        name = getattr(self.condition, "__name__", "<lambda>")
        return "as asked" if name == "<lambda>" else name


def follow(
    subject: str,
    condition: str,
    test: Callable[[State | None], bool],
    look: Callable[[Deadline], State | None],
    stream: Callable[[Deadline], Iterator[Any]],
    evidence: Callable[[State | None], str],
    deadline: Deadline,
    hint: str | None = None,
) -> State | None:
    """Waits until ``test`` holds for what ``look`` or ``stream`` shows.

    Args:
        subject: the object in words, for the error.
        condition: the condition in words, for the error.
        test: given the object (None once it is gone), whether the condition holds.
        look: fetches the object's state now; None if it is not there.
        stream: yields `LOOK`, then a state or `LOOK` each time something has happened since that look. It
            ends at the deadline at the latest, or when the connection breaks.
        evidence: last state and recent events or logs, in a few lines.
        deadline: when to give up. A server that does not answer at all can cost `ANSWER` more.
        hint: what to look at first, for the error.

    Returns:
        The state for which the test held; None where it held for an object that is not there.

    Raises:
        TimedOut: it did not hold in time, and a last look said so too.
        BrokenEnvironment: the server cannot be reached, so nobody knows.
    """
    answered, lost, pause, breath = False, None, 0.0, threading.Event()
    while True:
        began = time.monotonic()
        try:
            for happened in stream(deadline):
                state = look(deadline) if happened is LOOK else happened
                answered, lost = True, None
                if test(state):
                    return state
                if not deadline.left():
                    break
            if not deadline.left():
                break
        except BrokenEnvironment:
            lost = lost or time.monotonic()
            if not answered or not deadline.left() or time.monotonic() - lost > PATIENCE:
                raise
        pause = min(2 * pause + 0.01, 1.0) if time.monotonic() - began < QUICK else 0.0
        breath.wait(min(pause, deadline.left()))
    state = look(deadline)  # a stream that died in silence may have kept the news to itself
    if test(state):
        return state
    missing = getattr(test, "missing", "")
    raise TimedOut(
        f"{subject} was not {condition} within {deadline.timeout:g} s.",
        evidence=evidence(state) + (f"\nthe predicate found no {missing}" if missing else ""),
        fix=hint,
    )
