"""The notebook that is run: the course's own exercise, with the learner's cells in it.

Whatever a submission made of setup cells, graded cells or metadata is not run: those come from the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from nbformat import NotebookNode

from labkit.grading.submission import labelled, plain

KEYS = ("grade", "solution", "locked", "points")
COURSE, LEARNER = "course", "learner"


@dataclass(frozen=True)
class Step:
    """One code cell that is run.

    Attributes:
        source: its text.
        origin: course or learner.
        name: what notes call it.
        check: the check that it is graded by, or None.
    """

    source: str
    origin: str
    name: str
    check: str | None = None

    @property
    def prepares(self) -> bool:
        """Whether it only prepares, so that a new kernel may run it again."""
        return self.origin == COURSE and self.check is None and "start(" not in self.source


def nbgrader_of(cell: NotebookNode) -> dict[str, Any]:
    """A cell's nbgrader metadata; empty where there is none, or something else in its place."""
    entry = cell.metadata.get("nbgrader")
    return entry if isinstance(entry, dict) and isinstance(entry.get("grade_id"), str) else {}


@dataclass(frozen=True)
class Exercise:
    """The exercise as learners get it, and where its cells are.

    Attributes:
        cells: all.
        places: of each id.
        named: the id of each text that is no answer's; an editor may have dropped the metadata that name it.
        unnamed: the place of each text that has no id.
    """

    cells: list[NotebookNode]
    places: dict[str, int]
    named: dict[tuple[str, str], str]
    unnamed: dict[tuple[str, str], int]

    @classmethod
    def of(cls, notebook: NotebookNode) -> Exercise:
        """The exercise in its notebook."""
        entries = list(enumerate(map(nbgrader_of, notebook.cells)))
        places = {entry["grade_id"]: i for i, entry in entries if entry}
        texts = [(text_of(notebook.cells[i]), i, entry) for i, entry in reversed(entries)]
        named = {text: e["grade_id"] for text, _, e in texts if e and not e.get("solution")}
        return cls(notebook.cells, places, named, {text: i for text, i, entry in texts if not entry})

    @property
    def answers(self) -> list[str]:
        """The ids of the cells that are a learner's to write, in order."""
        return [name for name, i in self.places.items() if nbgrader_of(self.cells[i]).get("solution")]

    def due(self, name: str) -> int:
        """The place of the check before which an answer has to be there."""
        behind = range(self.places[name], len(self.cells))
        return next((i for i in behind if nbgrader_of(self.cells[i]).get("grade")), len(self.cells))

    def begins(self, name: str) -> int:
        """The place behind which code may stand for an answer: that of the cell with an id before it."""
        return max((i for i in self.places.values() if i < self.places[name]), default=-1)

    def is_stub(self, name: str, cell: NotebookNode) -> bool:
        """Whether nobody has worked on a cell: it is as learners get it, or empty."""
        return cell.source.strip() in ("", self.cells[self.places[name]].source.strip())


@dataclass(eq=False)
class Given:
    """A code cell of a learner's.

    Attributes:
        cell: the cell.
        anchor: the place of the exercise's cell after which it stands.
        answers: the id of the answer that it is, or is a part of; None is a cell of their own.
        is_run: whether it is run.
    """

    cell: NotebookNode
    anchor: int
    answers: str | None = None
    is_run: bool = True


@dataclass
class Theirs:
    """A submission's cells, told apart.

    Attributes:
        first: the first cell of each id.
        code: what is run of a learner's, in order.
        unnamed: ids of the course's cells that were told by their text, for their metadata are gone.
        substituted: ids of answers whose cell is gone, and that have code in its place.
        notes: what is to be said.
    """

    first: dict[str, NotebookNode] = field(default_factory=dict)
    code: list[Given] = field(default_factory=list)
    unnamed: set[str] = field(default_factory=set)
    substituted: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def assemble(submission: NotebookNode, source: NotebookNode) -> tuple[list[Step], list[str]]:
    """Puts a learner's cells into the course's exercise.

    An answer's cell that was split or copied is there several times. Each of them that was worked on is run
    where it stands, as "run all" does; if all of those stand behind the check, they are run before it. To
    have several earns nothing that the same lines in one cell would not: no cell of a learner's is trusted,
    and one bound holds for the time of all.

    Args:
        submission: what was handed in.
        source: the exercise as learners get it.

    Returns:
        What is run, in order, and what is to be said about the submission.
    """
    exercise = Exercise.of(source)
    theirs = sorted_out(submission, exercise)
    for name in exercise.answers:
        choose(name, theirs, exercise)
    given, present = labelled(submission).get("edition"), labelled(source).get("edition")
    notes = list(dict.fromkeys(theirs.notes))
    if given != present:
        origin = f"edition {plain(given, 20)}" if given else "an unknown edition"
        notes.insert(
            0, f"It was made from {origin} of the exercise; it is graded against the present one, {present}."
        )
    return list(steps(exercise, theirs)), [*notes, *changes(theirs, exercise, given == present)]


def names_of(submission: NotebookNode, exercise: Exercise) -> list[str | None]:
    """The id of each cell of a submission: by its metadata, or where no cell has it, by its text."""
    found = [nbgrader_of(cell).get("grade_id") for cell in submission.cells]
    taken = set(found)
    for i, cell in enumerate(submission.cells):
        name = exercise.named.get(text_of(cell))
        if found[i] is None and name is not None and name not in taken:
            found[i] = name
            taken.add(name)
    return found


