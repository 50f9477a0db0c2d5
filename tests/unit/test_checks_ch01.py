"""The check of chapter 1's inventory, on an engine on which somebody else works."""

from __future__ import annotations

import itertools
from contextlib import nullcontext

import pytest

from checks.ch01_docker_manages import do
from labkit import BrokenEnvironment, Mismatch
from labkit.checks import Function

TRUE = {"images": 3, "containers": 2, "networks": 4, "volumes": 1, "cache": 0}
NOW = 1795852800_500000000
LISTED = {kind: {f"{kind}-{i}" for i in range(n)} for kind, n in TRUE.items()}


class Engine:
    """An engine whose events are told look by look."""

    def __init__(self, *events):
        self.told = list(events)

    @property
    def api(self):
        return self

    def containers(self, all):
        return []

    def info(self):
        return {"SystemTime": "2026-11-28T09:00:00.5+01:00"}

    def events(self, since, until, decode):
        assert (since, until) == (1, "1795852800.500000000")
        return [{"timeNano": NOW, **event} for event in self.told.pop(0)]


def judged(monkeypatch, answers, *events, lists=(), quiet=False):
    """Checks what a function counts, look by look; the lists are `LISTED` after those that are given."""
    counts, lab = iter(answers), type("Lab", (), {"docker": Engine(*events)})()

    def count(timeout):
        if isinstance(counted := next(counts), Mismatch):
            raise counted
        return counted

    looks = iter(lists)
    monkeypatch.setattr(do, "listed", lambda client: next(looks, LISTED))
    monkeypatch.setattr(do, "cache", lambda client: LISTED["cache"])
    monkeypatch.setattr(do, "add_some", lambda lab, stack: {})
    monkeypatch.setattr(do, "is_quiet", lambda lab, env: quiet)
    monkeypatch.setattr(Function, "at_hand", lambda self, *arguments: nullcontext(count))
    return do.inventory.call(lab, Function("inventory", "", {}))


STARTED = {"Type": "container", "Action": "exec_start: true"}
BEFORE = {**STARTED, "timeNano": NOW - 1}
CAME_AND_WENT = [{"Type": "container", "Action": "create"}, {"Type": "container", "Action": "destroy"}]


def test_what_came_and_went_between_two_equal_counts_blames_nobody(monkeypatch):
    judged(monkeypatch, [{**TRUE, "containers": 3}, TRUE], CAME_AND_WENT, [])


def test_events_that_the_engine_keeps_no_more_blame_nobody(monkeypatch):
    judged(monkeypatch, [{**TRUE, "containers": 3}, TRUE], [STARTED] * 256, [BEFORE, STARTED])


@pytest.mark.parametrize("kept", [[STARTED], [BEFORE, *[STARTED] * 255]])
def test_events_that_are_all_kept_excuse_nothing(monkeypatch, kept):
    with pytest.raises(Mismatch):
        judged(monkeypatch, [{**TRUE, "containers": 3}], kept)


def test_what_came_and_went_before_a_count_is_none_of_its_matter(monkeypatch):
    with pytest.raises(Mismatch):
        judged(monkeypatch, [{**TRUE, "containers": 3}], [{**e, "timeNano": NOW - 1} for e in CAME_AND_WENT])


def test_our_own_count_is_short_however_much_the_engine_keeps():
    class Docker:
        """Lists as long as those of an engine in long use."""

        def __getattr__(self, name):
            return self if name == "api" else lambda **options: self.answer(name)

        def answer(self, name):
            many = [{"ID": "x" * 300}] * 2000
            return {"volumes": {"Volumes": None}, "df": {"BuildCache": many, "LayersSize": 1}}.get(name, many)

    names: dict = {}
    exec(do.OUR_OWN, names)
    assert names["inventory"](Docker()) == [2000, 2000, 2000, 0, 2000]


def test_a_wrong_count_of_what_stood_still_is_one(monkeypatch):
    starts = [{"Type": "container", "Action": "start"}, {"Type": "volume", "Action": "create"}]
    with pytest.raises(Mismatch):
        judged(monkeypatch, [{**TRUE, "containers": 3}], starts)


def test_an_object_that_went_away_while_the_function_looked_blames_nobody(monkeypatch):
    judged(monkeypatch, [Mismatch("inventory raised an error.", found="NotFound"), TRUE], CAME_AND_WENT, [])


def test_a_function_that_raises_on_a_still_engine_is_wrong(monkeypatch):
    with pytest.raises(Mismatch, match="raised an error"):
        judged(monkeypatch, [Mismatch("inventory raised an error.", found="NotFound")], [])


def test_an_object_that_left_the_lists_before_its_event_was_written_blames_nobody(monkeypatch):
    gone = [{**LISTED, "containers": {"containers-0", "another"}}]
    raised = Mismatch("inventory raised an error.", found="NotFound")
    judged(monkeypatch, [raised, TRUE], [], [], lists=gone)


def test_one_that_went_and_one_that_came_before_their_events_blame_nobody(monkeypatch):
    other = [{**LISTED, "containers": {"containers-0", "another"}}]
    judged(monkeypatch, [{**TRUE, "containers": 1}, TRUE], [], [], lists=other)


def test_a_right_answer_passes_beside_somebody_who_is_seldom_idle(monkeypatch):
    busy = [CAME_AND_WENT] * 40
    judged(monkeypatch, [{**TRUE, "containers": 3}] * 40 + [TRUE], *busy, [])


def test_an_engine_that_is_never_still_is_told_with_what_moved(monkeypatch):
    monkeypatch.setattr(do, "SECONDS", 0.2)
    forever = itertools.repeat({**TRUE, "containers": 3})
    monkeypatch.setattr(
        Engine, "events", lambda self, **bounds: [{"timeNano": NOW, **e} for e in CAME_AND_WENT]
    )
    with pytest.raises(BrokenEnvironment) as raised:
        judged(monkeypatch, forever)
    assert raised.value.found == "what came and went: containers"


def test_a_function_under_which_the_engine_moves_each_time_and_else_never_is_wrong(monkeypatch):
    with pytest.raises(Mismatch, match="another after each count"):
        judged(monkeypatch, itertools.repeat(TRUE), *[CAME_AND_WENT] * do.CALLS, quiet=True)


@pytest.mark.parametrize(
    ("states", "told"), [({}, "removes what it counts"), ({"a": "running"}, "changes what it counts")]
)
def test_a_count_that_removes_or_changes_what_it_counts_is_wrong(states, told):
    listed = [{"Id": name, "State": state} for name, state in states.items()]
    lab = type("Lab", (), {"docker": type("Docker", (), {"api": type("API", (), {})()})()})()
    lab.docker.api.containers = lambda all: listed
    with pytest.raises(Mismatch, match=told):
        do.untouched(lab, {"a": "paused"})
