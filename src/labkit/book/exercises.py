"""The learner's version of an exercise, generated from its authored solution by nbgrader's own steps."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbformat import NotebookNode

from labkit.book import notebooks
from labkit.checks import model
from labkit.core.errors import Usage

SOLUTION_ONLY = "solution-only"
"""The tag of a cell that learners do not get."""

TO_DO = "TO DO"
"""Marks, in a new file, what its author has to write."""

STUB = "# your code here\npass"
KINDS = ("SOLUTION", "HIDDEN", "MARK")
MARKERS = tuple(f"{word} {kind}" for kind in KINDS for word in ("BEGIN", "END"))
MARKER = re.compile("|".join([*MARKERS, r"(?i:#\s*(?:begin|end)\s+(?:solution|hidden|mark))"]))
"""A marker as nbgrader knows it, or nearly: it knows them in capitals only."""


def generate(stem: str, root: Path | None = None) -> NotebookNode:
    """The learner's notebook of a stem.

    Args:
        stem: such as ``ch01_docker_manages``.
        root: the course's folder; None is this one.

    Raises:
        Usage: there is no solution, its metadata is not nbgrader's, or a marker is left in it.
    """
    made = notebooks.read(notebooks.path(stem, "solutions", root))
    if left := list(unfinished(made)):
        raise Usage(f"solutions/{stem} is still to be written.", found=f"{TO_DO} in the cells {left}")
    for cell in made.cells:
        if left := [w for w in KINDS if cell.source.count(f"BEGIN {w}") != cell.source.count(f"END {w}")]:
            raise Usage(f"solutions/{stem} has a marker without its pair.", found=f"{left[0]}: {cell.source}")
    try:
        made = stripped(made)
    except Exception as e:  # nbgrader has many kinds of errors; their words are exact
        raise Usage(f"solutions/{stem} cannot be turned into an exercise.", found=e) from None
    for cell in made.cells:
        if grader := cell.metadata.get("nbgrader"):
            grader.pop("checksum", None)
            if grader.get("grade"):  # so that "run all" goes on to the next task
                cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), "raises-exception"})
        if left := MARKER.search(cell.source):
            raise Usage(f"solutions/{stem} has a marker where it marks nothing.", found=left[0])
    made.metadata["labkit"] = {"stem": stem, "edition": edition(made)}
    try:
        return notebooks.normalise(checksummed(made))
    except Exception as e:
        raise Usage(f"solutions/{stem} cannot be turned into an exercise.", found=e) from None


def stripped(notebook: NotebookNode) -> NotebookNode:
    """Without solutions, hidden tests, outputs and cells of the author's own."""
    from nbgrader.preprocessors import (
        ClearHiddenTests,
        ClearMarkScheme,
        ClearOutput,
        ClearSolutions,
        LockCells,
    )
    from traitlets.config import Config

    logging.getLogger("traitlets").setLevel(logging.ERROR)
    notebook.cells = [c for c in notebook.cells if SOLUTION_ONLY not in c.metadata.get("tags", [])]
    config = Config()
    config.ClearSolutions.code_stub = {"python": STUB}
    for step in (LockCells, ClearSolutions, ClearOutput, ClearHiddenTests, ClearMarkScheme):
        notebook, _ = step(config=config).preprocess(notebook, {})
    return notebook


def checksummed(notebook: NotebookNode) -> NotebookNode:
    """With nbgrader's checksums of the cells that a learner must not change."""
    from nbgrader.preprocessors import CheckCellMetadata, ComputeChecksums

    for step in (CheckCellMetadata, ComputeChecksums):
        notebook, _ = step().preprocess(notebook, {})
    return notebook


def edition(notebook: NotebookNode) -> str:
    """What tells one edition of an exercise from another: a digest of all that a learner is given."""
    told = [(c.cell_type, c.source, c.metadata.get("nbgrader"), c.get("attachments")) for c in notebook.cells]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]


