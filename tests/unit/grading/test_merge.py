"""The notebook that is run: the course's exercise with the learner's cells in it."""

from __future__ import annotations

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labkit.grading.merge import COURSE, LEARNER, assemble


def cell(source, name=None, grade=False, solution=False, locked=False, points=None, kind="code"):
    """A cell with nbgrader's metadata."""
    made = new_code_cell(source) if kind == "code" else new_markdown_cell(source)
    if name:
        told = {"grade_id": name, "grade": grade, "solution": solution, "locked": locked}
        made.metadata["nbgrader"] = {**told, **({"points": points} if points else {})}
    return made


def exercise():
    """Setup, two tasks with a scene, and the progress."""
    made = new_notebook(
        cells=[
            cell("# One", kind="markdown"),
            cell("lab = Lab()", "setup", locked=True),
            cell("...", "one-answer", solution=True),
            cell("check('one')", "one", grade=True, locked=True, points=2),
            cell('start("scene")', "start-scene", locked=True),
            cell("...", "two-answer", solution=True),
            cell("check('two')", "two", grade=True, locked=True, points=3),
            cell("progress()"),
        ]
    )
    made.metadata["labkit"] = {"stem": "ch96_x", "edition": "e1"}
    return made


@pytest.fixture
def source():
    return exercise()


@pytest.fixture
def given():
    """What a learner hands in: both tasks answered."""
    made = exercise()
    made.cells[2].source, made.cells[5].source = "a = 1", "b = 2"
    return made


def texts(steps):
    """What is run."""
    return [s.source for s in steps]


WHOLE = ["lab = Lab()", "a = 1", "check('one')", 'start("scene")', "b = 2", "check('two')", "progress()"]


def test_an_honest_submission_is_run_as_it_is(given, source):
    steps, notes = assemble(given, source)
    assert texts(steps) == WHOLE
    assert notes == []
    assert [s.origin for s in steps] == [COURSE, LEARNER, COURSE, COURSE, LEARNER, COURSE, COURSE]
    assert [s.check for s in steps] == [None, None, "one", None, None, "two", None]
    assert [s.prepares for s in steps] == [True, False, False, False, False, False, True]
    assert steps[1].name == "`one-answer`"
    assert steps[-1].name == "the course's cell after `two`"


def test_cells_of_their_own_stay_where_they_were(given, source):
    given.cells.insert(3, new_code_cell("after a"))
    given.cells.insert(4, new_code_cell("after that"))
    given.cells.insert(0, new_code_cell("first"))
    given.cells.append(new_code_cell("last"))
    given.cells.append(new_code_cell("  "))
    steps, notes = assemble(given, source)
    wanted = ["first", *WHOLE[:2], "after a", "after that", *WHOLE[2:], "last"]
    assert (texts(steps), notes) == (wanted, [])
    assert {s.origin for s in steps if s.source in ("first", "after a", "last")} == {LEARNER}
    assert [s.name for s in steps if s.source in ("first", "after a")] == [
        "a cell of their own after the beginning",
        "a cell of their own after `one-answer`",
    ]


def test_locked_cells_come_from_the_course(given, source):
    given.cells[1].source = "class Lab: pass"
    given.cells[3].source = "print('2 of 2 points')"
    given.cells[4].source = "pass"
    steps, notes = assemble(given, source)
    assert texts(steps) == WHOLE
    assert notes == [
        f"The cell `{n}` was changed: the course's own was run." for n in ("setup", "one", "start-scene")
    ]


def test_metadata_counts_for_nothing(given, source):
    given.cells[3].metadata.nbgrader["points"] = 100
    given.cells[1].metadata.nbgrader.update(grade=True, points=50)
    given.cells[6].metadata.nbgrader.update(locked=False, solution=True)
    given.cells[6].source = "print('passed')"
    given.cells[2].metadata.nbgrader.update(solution=False, locked=True)
    steps, notes = assemble(given, source)
    assert texts(steps) == WHOLE
    assert [s.check for s in steps if s.check] == ["one", "two"]
    assert {n for n in notes if "metadata" in n} == {
        f"The metadata of the cell `{n}` was changed: the course's own counts."
        for n in ("setup", "one-answer", "one", "two")
    }


def test_missing_cells(given, source):
    del given.cells[6], given.cells[5], given.cells[1]
    steps, notes = assemble(given, source)
    assert texts(steps) == [w if w != "b = 2" else "..." for w in WHOLE]
    assert notes == [
        "The cell `setup` is missing: the course's own was run.",
        "The cell `two-answer` is missing: it counts as unsolved.",
        "The cell `two` is missing: the course's own was run.",
    ]


def copies(given, *sources, at=2):
    """Puts copies of a cell behind it, with texts of their own."""
    for i, source in enumerate(sources, 1):
        twin = copy.deepcopy(given.cells[at])
        twin.source = source
        given.cells.insert(at + i, twin)


MORE = "The cell `one-answer` is there more than once: what was worked on was run, in its order."


def test_the_parts_of_a_cell_that_was_split_are_run_in_their_order(given, source):
    copies(given, "a += 1", "a += 2")
    given.cells.insert(4, new_code_cell("own = a"))
    steps, notes = assemble(given, source)
    assert texts(steps) == [WHOLE[0], "a = 1", "a += 1", "own = a", "a += 2", *WHOLE[2:]]
    assert {s.name for s in steps if s.source.startswith("a ")} == {"`one-answer`"}
    assert {s.origin for s in steps if s.source.startswith("a ")} == {LEARNER}
    assert notes == [MORE]


