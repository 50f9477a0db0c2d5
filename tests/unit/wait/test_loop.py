"""The loop of every wait, with streams and a clock that are made up: looks, follows, begins again, ends."""

from __future__ import annotations

import types
from itertools import pairwise

import pytest

from labkit.core.errors import EngineUnavailable, TimedOut
from labkit.wait import loop as waiting
from labkit.wait.loop import LOOK, Deadline, Predicate, follow


class Clock:
    """Time that passes only when somebody waits, or when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    def event(self):
        return types.SimpleNamespace(wait=self.passes)

    def passes(self, seconds):
        self.now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(waiting, "time", made)
    monkeypatch.setattr(waiting, "threading", types.SimpleNamespace(Event=made.event))
    return made


def wait(test, states, stream, timeout=1.0):
    """Follows a made-up object; `look` takes its states from a list, the last one over and over."""
    left = list(states)

    def look(deadline):
        state = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(state, Exception):
            raise state
        return state

    say = "last state: {}".format
    return follow("pod/web", "Ready", test, look, stream, say, Deadline(timeout), "look")


def is_up(state):
    return state == "up"


def only_look(deadline):
    return iter([LOOK])


def test_what_is_true_already_needs_no_event():
    assert wait(is_up, ["up"], only_look) == "up"


def test_it_subscribes_before_it_looks():
    order = []

    def stream(deadline):
        order.append("subscribe")
        yield LOOK

    def look(deadline):
        order.append("look")
        return "up"

    follow("x", "y", lambda s: True, look, stream, str, Deadline(1))
    assert order == ["subscribe", "look"]


def test_an_event_carries_the_state():
    assert wait(is_up, ["down"], lambda d: iter([LOOK, "starting", "up"])) == "up"


def test_an_event_may_only_say_that_something_happened():
    assert wait(is_up, ["down", "starting", "up"], lambda d: iter([LOOK, LOOK, LOOK])) == "up"


def test_none_is_a_state_too():
    assert wait(lambda s: s is None, ["there"], lambda d: iter([LOOK, None])) is None


def test_a_stream_that_ends_is_opened_again():
    opened = []

    def stream(deadline):
        opened.append(1)
        yield LOOK

    assert wait(is_up, ["down", "down", "up"], stream) == "up"
    assert len(opened) == 3


def test_a_stream_that_ends_at_once_is_not_hammered(clock):
    opened = []

    def stream(deadline):
        opened.append(clock.now)
        return iter([])

    with pytest.raises(TimedOut):
        wait(is_up, ["down"], stream, timeout=1.0)
    pauses = [round(later - earlier, 2) for earlier, later in pairwise(opened)]
    assert pauses == [0.01, 0.03, 0.07, 0.15, 0.31, 0.43]  # the last one ends at the deadline


def test_a_stream_that_lived_is_opened_again_without_a_pause(clock):
    opened = []

    def stream(deadline):
        opened.append(clock.now)
        yield LOOK
        clock.passes(waiting.QUICK)

    wait(lambda s: len(opened) > 20, ["down"], stream, timeout=60)
    assert opened == [opened[0] + n * waiting.QUICK for n in range(21)]


def test_a_timeout_says_what_was_seen_last_and_where_to_look():
    with pytest.raises(TimedOut) as e:
        wait(is_up, ["down"], only_look, timeout=0.1)
    assert "pod/web was not Ready within 0.1 s" in str(e.value)
    assert "last state: down" in str(e.value)
    assert "next: look" in str(e.value)


def test_a_deadline_that_has_passed_still_looks():
    assert wait(is_up, ["up"], only_look, timeout=0) == "up"


def test_the_deadline_ends_a_stream_that_never_stops_talking(clock):
    began = clock.now

    def stream(deadline):
        while True:
            clock.passes(0.25)
            yield "down"

    with pytest.raises(TimedOut):
        wait(is_up, ["down"], stream, timeout=1)
    assert clock.now == began + 1


def test_at_the_deadline_it_looks_once_more():
    def silent(deadline):
        yield LOOK
        deadline.at = 0  # as if the time had passed in silence

    assert wait(is_up, ["down", "up"], silent) == "up"


def test_a_server_that_was_never_there_is_told_at_once(clock):
    began = clock.now
    with pytest.raises(EngineUnavailable):
        wait(is_up, [EngineUnavailable("gone")], only_look, timeout=5)
    assert clock.now == began


def test_a_server_that_comes_back_is_waited_for():
    assert (
        wait(is_up, ["down", EngineUnavailable("gone"), EngineUnavailable("gone"), "up"], only_look) == "up"
    )


def test_a_server_that_stays_away_is_told_after_a_while(clock):
    began = clock.now
    with pytest.raises(EngineUnavailable):
        wait(is_up, ["down", EngineUnavailable("gone")], only_look, timeout=60)
    assert waiting.PATIENCE < clock.now - began <= waiting.PATIENCE + 1  # the longest pause


def test_a_server_that_is_away_at_the_deadline_is_never_a_timeout():
    with pytest.raises(EngineUnavailable):
        wait(is_up, ["down", EngineUnavailable("gone")], only_look, timeout=0.2)


def test_a_predicate_takes_a_missing_part_as_no_and_says_so():
    asked = Predicate(lambda o: o["status"]["phase"] == "Running")
    assert asked({"status": {"phase": "Running"}}) is True
    assert asked({}) is False
    assert "status" in asked.missing
    assert asked(None) is False
    assert asked.missing == ""


def test_a_predicate_that_is_wrong_in_itself_is_not_hidden():
    with pytest.raises(AttributeError):
        Predicate(lambda o: o.nonsense)({})


def test_the_error_names_what_a_predicate_missed():
    with pytest.raises(TimedOut, match="found no KeyError: 'satus'"):
        wait(Predicate(lambda o: o["satus"]), [{"status": 1}], only_look, timeout=0.1)


def test_a_predicate_is_called_by_its_name():
    assert str(Predicate(is_up)) == "is_up"
    assert str(Predicate(lambda o: True)) == "as asked"


def test_a_deadline_counts_down_and_bounds_what_is_asked_for(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now[0])
    deadline = Deadline(50)
    assert (deadline.left(), deadline.answer(), deadline.silence()) == (50, waiting.FRESH, waiting.FRESH)
    now[0] = 149.5
    assert (deadline.left(), deadline.answer(), deadline.silence()) == (0.5, waiting.ANSWER, 0.5)
    now[0] = 200
    assert deadline.left() == 0
    assert 0 < deadline.silence() < 0.01  # a time-out of 0 would mean none at all
