"""Verdicts are computed, and a ledger that disagrees is an error."""

from __future__ import annotations

import itertools
import os
import re

import pytest

from labkit import LedgerError
from labkit.book import ledger
from labkit.book.ledger import HOLDS, LIMITS, WRONG, Claim, Conditions, prove, verdict

TRIED = Conditions(plain=("remove",), varied=("stop",))


@pytest.fixture(autouse=True)
def _one_claim(monkeypatch):
    claim = Claim("C99.1", "ch99_x", "Data is lost.", TRIED, "Data is lost on <remove>.", LIMITS, "r")
    monkeypatch.setattr(ledger, "claims", lambda: {"C99.1": claim})


@pytest.mark.parametrize(
    ("remove", "stop", "expected"),
    [
        (True, True, HOLDS),
        (True, False, LIMITS),
        (False, True, WRONG),  # what makes it true stands beside it
        (False, False, WRONG),
    ],
)
def test_verdict(remove, stop, expected):
    assert verdict(TRIED, {"remove": remove, "stop": stop}, True) == expected


@pytest.mark.parametrize(
    ("tried", "found"),
    [
        ({"remove": True}, "without: 'stop'"),
        ({"remove": True, "stop": True, "kill": True}, "with: 'kill'"),
        ({"remove": True, "Stop": True}, "without: 'stop'; with: 'Stop'"),
        ({}, "without: 'remove', 'stop'"),
    ],
)
def test_exactly_the_conditions_of_the_ledger_are_tried(tried, found):
    with pytest.raises(LedgerError, match="not those of the ledger") as e:
        verdict(TRIED, tried, True)
    assert e.value.found == found


@pytest.mark.parametrize("precise", [False, {"a": True, "b": False}])
def test_a_precise_form_that_fails_is_an_error(precise):
    with pytest.raises(LedgerError, match="precise form does not hold"):
        verdict(TRIED, {"remove": True, "stop": True}, precise)


@pytest.mark.parametrize("value", [1, "yes", None, 0.0])
def test_only_a_real_yes_or_no_counts(value):
    with pytest.raises(LedgerError, match="no yes or no"):
        verdict(TRIED, {"remove": True, "stop": value}, True)
    with pytest.raises(LedgerError, match="no yes or no"):
        verdict(TRIED, {"remove": True, "stop": True}, {"x": value})


def test_a_precise_form_without_parts_proves_nothing():
    with pytest.raises(LedgerError, match="Nothing of our precise form was tried"):
        verdict(TRIED, {"remove": True, "stop": True}, {})


def test_the_ledger_must_agree():
    prove("C99.1", original={"remove": True, "stop": False}, precise=True)
    with pytest.raises(LedgerError, match="disagree") as e:
        prove("C99.1", original={"stop": True, "remove": True}, precise=True)
    assert e.value.wanted == LIMITS
    assert e.value.found == f"{HOLDS} (plain, yes: remove; varied, yes: stop)"


def test_an_unknown_claim():
    with pytest.raises(LedgerError, match=r"no claim C98\.1"):
        prove("C98.1", original={}, precise=True)


def test_the_record_says_the_same_in_text_and_html():
    record = prove("C99.1", original={"remove": True, "stop": False}, precise=True)
    assert repr(record).splitlines() == [
        "C99.1: holds, with limits",
        "  Data is lost on <remove>.",
        "  plain   yes  remove",
        "  varied  no   stop",
    ]
    html = record._repr_html_()
    assert "&lt;remove&gt;" in html
    assert re.search(r"✓ yes</td>\s*<td[^>]*>plain</td>", html)
    assert "✗ no" in html


def test_a_record_does_not_change_afterwards():
    tried = {"remove": True, "stop": False}
    record = prove("C99.1", original=tried, precise=True)
    tried["stop"] = True
    assert record.tried == {"remove": True, "stop": False}


