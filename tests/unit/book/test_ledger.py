"""Verdicts are computed, and a ledger that disagrees is an error."""

from __future__ import annotations

import itertools
import os
import re

import pytest

from labkit import LedgerError
from labkit.book import ledger
from labkit.book.ledger import HOLDS, LIMITS, WRONG, Claim, prove, verdict


@pytest.fixture(autouse=True)
def _one_claim(monkeypatch):
    claim = Claim("C99.1", "ch99_x", "Data is lost.", "Data is lost on <remove>.", LIMITS, "r")
    monkeypatch.setattr(ledger, "claims", lambda: {"C99.1": claim})


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        (True, HOLDS),
        (False, WRONG),
        ({"a": True, "b": True}, HOLDS),
        ({"a": True, "b": False}, LIMITS),
        ({"a": False, "b": False}, WRONG),
    ],
)
def test_verdict(original, expected):
    assert verdict(original, True) == expected


@pytest.mark.parametrize("precise", [False, {"a": True, "b": False}])
def test_a_precise_form_that_fails_is_an_error(precise):
    with pytest.raises(LedgerError, match="precise form does not hold"):
        verdict(True, precise)


@pytest.mark.parametrize("value", [1, "yes", None, 0.0])
def test_only_a_real_yes_or_no_counts(value):
    with pytest.raises(LedgerError, match="no yes or no"):
        verdict(value, True)
    with pytest.raises(LedgerError, match="no yes or no"):
        verdict(True, {"x": value})


@pytest.mark.parametrize(("original", "precise"), [({}, True), (True, {})])
def test_nothing_tried_proves_nothing(original, precise):
    with pytest.raises(LedgerError, match="Nothing was tried"):
        verdict(original, precise)


def test_the_ledger_must_agree():
    prove("C99.1", original={"remove": True, "stop": False}, precise=True)
    with pytest.raises(LedgerError, match="disagree") as e:
        prove("C99.1", original={"remove": True, "tmpfs": True}, precise=True)
    assert e.value.wanted == LIMITS
    assert e.value.found == f"{HOLDS} (yes: remove; yes: tmpfs)"


def test_an_unknown_claim():
    with pytest.raises(LedgerError, match=r"no claim C98\.1"):
        prove("C98.1", original=True, precise=True)


def test_the_record_says_the_same_in_text_and_html():
    record = prove("C99.1", original={"remove": True, "stop": False}, precise=True)
    assert repr(record).splitlines() == [
        "C99.1: holds, with limits",
        "  Data is lost on <remove>.",
        "  yes  remove",
        "  no   stop",
    ]
    html = record._repr_html_()
    assert "&lt;remove&gt;" in html
    assert "✓ yes" in html
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
GOOD = "{id: C01.1, chapter: ch01_x, claim: b, precise: c, verdict: holds, reason: d}"


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
        (f"- {GOOD.replace('}', ', more: x}')}", " at C01.1, more", "no field of this name"),
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
