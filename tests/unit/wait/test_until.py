"""`until`: the one place that asks again."""

from __future__ import annotations

import pytest

from labkit import TimedOut, until


def test_the_first_true_answer_is_returned():
    answers = iter([0, "", [1]])
    assert until(lambda: next(answers), timeout=1) == [1]


def test_it_gives_up_and_shows_the_last_answer():
    with pytest.raises(TimedOut, match="the page answers") as e:
        until(lambda: 0, timeout=0.05, what="the page answers")
    assert "last answer: 0" in e.value.evidence


def test_only_named_exceptions_count_as_not_yet():
    def refuse():
        raise ConnectionError("refused")

    with pytest.raises(TimedOut) as e:
        until(refuse, timeout=0.05, ignore=(OSError,))
    assert "refused" in e.value.evidence
    with pytest.raises(ConnectionError):
        until(refuse, timeout=0.05)


def test_it_asks_at_least_once():
    assert until(lambda: "yes", timeout=0) == "yes"


def test_it_does_not_spin():
    asked = []
    with pytest.raises(TimedOut):
        until(lambda: asked.append(1), timeout=0.2, every=0.05)
    assert len(asked) <= 6
