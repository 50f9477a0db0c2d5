"""A generator's waiting and reading, at a place that needs no engine: its log is written by the test."""

from __future__ import annotations

import json
import time

import pytest

from labkit import BrokenEnvironment, TimedOut
from labkit.load.generator import LoadGenerator, checked

SETTINGS = checked({"a": "http://a/", "still": "http://still/"}, rate=10, timeout=0.1)


class Written:
    """A place whose log grows by one request to each target at each read, unless it is at rest."""

    def __init__(self, outcome=lambda number, target: 200, is_at_rest=False):
        self.outcome, self.is_at_rest = outcome, is_at_rest
        self.lines, self.number, self.restarts = [], 0, 0

    def write(self, sent=None):
        for target in SETTINGS["targets"]:
            status = self.outcome(self.number, target)
            at = time.time() if sent is None else sent
            self.lines.append(json.dumps([self.number, at, 0.01, target, status, f"v{self.number}", None]))
        self.number += 1

    def log(self, since, tail):
        if not self.is_at_rest:
            self.write()
        return "\n".join(self.lines[-tail:] if tail else self.lines)

    def restart(self):
        self.restarts, self.number = self.restarts + 1, 0

    def remove(self):
        self.lines = []


def test_it_waits_for_more_outcomes_of_each_target():
    place = Written()
    for _ in range(5):
        place.write(sent=1.0)  # earlier ones do not count
    LoadGenerator(place, SETTINGS).wait_more(3, timeout=10)
    assert place.number >= 5 + 3


def test_it_gives_up_when_nothing_more_comes():
    with pytest.raises(TimedOut, match="2 more outcomes"):
        LoadGenerator(Written(is_at_rest=True), SETTINGS).wait_more(2, timeout=0.1)


def test_a_sender_that_has_failed_is_told_with_its_last_words():
    place = Written(is_at_rest=True)
    place.lines = [json.dumps("Traceback (most recent call last):\nsocket.gaierror: no such name")]
    with pytest.raises(BrokenEnvironment, match="load generator") as told:
        LoadGenerator(place, SETTINGS).begun()
    assert "gaierror" in told.value.found


def test_it_waits_until_the_last_outcomes_are_as_wanted():
    place = Written(lambda number, target: 503 if number < 4 else 200)
    found = LoadGenerator(place, SETTINGS).wait_last(3, lambda r: not r.lost, "a", timeout=10)
    assert [r.outcome for r in found] == ["v4", "v5", "v6"]
    assert found.targets == ["a"]
    with pytest.raises(TimedOut, match="2 requests in a row to a"):
        LoadGenerator(Written(), SETTINGS).wait_last(2, lambda r: r.lost, "a", timeout=0.1)


def test_the_last_are_fewer_where_there_are_no_more():
    place = Written(is_at_rest=True)
    place.write()
    assert [r.target for r in LoadGenerator(place, SETTINGS).last(5, "still")] == ["still"]


def test_a_time_is_complete_when_later_requests_have_their_records():
    place = Written()
    began = time.time()
    rows = LoadGenerator(place, SETTINGS).complete(began, began + 0.3)
    assert not rows.missing(began, began + 0.3)
    assert rows.undisturbed("still", began, began + 0.3)


def test_a_time_that_has_gaps_is_given_back_in_the_end(monkeypatch):
    monkeypatch.setattr("labkit.load.generator.AFTER", 0.1)
    place = Written(is_at_rest=True)
    began = time.time()
    place.write()
    rows = LoadGenerator(place, SETTINGS).complete(began, began + 0.1)
    assert rows.missing(began, began + 0.1)
    assert not rows.undisturbed("still", began, began + 0.1)


def test_a_calm_time_is_one_in_which_the_control_loses_nothing():
    place = Written(lambda number, target: 503 if target == "still" and number < 3 else 200)
    began, rows = LoadGenerator(place, SETTINGS).calm(0.3, "still")
    assert began
    assert not rows.of("still").between(began, began + 0.3).lost
    earlier = time.time() - 0.2
    began, rows = LoadGenerator(Written(lambda n, target: 503), SETTINGS).calm(0.05, "still", since=earlier)
    assert rows.of("still").between(began, began + 0.05).lost  # the fourth, though it was not calm


def test_it_begins_anew_only_when_it_is_old():
    place = Written()
    generator = LoadGenerator(place, SETTINGS)
    place.write()
    generator.renew(seconds=60)
    assert place.restarts == 0
    place.number = 601
    place.write()
    generator.renew(seconds=60)
    assert place.restarts == 1


def test_one_that_has_ended_begins_anew():
    place = Written()
    place.log = lambda since, tail: "" if tail else Written.log(place, since, tail)
    LoadGenerator(place, SETTINGS).renew()
    assert place.restarts == 1