def sorted_out(submission: NotebookNode, exercise: Exercise) -> Theirs:
    """Tells cells apart: those of the exercise, and the learner's own by the cell that they follow."""
    theirs, names, answers = Theirs(), names_of(submission, exercise), exercise.answers
    end = len(exercise.cells)
    places = [end if n is None or n in answers else exercise.places.get(n, end) for n in names]
    ahead = list(accumulate([end, *reversed(places[1:])], min))[::-1]  # the first place that is still to come
    anchor = -1
    for i, (cell, name) in enumerate(zip(submission.cells, names, strict=True)):
        text_place = exercise.unnamed.get(text_of(cell))
        if name in exercise.places:
            assert name is not None
            again = name in theirs.first
            theirs.first.setdefault(name, cell)
            theirs.unnamed |= set() if nbgrader_of(cell) else {name}
            if name in answers:
                in_time = anchor < exercise.due(name)
                anchor = max(anchor, exercise.places[name]) if in_time else anchor
                theirs.code += [Given(cell, anchor, name)] if cell.cell_type == "code" else []
            elif again:
                theirs.notes.append(
                    f"The cell `{name}` is there more than once: the course's own was run, once."
                )
            else:
                anchor = exercise.places[name]
        elif text_place is not None and text_place < ahead[i]:
            anchor = text_place
        elif cell.cell_type == "code" and cell.source.strip():
            theirs.code.append(Given(cell, anchor))
            if nbgrader_of(cell).get("grade"):
                theirs.notes.append(
                    f"The cell `{plain(name, 60)}` asks for points, and is none of this exercise's."
                )
    return theirs


def choose(name: str, theirs: Theirs, exercise: Exercise) -> None:
    """Decides which cells are run as an answer: those that were worked on."""
    begins, place, due = exercise.begins(name), exercise.places[name], exercise.due(name)
    cells = [g for g in theirs.code if g.answers == name]
    if not cells:  # its cell is gone: what stands in its place is the answer
        cells = [g for g in theirs.code if g.answers is None and begins <= g.anchor < due]
        for given in cells:
            given.answers = name
        if any(not exercise.is_stub(name, g.cell) for g in cells):
            theirs.substituted.add(name)
    elif len(cells) > 1:
        theirs.notes.append(
            f"The cell `{name}` is there more than once: what was worked on was run, in its order."
        )
    for given in cells:
        given.is_run = not exercise.is_stub(name, given.cell)
    worked_on = [g for g in cells if g.is_run] or cells[:1]
    for given in worked_on:
        given.is_run = True
    late = [g for g in worked_on if g.anchor >= due]
    if len(late) == len(worked_on):
        for given in late:
            given.anchor = place
    elif late:
        theirs.notes.append(f"The cell `{name}` is there once more behind its check: that came too late.")


def steps(exercise: Exercise, theirs: Theirs) -> Iterator[Step]:
    """The code cells that are run."""
    last = "the beginning"
    answered = {g.answers for g in theirs.code}
    for i in range(-1, len(exercise.cells)):
        if i >= 0 and exercise.cells[i].cell_type == "code":
            cell = exercise.cells[i]
            entry = nbgrader_of(cell)
            name = f"`{entry['grade_id']}`" if entry else f"the course's cell after {last}"
            last = name if entry else last
            if cell.source.strip() and not (entry.get("solution") and entry["grade_id"] in answered):
                yield Step(cell.source, COURSE, name, entry["grade_id"] if entry.get("grade") else None)
        for given in theirs.code:
            if given.anchor == i and given.is_run:
                name = f"`{given.answers}`" if given.answers else f"a cell of their own after {last}"
                yield Step(clean(given.cell.source), LEARNER, name)


def changes(theirs: Theirs, exercise: Exercise, same: bool) -> Iterator[str]:
    """What a submission made of the exercise's cells; another edition's texts may differ."""
    if theirs.unnamed:
        yield "Cells without the course's metadata were told by their text, and answers by their place."
    for name, place in exercise.places.items():
        cell, given = exercise.cells[place], theirs.first.get(name)
        entry, is_there = nbgrader_of(cell), any(g.answers == name for g in theirs.code)
        consequence = "it counts as unsolved" if entry.get("solution") else "the course's own was run"
        if name in theirs.substituted:
            consequence = "the code in its place counts as the answer"
        if given is None:
            if not (theirs.unnamed and is_there):
                yield f"The cell `{name}` is missing: {consequence}."
            continue
        if given.cell_type != cell.cell_type:
            yield f"The cell `{name}` is no longer a code cell: {consequence}."
        elif same and not entry.get("solution") and given.source.rstrip() != cell.source.rstrip():
            yield f"The cell `{name}` was changed: the course's own was run."
        if name not in theirs.unnamed and any(nbgrader_of(given).get(k) != entry.get(k) for k in KEYS):
            yield f"The metadata of the cell `{name}` was changed: the course's own counts."


def text_of(cell: NotebookNode) -> tuple[str, str]:
    """What tells a cell by its text."""
    return cell.cell_type, cell.source.strip()


def clean(source: str) -> str:
    """A cell's text as a kernel can be sent it: half of a surrogate pair is no character."""
    return source.encode("utf-8", "replace").decode("utf-8")
