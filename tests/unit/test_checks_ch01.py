"""The check of chapter 1's inventory, on an engine on which somebody else works."""

from __future__ import annotations

import pytest

from checks.ch01_docker_manages import do
from labkit import Mismatch
from labkit.checks import Function

TRUE = {"images": 3, "containers": 2, "networks": 4, "volumes": 1, "cache": 0}


class Engine:
    """An engine whose events are told look by look."""

    def __init__(self, *events):
        self.told = list(events)

    def info(self):
        return {"SystemTime": "2026-11-28T09:00:00.5+01:00"}

    def events(self, since, until, decode):
        assert (since, until) == ("1795852800.500000000", "1795852800.500000000")
        return self.told.pop(0)


def judged(monkeypatch, answers, *events):
    """Checks what a function counts, look by look."""
    counts, lab = iter(answers), type("Lab", (), {"docker": Engine(*events)})()

    def count(self, *arguments):
        if isinstance(counted := next(counts), Mismatch):
            raise counted
        return counted

    monkeypatch.setattr(do, "counted", lambda client: TRUE)
    monkeypatch.setattr(do, "add_some", lambda lab, stack: None)
    monkeypatch.setattr(Function, "__call__", count)
    return do.inventory.call(lab, Function("inventory", "", {}))


CAME_AND_WENT = [{"Type": "container", "Action": "create"}, {"Type": "container", "Action": "destroy"}]


def test_what_came_and_went_between_two_equal_counts_blames_nobody(monkeypatch):
    judged(monkeypatch, [{**TRUE, "containers": 3}, TRUE], CAME_AND_WENT, [])


def test_a_wrong_count_of_what_stood_still_is_one(monkeypatch):
    starts = [{"Type": "container", "Action": "start"}, {"Type": "volume", "Action": "create"}]
    with pytest.raises(Mismatch):
        judged(monkeypatch, [{**TRUE, "containers": 3}], starts)


def test_an_object_that_went_away_while_the_function_looked_blames_nobody(monkeypatch):
    judged(monkeypatch, [Mismatch("inventory raised an error.", found="NotFound"), TRUE], CAME_AND_WENT, [])


def test_a_function_that_raises_on_a_still_engine_is_wrong(monkeypatch):
    with pytest.raises(Mismatch, match="raised an error"):
        judged(monkeypatch, [Mismatch("inventory raised an error.", found="NotFound")], [])
