"""The loop of every wait, with streams that are made up: looks, follows, begins again, gives up."""

from __future__ import annotations

import time

import pytest

from labkit.errors import TimedOut
from labkit.wait import Deadline, follow


def wait(test, states, stream, timeout=1.0):
    """Follows a made-up object whose states `look` takes from a list."""
    looked = iter(states)
    return follow(
        "pod/web",
        "Ready",
        test,
        lambda: next(looked),
        stream,
        lambda s: f"last state: {s}",
        Deadline(timeout),
        "look",
    )


def test_what_is_true_already_needs_no_event():
    assert wait(lambda s: s == "up", ["up"], lambda d: iter([None])) == "up"


def test_it_subscribes_before_it_looks():
    order = []

    def stream(deadline):
        order.append("subscribe")
        yield None

    def look():
        order.append("look")
        return "up"

    follow("x", "y", lambda s: True, look, stream, str, Deadline(1))
    assert order == ["subscribe", "look"]


def test_an_event_carries_the_state():
    assert wait(lambda s: s == "up", ["down"], lambda d: iter([None, "starting", "up"])) == "up"


def test_a_stream_that_ends_is_opened_again():
    opened = []

    def stream(deadline):
        opened.append(1)
        yield None

    assert wait(lambda s: s == "up", ["down", "down", "up"], stream) == "up"
    assert len(opened) == 3


def test_a_stream_that_ends_at_once_is_not_hammered():
    opened = []

    def stream(deadline):
        opened.append(1)
        return iter([])

    with pytest.raises(TimedOut):
        wait(lambda s: False, [], stream, timeout=1.0)
    assert len(opened) < 12


def test_a_timeout_says_what_was_seen_last_and_where_to_look():
    with pytest.raises(TimedOut) as e:
        wait(lambda s: False, ["down"] * 100, lambda d: iter([None]), timeout=0.1)
    assert "pod/web was not Ready within 0.1 s" in str(e.value)
    assert "last state: down" in str(e.value)
    assert "next: look" in str(e.value)


def test_a_deadline_that_has_passed_still_looks_once():
    assert wait(lambda s: s == "up", ["up"], lambda d: iter([None]), timeout=0) == "up"


def test_a_deadline_counts_down():
    deadline = Deadline(0.05)
    first = deadline.left()
    until = time.monotonic() + 0.06
    while time.monotonic() < until:
        pass
    assert 0 < first <= 0.05
    assert deadline.left() == 0
