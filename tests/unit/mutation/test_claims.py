"""Planted changes: where they may stand, and what counts as turned."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from labkit.book import notebooks
from labkit.core.errors import Usage
from labkit.mutation import claims as planted
from labkit.mutation.claims import Plant

OPENING = "from labkit.core.errors import LedgerError\nn = 1"


def notebook(proof="if n != 1:\n    raise LedgerError('turned')"):
    proved = new_code_cell(proof, metadata={"tags": ["claim:C01.1"]})
    return new_notebook(cells=[new_code_cell(OPENING), new_code_cell("m = n"), proved])


def plant(cell="n = 1", before="n = 1", after="n = 2"):
    return Plant("C01.1", "another number", cell, before, after)


def test_a_change_is_made_in_its_cell():
    changed, at = planted.planted(notebook(), plant())
    assert changed.cells[0].source.endswith("n = 2")
    assert at == 2


@pytest.mark.parametrize(
    "odd",
    [
        plant(cell="n"),
        plant(cell="nowhere"),
        plant(before="nowhere"),
        plant(cell="raise", before="turned", after="x"),
    ],
)
def test_a_change_that_is_not_one_of_the_experiment_is_refused(odd):
    with pytest.raises(Usage):
        planted.planted(notebook(), odd)


@pytest.fixture
def chapter(monkeypatch, tmp_path):
    """Makes a chapter of a notebook."""
    monkeypatch.setattr("labkit.lab.lab.Lab.reset", lambda stem: {})

    def make(made):
        (tmp_path / "chapters").mkdir()
        target = notebooks.path("ch01_a", "chapters", tmp_path)
        notebooks.write(made, target)
        monkeypatch.setattr(planted.notebooks, "path", lambda stem: target)

    return make


def test_a_verdict_that_turns(chapter):
    chapter(notebook())
    assert planted.verdict_turns("ch01_a", plant()) is None


def test_a_proof_that_passes_all_the_same(chapter):
    chapter(notebook())
    assert "passed all the same" in planted.verdict_turns("ch01_a", plant(after="n = 1.0"))


def test_a_change_that_breaks_the_experiment_turns_nothing(chapter):
    chapter(notebook())
    assert "cell 0 raised ZeroDivisionError" in planted.verdict_turns("ch01_a", plant(after="n = 1 / 0"))


def test_another_error_of_the_proof_turns_nothing(chapter):
    chapter(notebook(proof="assert n == 1"))
    assert "cell 2 raised AssertionError" in planted.verdict_turns("ch01_a", plant())
