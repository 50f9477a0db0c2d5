"""The record of tests: one schema for graders and proofs, read and written in one place."""

from __future__ import annotations

import json

import pytest

from labkit.core.errors import CommandFailed, Usage
from labkit.mutation import record
from labkit.mutation.record import CLAIMS, GRADERS, ClaimEntry, GraderEntry

ENTRY = ClaimEntry(inputs="abc", commit="c0ffee", seconds=1.5, change="two in place of one")


@pytest.fixture(autouse=True)
def root(monkeypatch, tmp_path):
    """A course without records."""
    for folder in ("tests/claims", "tests/graders"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(record, "repo", lambda: tmp_path)
    return tmp_path


def test_what_was_written_is_read():
    CLAIMS.write("C96.2", ENTRY, ["C96.1", "C96.2"])
    CLAIMS.write("C96.1", ENTRY, ["C96.1", "C96.2"])
    assert CLAIMS.read() == {"C96.1": ENTRY, "C96.2": ENTRY}
    assert list(json.loads(CLAIMS.file().read_text())) == ["C96.1", "C96.2"]
    graders = GraderEntry("abc", "", 2.0, [record.Task("do", ["One"], 1, 4, 4, 2, 2)], {"solution": True})
    GRADERS.write("ch96_x", graders, ["ch96_x"])
    assert GRADERS.read() == {"ch96_x": graders}


def test_none_and_what_is_gone_go():
    for name in ("C96.1", "C96.2", "C96.3"):
        CLAIMS.write(name, ENTRY, ["C96.1", "C96.2", "C96.3"])
    CLAIMS.write("C96.1", None, ["C96.1", "C96.2"])
    assert list(CLAIMS.read()) == ["C96.2"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"C96.1": 5}', '{"C96.1": {"inputs": "a", "commit": "b", "seconds": 1}}', "\x00"],
)
def test_a_damaged_record_tells_nothing_and_is_named(content):
    CLAIMS.file().write_text(content)
    assert CLAIMS.known() == {}
    with pytest.raises(Usage, match=r"claims/record\.json") as e:
        CLAIMS.read()
    assert e.value.fix == "labkit prove-all"
    CLAIMS.write("C96.1", ENTRY, ["C96.1"])
    assert CLAIMS.read() == {"C96.1": ENTRY}


def test_a_field_that_nobody_knows_is_refused():
    CLAIMS.write("C96.1", ENTRY, ["C96.1"])
    entries = json.loads(CLAIMS.file().read_text())
    entries["C96.1"]["files"] = "abc"
    CLAIMS.file().write_text(json.dumps(entries))
    with pytest.raises(Usage, match="files"):
        CLAIMS.read()


def test_no_record_is_an_empty_one():
    assert CLAIMS.read() == {}


def test_the_courses_own_records_can_be_read(monkeypatch):
    monkeypatch.undo()
    assert GRADERS.read()
    CLAIMS.read()


def test_without_git_there_is_no_commit(monkeypatch):
    def no_git(command):
        raise CommandFailed("not a git repository")

    monkeypatch.setattr(record, "run", no_git)
    assert record.commit() == ""
