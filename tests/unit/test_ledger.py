"""Verdicts are computed, and a ledger that disagrees is an error."""

from __future__ import annotations

import pytest

from labkit import LedgerError, ledger
from labkit.ledger import HOLDS, LIMITS, WRONG, Claim, prove, verdict


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
    with pytest.raises(LedgerError, match="disagree"):
        prove("C99.1", original=True, precise=True)


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


def test_the_real_ledger_is_sound():
    pytest.MonkeyPatch().undo()
    import importlib

    fresh = importlib.reload(ledger)
    assert all(c.id.startswith("C" + c.chapter[2:4]) for c in fresh.claims().values())
    assert fresh.claims()


@pytest.mark.parametrize(
    "broken", ["- {id: C1}", "- {id: C1, chapter: a, claim: b, precise: c, verdict: maybe, reason: d}"]
)
def test_a_broken_ledger_is_told(monkeypatch, tmp_path, broken):
    import importlib

    fresh = importlib.reload(ledger)
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters/claims.yml").write_text(broken)
    monkeypatch.setattr(fresh, "repo", lambda: tmp_path)
    with pytest.raises(fresh.LedgerError, match="C1"):
        fresh.claims()
    importlib.reload(ledger)