@pytest.mark.parametrize("sources", [("...", "a = 1"), ("a = 1", "..."), ("", "...", "a = 1")])
def test_of_copies_those_that_nobody_worked_on_are_not_run(given, source, sources):
    given.cells[2].source = sources[0]
    copies(given, *sources[1:])
    steps, notes = assemble(given, source)
    assert (texts(steps), notes) == (WHOLE, [MORE])


def test_an_answer_in_a_copy_behind_the_check_counts_if_there_is_none_before_it(given, source):
    twin = copy.deepcopy(given.cells[2])
    given.cells[2].source = "..."
    given.cells.append(twin)
    assert texts(assemble(given, source)[0]) == WHOLE


def test_a_second_answer_behind_the_check_comes_too_late(given, source):
    twin = copy.deepcopy(given.cells[2])
    twin.source = "a = 2"
    given.cells.insert(5, twin)
    steps, notes = assemble(given, source)
    assert texts(steps) == [*WHOLE[:4], "a = 2", *WHOLE[4:]]
    assert notes == [MORE, "The cell `one-answer` is there once more behind its check: that came too late."]


def test_copies_of_the_courses_cells_are_run_once(given, source):
    given.cells.insert(4, copy.deepcopy(given.cells[3]))
    given.cells.insert(2, copy.deepcopy(given.cells[1]))
    steps, notes = assemble(given, source)
    assert texts(steps) == WHOLE
    assert notes == [
        f"The cell `{n}` is there more than once: the course's own was run, once." for n in ("setup", "one")
    ]


BY_TEXT = "Cells without the course's metadata were told by their text, and answers by their place."


@pytest.mark.parametrize("keep_notebooks", [True, False])
def test_cells_without_metadata_are_told_by_text_and_place(given, source, keep_notebooks):
    given.cells.insert(2, new_code_cell("helper = 1"))
    for made in given.cells:
        made.metadata.clear()
    if not keep_notebooks:
        given.metadata.clear()
    steps, notes = assemble(given, source)
    assert texts(steps) == [WHOLE[0], "helper = 1", *WHOLE[1:]]
    assert notes[-1] == BY_TEXT
    assert [s.check for s in steps if s.check] == ["one", "two"]
    assert len(notes) == 2 - keep_notebooks


def test_an_untouched_exercise_without_metadata_is_unsolved(source):
    given = exercise()
    for made in given.cells:
        made.metadata.clear()
    steps, notes = assemble(given, source)
    assert texts(steps) == [t if t not in ("a = 1", "b = 2") else "..." for t in WHOLE]
    assert notes == [BY_TEXT]


def test_a_call_of_the_courses_in_a_cell_of_their_own_is_their_own(given, source):
    given.cells.insert(2, new_code_cell("progress()"))
    given.cells.insert(3, new_code_cell("check('one')"))
    given.cells.insert(4, new_code_cell("helper = 1"))
    steps, notes = assemble(given, source)
    assert texts(steps) == [WHOLE[0], "progress()", "check('one')", "helper = 1", *WHOLE[1:]]
    assert notes == []


def test_code_in_the_place_of_an_answer_that_is_gone_is_the_answer(given, source):
    given.cells[2] = new_code_cell("a = 1")
    steps, notes = assemble(given, source)
    assert texts(steps) == WHOLE
    assert notes == ["The cell `one-answer` is missing: the code in its place counts as the answer."]


def test_an_answer_that_is_no_code_is_none(given, source):
    given.cells[2] = cell("a = 1", "one-answer", solution=True, kind="markdown")
    steps, notes = assemble(given, source)
    assert texts(steps)[1] == "..."
    assert notes == ["The cell `one-answer` is no longer a code cell: it counts as unsolved."]


def test_another_edition_is_told_and_its_texts_may_differ(given, source):
    given.metadata["labkit"]["edition"] = "e0"
    given.cells[3].source = "check('one')  # as it was then"
    steps, notes = assemble(given, source)
    assert texts(steps) == WHOLE
    assert notes == ["It was made from edition e0 of the exercise; it is graded against the present one, e1."]
    del given.metadata["labkit"]
    assert "an unknown edition" in assemble(given, source)[1][0]


def test_a_cell_that_asks_for_points_gets_none(given, source):
    given.cells.append(cell("check('one')", "bonus", grade=True, points=50))
    steps, notes = assemble(given, source)
    assert steps[-1].check is None
    assert notes == ["The cell `bonus` asks for points, and is none of this exercise's."]


@pytest.mark.parametrize("said", ["one", ["one"], {"grade_id": 7}, {"grade_id": ["one"]}, {}, None])
def test_an_answer_with_nonsense_for_metadata_is_told_by_its_place(given, source, said):
    given.cells[2].metadata["nbgrader"] = said
    steps, notes = assemble(given, source)
    assert notes == ["The cell `one-answer` is missing: the code in its place counts as the answer."]
    assert texts(steps) == WHOLE


def test_another_chapters_notebook_solves_nothing(source):
    other = new_notebook(
        cells=[cell("x = 1", "x-answer", solution=True), cell("check('x')", "x", grade=True)]
    )
    steps, notes = assemble(other, source)
    assert [s.source for s in steps if s.check] == ["check('one')", "check('two')"]
    assert sum("is missing" in n for n in notes) == 6


def test_half_a_character_is_replaced(given, source):
    given.cells[2].source = "a = '\ud800'"
    assert texts(assemble(given, source)[0])[1] == "a = '?'"


def test_the_source_is_left_as_it_is(given, source):
    assemble(given, source)
    assert [c.source for c in source.cells] == [c.source for c in exercise().cells]
