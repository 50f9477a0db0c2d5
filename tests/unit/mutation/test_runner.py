"""What wrong answers are told: apart from each other, and the same as the last time."""

from __future__ import annotations

import json

import pytest
from proofs import ACCEPTED, KILLED, SUITE, tried

from labkit.checks.result import FAIL, PASS
from labkit.mutation import runner
from labkit.mutation.runner import alike, snapshot


@pytest.fixture(autouse=True)
def root(monkeypatch, tmp_path):
    """A course without a snapshot."""
    (tmp_path / "tests/graders/ch96_x").mkdir(parents=True)
    monkeypatch.setattr(runner, "repo", lambda: tmp_path)
    return tmp_path


def test_wrong_answers_to_one_task_are_told_apart():
    first, second = tried("a", FAIL, message="It is wrong."), tried("b", FAIL, message="It is wrong.")
    assert len(alike(SUITE, [first, second])) == 1
    assert "“one: a” and “one: b” are told the same: It is wrong." in alike(SUITE, [first, second])[0]


def test_a_hint_or_another_task_tells_apart():
    first = tried("a", FAIL, message="It is wrong.", hint="Look here.")
    second = tried("b", FAIL, message="It is wrong.", hint="Look there.")
    third = tried("c", FAIL, message="It is wrong.", hint="Look here.", check="two")
    fourth = tried("d", PASS, True, message="It is wrong.", hint="Look here.")
    assert alike(SUITE, [first, second, third, fourth]) == []


def test_the_snapshot(root):
    results = [tried("a", FAIL, hint="ü"), tried("b", FAIL), ACCEPTED]
    assert [line.split(" is told")[0] for line in snapshot("ch96_x", results, False)] == [
        "“one: a”",
        "“one: b”",
    ]
    assert snapshot("ch96_x", results, True) == []
    assert snapshot("ch96_x", results, False) == []
    kept = json.loads((root / "tests/graders/ch96_x/messages.json").read_text(encoding="utf-8"))
    assert kept["one: a"] == {"verdict": FAIL, "message": "a", "hint": "ü"}
    assert list(kept) == ["one: a", "one: b"]  # what right answers are told is nothing


CHANGED = {
    "another message": [tried("a", FAIL, message="other"), tried("b", FAIL)],
    "another hint": [tried("a", FAIL, hint="other"), tried("b", FAIL)],
    "another verdict": [tried("a", PASS), tried("b", FAIL)],
    "one less": [tried("b", FAIL)],
    "one more": [tried("a", FAIL), tried("b", FAIL), tried("c", FAIL)],
}


@pytest.mark.parametrize("word", CHANGED)
def test_a_difference_to_the_snapshot_is_a_fault(word):
    snapshot("ch96_x", [tried("a", FAIL), tried("b", FAIL)], True)
    assert len(snapshot("ch96_x", CHANGED[word], False)) == 1


def test_a_damaged_snapshot_is_a_fault(root):
    (root / "tests/graders/ch96_x/messages.json").write_text("{")
    assert "cannot be read" in snapshot("ch96_x", [KILLED], False)[0]
