"""The notebook that is run: the course's own exercise, with the learner's cells in it.

Whatever a submission made of setup cells, graded cells or metadata is not run: those come from the source.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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


def assemble(submission: NotebookNode, source: NotebookNode) -> tuple[list[Step], list[str]]:
    """Puts a learner's cells into the course's exercise.

    Args:
        submission: what was handed in.
        source: the exercise as learners get it.

    Returns:
        What is run, in order, and what is to be said about the submission.
    """
    theirs, extras, notes = sorted_out(submission, source)
    given, present = labelled(submission).get("edition"), labelled(source).get("edition")
    if given != present:
        origin = f"edition {plain(given, 20)}" if given else "an unknown edition"
        notes.insert(
            0, f"It was made from {origin} of the exercise; it is graded against the present one, {present}."
        )
    return list(steps(source, theirs, extras)), [*notes, *changes(theirs, source, given == present)]


def sorted_out(
    submission: NotebookNode, source: NotebookNode
) -> tuple[dict[str, NotebookNode], dict[int, list[str]], list[str]]:
    """Tells cells apart: those of the exercise by id, the learner's own by the cell that they follow."""
    places = {nbgrader_of(c)["grade_id"]: i for i, c in enumerate(source.cells) if nbgrader_of(c)}
    plain_places = {
        (c.cell_type, c.source.strip()): i for i, c in enumerate(source.cells) if not nbgrader_of(c)
    }
    theirs: dict[str, NotebookNode] = {}
    extras: dict[int, list[str]] = {}
    notes: list[str] = []
    anchor = -1
    for cell in submission.cells:
        entry = nbgrader_of(cell)
        name, place = entry.get("grade_id"), plain_places.get((cell.cell_type, cell.source.strip()))
        if name is not None and name in places:
            if name in theirs:
                notes.append(f"The cell `{name}` is there more than once: the first counts.")
                continue
            theirs[name], anchor = cell, places[name]
        elif place is not None:
            anchor = place
        elif cell.cell_type == "code" and cell.source.strip():
            extras.setdefault(anchor, []).append(clean(cell.source))
            if entry.get("grade"):
                notes.append(f"The cell `{plain(name, 60)}` asks for points, and is none of this exercise's.")
    return theirs, extras, list(dict.fromkeys(notes))


def steps(
    source: NotebookNode, theirs: dict[str, NotebookNode], extras: dict[int, list[str]]
) -> Iterator[Step]:
    """The code cells that are run."""
    last = "the beginning"
    for i in range(-1, len(source.cells)):
        if i >= 0 and source.cells[i].cell_type == "code":
            cell = source.cells[i]
            entry = nbgrader_of(cell)
            name = f"`{entry['grade_id']}`" if entry else f"the course's cell after {last}"
            last = name if entry else last
            given = theirs.get(entry["grade_id"]) if entry.get("solution") else None
            if given is not None and given.cell_type == "code":
                yield Step(clean(given.source), LEARNER, name)
            elif cell.source.strip():
                yield Step(cell.source, COURSE, name, entry["grade_id"] if entry.get("grade") else None)
        for text in extras.get(i, []):
            yield Step(text, LEARNER, f"a cell of their own after {last}")


def changes(theirs: dict[str, NotebookNode], source: NotebookNode, same: bool) -> Iterator[str]:
    """What a submission made of the exercise's cells; another edition's texts may differ."""
    for cell in source.cells:
        entry = nbgrader_of(cell)
        if not entry:
            continue
        name = entry["grade_id"]
        given = theirs.get(name)
        if given is None:
            consequence = "it counts as unsolved" if entry.get("solution") else "the course's own was run"
            yield f"The cell `{name}` is missing: {consequence}."
            continue
        if given.cell_type != cell.cell_type:
            consequence = "it counts as unsolved" if entry.get("solution") else "the course's own was run"
            yield f"The cell `{name}` is no longer a code cell: {consequence}."
        elif same and not entry.get("solution") and given.source.rstrip() != cell.source.rstrip():
            yield f"The cell `{name}` was changed: the course's own was run."
        if any(nbgrader_of(given).get(key) != entry.get(key) for key in KEYS):
            yield f"The metadata of the cell `{name}` was changed: the course's own counts."


def clean(source: str) -> str:
    """A cell's text as a kernel can be sent it: half of a surrogate pair is no character."""
    return source.encode("utf-8", "replace").decode("utf-8")
