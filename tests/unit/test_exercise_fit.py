"""Where a solution, its exercise and its checks do not fit together is told, one line each."""

from __future__ import annotations

import copy
from contextlib import suppress

import pytest
from nbformat.v4 import new_output

from labkit import Usage
from labkit.book.exercises import SOLUTION_ONLY, build
from labkit.lint.exercises import misfits

STEM = "ch96_x"


def like(cell, name):
    """A graded cell like another, for another check."""
    made = copy.deepcopy(cell)
    made.source, made.metadata.nbgrader["grade_id"] = f'check("{name}")', name
    return made


def test_a_sound_exercise_has_no_misfits(course):
    assert misfits(STEM, course.root) == []


UNFIT = {
    "other points": (
        lambda c: c[4].metadata.nbgrader.update(points=5),
        "one: 5 points in the notebook, 2 in",
    ),
    "a check that no cell asks": (lambda c: c.pop(6), "two: None points in the notebook, 1 in its check"),
    "a cell for no check": (
        lambda c: c.append(like(c[6], "four")),
        "four: 1 points in the notebook, None in",
    ),
    "another check asked": (
        lambda c: c[6].update(source='check("one")'),
        'the cell 6 checks "one", and is graded for "two"',
    ),
    "none asked": (lambda c: c[6].update(source="pass"), 'checks nothing, and is graded for "two"'),
    "asked where nothing is graded": (
        lambda c: c[1].update(source='check("one")'),
        'the cell 1 checks "one", and is graded for nothing',
    ),
    "a scene never started": (lambda c: c.pop(2), 'start("stage") is in no cell'),
    "a scene that only the author starts": (
        lambda c: c[2].metadata.update(tags=[SOLUTION_ONLY]),
        'start("stage") is in no cell',
    ),
    "a cell not executed": (lambda c: c[8].update(execution_count=None), "not executed: the cells 8"),
    "an error stored": (
        lambda c: c[8].outputs.append(new_output("error", ename="E", evalue="x")),
        "the cell 8 stored an error",
    ),
    "something still to do": (
        lambda c: c[0].update(source="# TO DO"),
        "solutions/ch96_x is still to be written. found: TO DO in the cells [0]",
    ),
}


@pytest.mark.parametrize("word", UNFIT)
def test_what_does_not_fit_is_told(course, word):
    change, said = UNFIT[word]
    course.change(change)
    with suppress(Usage):
        build(course.root)
    assert any(said in line for line in misfits(STEM, course.root)), misfits(STEM, course.root)


def test_an_exercise_that_somebody_edited(course):
    path = course.exercise
    path.write_text(path.read_text().replace("a title", "my title"))
    assert misfits(STEM, course.root) == [
        "exercises/ is not what labkit build makes of solutions/: run labkit build"
    ]
    path.unlink()
    assert len(misfits(STEM, course.root)) == 1


FILES = {
    "import nothing_there": "ModuleNotFoundError",
    "def": "SyntaxError",
}
CHANGED = {
    "TypeError: one has no docstring": ('"""One"""', "pass"),
    "no check of the task repair": ('task="repair"', 'task="do"'),
    "one has no hints": ('points=2, hints=("look",)', "points=2"),
}


@pytest.mark.parametrize("text", FILES)
def test_a_file_of_checks_that_does_not_load(course, text):
    course.write_checks(text)
    assert any(FILES[text] in line for line in misfits(STEM, course.root))


@pytest.mark.parametrize("said", CHANGED)
def test_a_file_of_checks_that_is_wrong(course, said):
    course.write_checks(course.checks.replace(*CHANGED[said]))
    assert any(said in line for line in misfits(STEM, course.root))


def test_a_file_of_checks_that_is_not_there(course):
    (course.root / f"checks/{STEM}/__init__.py").unlink()
    assert misfits(STEM, course.root) == ["Usage: ch96_x has no checks. wanted: checks/ch96_x/__init__.py"]
