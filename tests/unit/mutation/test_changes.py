"""The file of a chapter's planted changes: what does not fit is named, and each claim has one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import yaml

from labkit.book import notebooks
from labkit.book.ledger import claims
from labkit.core.errors import Usage
from labkit.mutation import changes
from labkit.mutation.claims import Plant, planted

STEM = "ch96_x"
ENTRY = {"change": "two in place of one", "cell": "n = 1", "from": "n = 1", "to": "n = 2"}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes the planted changes of a chapter that has two claims; returns the course's folder."""
    ledger = {name: SimpleNamespace(id=name, chapter=STEM) for name in ("C96.1", "C96.2")}
    other = {"C97.1": SimpleNamespace(id="C97.1", chapter="ch97_y")}
    monkeypatch.setattr(changes, "claims", lambda: ledger | other)

    def write_file(entries):
        path = tmp_path / changes.FOLDER / f"{STEM}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(entries if isinstance(entries, str) else yaml.safe_dump(entries))
        return tmp_path

    return write_file


def test_the_changes_of_a_chapter(write):
    root = write({"C96.2": ENTRY | {"to": ""}, "C96.1": ENTRY})
    assert changes.plants(STEM, root) == [
        Plant("C96.1", "two in place of one", "n = 1", "n = 1", "n = 2"),
        Plant("C96.2", "two in place of one", "n = 1", "n = 1", ""),  # what is there is taken away
    ]


WRONG = {
    "a number": ({"to": 2}, "at C96.2, to.", "a valid string", "2"),
    "no words": ({"change": " "}, "at C96.2, change.", "a text", '" "'),
    "no cell": ({"cell": ""}, "at C96.2, cell.", "a text", '""'),
    "nothing replaced": ({"from": ""}, "at C96.2, from.", "String should have at least 1 character", '""'),
    "an unknown field": ({"because": "x"}, "at C96.2, because.", "no field of this name", '"x"'),
    "no change": ({"to": "n = 1"}, "at C96.2.", "another text in to than in from", "'n = 1' in both"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_change_that_does_not_fit_is_named(write, case):
    change, where, wanted, found = WRONG[case]
    root = write({"C96.1": ENTRY, "C96.2": ENTRY | change})
    with pytest.raises(Usage) as e:
        changes.plants(STEM, root)
    assert (e.value.message, e.value.wanted, e.value.found) == (
        f"claims/{STEM}.yml is wrong {where}",
        wanted,
        found,
    )
    assert e.value.fix == f"mend claims/{STEM}.yml"
    assert changes.readable_plants(STEM, root) == []


@pytest.mark.parametrize("field", ["change", "cell", "from", "to"])
def test_a_change_that_lacks_a_field_is_named(write, field):
    root = write({"C96.1": ENTRY, "C96.2": {k: v for k, v in ENTRY.items() if k != field}})
    with pytest.raises(Usage, match=rf"is wrong at C96\.2, {field}\.") as e:
        changes.plants(STEM, root)
    assert (e.value.wanted, e.value.found) == ("this field", "nothing")


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "cannot be read"), ("- C96.1", "is wrong"), ("C96.1: x", r"is wrong at C96\.1")],
)
def test_a_file_that_holds_no_changes_is_named(write, text, message):
    with pytest.raises(Usage, match=message):
        changes.plants(STEM, write(text))


@pytest.mark.parametrize("names", [(), ("C96.1",), ("C96.1", "C96.2", "C97.1")])
def test_each_claim_of_the_chapter_has_one_change_and_no_other_has(write, names):
    root = write(dict.fromkeys(names, ENTRY))
    with pytest.raises(Usage, match=f"{changes.FOLDER}/{STEM}.yml does not have one change for each") as e:
        changes.plants(STEM, root)
    assert (e.value.wanted, e.value.found) == ("C96.1, C96.2", ", ".join(names) or "none")


def test_every_claim_of_every_chapter_has_its_change():
    found = {p.claim for stem in notebooks.stems() for p in changes.plants(stem)}
    assert found == set(claims())
    for stem in notebooks.stems():
        for one in changes.plants(stem):
            planted(notebooks.read(notebooks.path(stem)), one)