def test_a_record_survives_where_styles_are_stripped():
    html = prove("C99.1", original={"remove": True, "stop": False}, precise=True)._repr_html_()
    assert "<style" not in html
    assert "class=" not in html
    assert not re.search(r"background(-color)?:var", html)  # dropped from an untrusted notebook


@pytest.fixture
def book(monkeypatch, tmp_path):
    """Writes a ledger of its own."""
    monkeypatch.undo()
    monkeypatch.setattr(ledger, "repo", lambda: tmp_path)
    (tmp_path / "chapters").mkdir()

    def write(text):
        path = tmp_path / "chapters/claims.yml"
        path.write_text(text)
        os.utime(path, ns=(0, next(clock)))  # a change within the clock's grain counts too

    return write


clock = itertools.count(10**18, 10**9)
TWO = "conditions: {plain: [p], varied: [v]}"
GOOD = f"{{id: C01.1, chapter: ch01_x, claim: b, {TWO}, precise: c, verdict: holds, reason: d}}"


def test_a_ledger_is_read_again_when_it_has_changed(book):
    book(f"- {GOOD}")
    assert ledger.claims()["C01.1"].verdict == HOLDS
    book(f"- {GOOD.replace('holds', 'wrong as stated')}")
    assert ledger.claims()["C01.1"].verdict == WRONG


@pytest.mark.parametrize(
    ("broken", "place", "wanted"),
    [
        ("- {id: C01.1}", " at C01.1, chapter", "this field"),
        (f"- {GOOD.replace('holds', 'maybe')}", " at C01.1, verdict", "'holds', "),
        (f"- {GOOD}\n- {GOOD}", "", "each id once"),
        (f"- {GOOD.replace('reason: d', 'reason: 3')}", " at C01.1, reason", "a valid string"),
        (f"- {GOOD.replace('reason: d', 'reason: null')}", " at C01.1, reason", "a valid string"),
        ("- " + GOOD.replace("claim: b", "claim: ' '"), " at C01.1, claim", "a text"),
        (
            f"- {GOOD.replace('reason: d}', 'reason: d, more: x}')}",
            " at C01.1, more",
            "no field of this name",
        ),
        (f"- {GOOD.replace(TWO + ', ', '')}", " at C01.1, conditions", "this field"),
        (f"- {GOOD.replace('[v]', '[]')}", " at C01.1, conditions, varied", "at least 1"),
        (f"- {GOOD.replace('[p]', '[]')}", " at C01.1, conditions, plain", "at least 1"),
        (f"- {GOOD.replace('[v]', '[p]')}", " at C01.1, conditions", "each condition once"),
        (f"- {GOOD.replace('C01.1', 'C1.1')}", " at C1.1, id", "C"),
        (f"- {GOOD.replace('ch01_x', 'ch02_x')}", " at C01.1", "an id of its chapter: C02"),
        (f"- {GOOD.replace('ch01_x', 'ch1')}", " at C01.1, chapter", "ch"),
        ("- C01.1", " at entry 1", "an object"),
        (GOOD, "", "a valid array"),
    ],
)
def test_a_broken_entry_is_named(book, broken, place, wanted):
    book(broken)
    with pytest.raises(LedgerError) as e:
        ledger.claims()
    assert e.value.message == f"chapters/claims.yml is wrong{place}."
    assert wanted in str(e.value.wanted)


def test_an_empty_ledger_has_no_claim(book):
    book("# nothing is claimed yet")
    assert ledger.claims() == {}


@pytest.mark.parametrize("broken", ["- {", "a: b: c"])
def test_what_is_no_yaml(book, broken):
    book(broken)
    with pytest.raises(LedgerError, match="cannot be read"):
        ledger.claims()


def test_no_ledger_at_all(book):
    with pytest.raises(LedgerError, match="no ledger"):
        ledger.claims()


def test_the_real_ledger_is_sound(monkeypatch):
    monkeypatch.undo()
    assert len(ledger.claims()) >= 26