def build(root: Path | None = None, only: Iterable[str] = ()) -> list[str]:
    """Writes ``exercises/``; returns the stems whose file changed.

    Args:
        root: the course's folder; None is this one.
        only: stems; none means all, and that an exercise without a solution goes.

    Raises:
        Usage: solutions cannot be turned into exercises; nothing of these is written, all others are.
    """
    changed, failed = [], []
    wanted = list(only) or notebooks.stems("solutions", root)
    for stem in wanted:
        target = notebooks.path(stem, "exercises", root)
        target.parent.mkdir(exist_ok=True)
        try:
            if notebooks.write(generate(stem, root), target):
                changed.append(stem)
        except Usage as e:
            failed.append(e)
    for stem in set() if only else set(notebooks.stems("exercises", root)) - set(wanted):
        notebooks.path(stem, "exercises", root).unlink()
        changed.append(stem)
    if failed:
        raise Usage("\n".join(map(str, failed)))
    return sorted(changed)


def problems(stem: str, root: Path | None = None) -> list[str]:
    """Where a stem's solution, its exercise and its checks do not fit together, one line each."""
    solution = notebooks.read(notebooks.path(stem, "solutions", root))
    idle = ", ".join(map(str, unexecuted(solution)))
    found = [f"not executed: the cells {idle}"] if idle else []
    found += [f"the cell {i} stored an error" for i, c in enumerate(solution.cells) if is_error(c)]
    try:
        made = generate(stem, root)
        suite = model.load(stem, root)
    except Exception as e:  # whatever the author's file raises is what is wrong with it
        return [*found, " ".join(f"{type(e).__name__}: {e}".split())]
    target = notebooks.path(stem, "exercises", root)
    if not target.exists() or notebooks.read(target) != made:
        found.append("exercises/ is not what labkit build makes of solutions/: run labkit build")
    return found + list(unfit(made, suite))


def unfit(made: NotebookNode, suite: model.Suite) -> Iterator[str]:
    """Where an exercise and its checks name different things."""
    graded, wanted = graded_points(made), {c.name: c.points for c in suite.checks.values()}
    for name in sorted(graded.keys() | wanted.keys()):
        if graded.get(name) != wanted.get(name):
            yield f"{name}: {graded.get(name)} points in the notebook, {wanted.get(name)} in its check"
    yield from misnamed(made)
    source = "\n".join(c.source for c in made.cells if c.cell_type == "code")
    yield from (f'start("{s}") is in no cell' for s in suite.scenes if f'start("{s}")' not in source)
    tasks = {c.task for c in suite.checks.values()}
    yield from (f"no check of the task {task}" for task in model.TASKS if task not in tasks)
    yield from (f"{c.name} has no hints" for c in suite.checks.values() if not c.hints)


def misnamed(notebook: NotebookNode) -> Iterator[str]:
    """Graded cells that do not check what they are called, and checks in cells that are not graded."""
    for i, cell in enumerate(notebook.cells):
        called = set(re.findall(r"\bcheck\(([^)]*)\)", cell.source)) if cell.cell_type == "code" else set()
        grader = cell.metadata.get("nbgrader", {})
        asked = {f'"{grader.get("grade_id")}"'} if grader.get("grade") else set()
        if called != asked:
            names = [", ".join(sorted(s)) or "nothing" for s in (called, asked)]
            yield f"the cell {i} checks {names[0]}, and is graded for {names[1]}"


def unfinished(notebook: NotebookNode) -> Iterator[int]:
    """Cells in which the template's own text is left."""
    return (i for i, cell in enumerate(notebook.cells) if TO_DO in cell.source)


def unexecuted(notebook: NotebookNode) -> Iterator[int]:
    """Code cells that were not executed."""
    code = [(i, c) for i, c in enumerate(notebook.cells) if c.cell_type == "code" and c.source.strip()]
    return (i for i, c in code if c.execution_count is None)


def is_error(cell: NotebookNode) -> bool:
    """Whether a cell ended in an error."""
    return any(o.output_type == "error" for o in cell.get("outputs", []))


def graded_points(notebook: NotebookNode) -> dict[str, int]:
    """Points by name, of the graded cells."""
    graders = [c.metadata.get("nbgrader", {}) for c in notebook.cells]
    return {g["grade_id"]: g["points"] for g in graders if g.get("grade")}
