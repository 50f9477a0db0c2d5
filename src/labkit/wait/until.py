"""Retrying what has no event: an HTTP answer, a DNS name, a metric. The only polling in the course."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from labkit.core.errors import TimedOut

T = TypeVar("T")


def until(
    probe: Callable[[], T],
    *,
    timeout: float,
    every: float = 0.02,
    what: str = "the condition holds",
    ignore: tuple[type[BaseException], ...] = (),
) -> T:
    """Calls ``probe`` until it returns something true, and returns that.

    Args:
        probe: called without arguments.
        timeout: seconds before giving up.
        every: seconds between the end of one call and the next, 0.01 to 0.05.
        what: the condition in words, for the error.
        ignore: exceptions that count as "not yet".

    Raises:
        TimedOut: the last answer, or the last exception, is its evidence.
    """
    deadline, pause = time.monotonic() + timeout, threading.Event()
    while True:
        try:
            answer = probe()
            if answer:
                return answer
            last: object = answer
        except ignore as e:
            last = e
        if time.monotonic() >= deadline:
            raise TimedOut(f"Not within {timeout:g} s: {what}.", evidence=f"last answer: {last!r}")
        pause.wait(every)
