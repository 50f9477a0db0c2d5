"""What learners get: no solution, no marker, locked cells, the same bytes; and what does not fit is told."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_output

from labkit import Usage
from labkit.book import notebooks
from labkit.book.exercises import MARKERS, SOLUTION_ONLY, STUB, build, generate
from labkit.lint.exercises import misfits

STEM = "ch96_x"
SECRET = "forty_two"
NAMES = ("one", "two", "three")


# --- what learners get


def test_nothing_of_the_solution_is_left(course):
    text = course.exercise.read_text()
    for word in (SECRET, SOLUTION_ONLY, *MARKERS, "HIDDEN", "reset("):
        assert word not in text
    for word in (*(f'check(\\"{name}\\")' for name in NAMES), "a title", "lab = 1", "progress()"):
        assert word in text


def test_a_stub_stands_in_its_place(course):
    cells = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in generate(STEM, course.root).cells}
    assert cells["one-answer"].source == STUB
    assert cells["two-answer"].source == "def two(n):\n    # your code here\n    pass"
    compile(cells["two-answer"].source, "x", "exec")


def test_nothing_was_executed(course):
    made = generate(STEM, course.root)
    assert all(c.execution_count is None and c.outputs == [] for c in made.cells if c.cell_type == "code")


def test_cells_that_are_given_are_locked_and_run_all_goes_on(course):
    for cell in generate(STEM, course.root).cells:
        grader = cell.metadata.get("nbgrader")
        if grader:
            assert cell.metadata.deletable is False
            assert cell.metadata.get("editable", True) is grader["solution"]
            assert ("raises-exception" in cell.metadata.get("tags", [])) is grader["grade"]
        else:
            assert "editable" not in cell.metadata


def test_it_is_nbgraders_own_format(course):
    from nbgrader.preprocessors import DeduplicateIds, OverwriteCells  # noqa: F401  the instructor's tools load
    from nbgrader.utils import determine_grade

    made = generate(STEM, course.root)
    nbformat.validate(made)
    points = {}
    for cell in made.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            assert cell.metadata.nbgrader.checksum
            points[cell.metadata.nbgrader.grade_id] = determine_grade(cell)[1]
    assert points == {"one": 2, "two": 1, "three": 1}


def test_the_same_solution_makes_the_same_bytes(course):
    made = [nbformat.writes(generate(STEM, course.root)) for _ in range(3)]
    assert len(set(made)) == 1
    before = course.exercise.stat().st_mtime_ns
    assert build(course.root) == []
    assert course.exercise.stat().st_mtime_ns == before


def edition_after(course, change):
    course.change(change)
    return generate(STEM, course.root).metadata.labkit["edition"]


CHANGES = {
    "a text": lambda cells: cells[0].update(source="# Exercise: another title"),
    "a given cell": lambda cells: cells[1].update(source="lab = 2"),
    "points": lambda cells: cells[4].metadata.nbgrader.update(points=3),
    "a cell's name": lambda cells: cells[3].metadata.nbgrader.update(grade_id="other"),
    "a cell less": lambda cells: cells.pop(8),
    "the order": lambda cells: cells.insert(0, cells.pop(1)),
}
NO_CHANGES = {
    "nothing": lambda cells: None,
    "the solution": lambda cells: cells[3].update(source="### BEGIN SOLUTION\nx = 2\n### END SOLUTION"),
    "outputs": lambda cells: cells[1].outputs.append(new_output("stream", text="hello")),
    "the author's own cell": lambda cells: cells.pop(9),
}


@pytest.mark.parametrize("word", CHANGES)
def test_what_a_learner_is_given_makes_the_edition(course, word):
    first = generate(STEM, course.root).metadata.labkit
    assert first["stem"] == STEM
    assert edition_after(course, CHANGES[word]) != first["edition"]


@pytest.mark.parametrize("word", NO_CHANGES)
def test_what_a_learner_is_not_given_does_not(course, word):
    first = generate(STEM, course.root).metadata.labkit["edition"]
    assert edition_after(course, NO_CHANGES[word]) == first


# --- what cannot be built

UNBUILDABLE = {
    "a marker without its end": lambda c: c[3].update(source=f"### BEGIN SOLUTION\n{SECRET}"),
    "an end without its marker": lambda c: c[1].update(source=f"{SECRET}\n### END SOLUTION"),
    "a marker in a cell that is no solution": lambda c: c[1].update(
        source=f"### BEGIN SOLUTION\n{SECRET}\n### END SOLUTION"
    ),
    "a marker in small letters": lambda c: c[1].update(
        source=f"### Begin solution\n{SECRET}\n### end Solution"
    ),
    "a hidden test without its end": lambda c: c[7].update(source=f"### BEGIN HIDDEN TESTS\n{SECRET}"),
    "something still to do": lambda c: c[0].update(source="# TO DO"),
    "a marker in a text": lambda c: c[0].update(source="# Title\n\nBEGIN SOLUTION"),
    "the same name twice": lambda c: c[6].metadata.nbgrader.update(grade_id="one"),
    "no points": lambda c: c[4].metadata.nbgrader.pop("points"),
    "no schema": lambda c: c[4].metadata.nbgrader.pop("schema_version"),
}


@pytest.mark.parametrize("word", UNBUILDABLE)
def test_what_cannot_be_built_leaves_the_exercise_as_it_was(course, word):
    course.change(UNBUILDABLE[word])
    before = course.exercise.read_text()
    with pytest.raises(Usage, match=STEM):
        build(course.root)
    assert course.exercise.read_text() == before
    assert any(line.startswith("Usage: solutions/ch96_x") for line in misfits(STEM, course.root))


def test_a_solution_without_markers_goes_whole(course):
    course.change(lambda cells: cells[3].update(source=f"{SECRET} = 1"))
    assert generate(STEM, course.root).cells[3].source == STUB


def test_an_exercise_without_a_solution_goes(course):
    notebooks.path(STEM, "solutions", course.root).unlink()
    assert build(course.root) == [STEM]
    assert not course.exercise.exists()
    assert build(course.root) == []


def test_one_that_cannot_be_built_stops_no_other(course):
    course.change(UNBUILDABLE["a marker in a text"])
    course.change(lambda cells: None, "ch97_y")
    with pytest.raises(Usage, match=STEM):
        build(course.root)
    assert notebooks.stems("exercises", course.root) == [STEM, "ch97_y"]


def test_one_alone_is_built(course):
    course.change(lambda cells: None, "ch97_y")
    course.exercise.unlink()
    assert build(course.root, ["ch97_y"]) == ["ch97_y"]
    assert notebooks.stems("exercises", course.root) == ["ch97_y"]
    assert build(course.root) == [STEM]
