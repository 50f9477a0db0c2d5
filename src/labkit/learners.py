"""The learner's version of an exercise, generated from its authored solution by nbgrader's own steps."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from nbformat import NotebookNode

from labkit import book, checks
from labkit.errors import Usage

SOLUTION_ONLY = "solution-only"
"""The tag of a cell that learners do not get."""

STUB = "# your code here\n..."
MARKERS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "END HIDDEN", "BEGIN MARK", "END MARK")


def generate(stem: str, root: Path | None = None) -> NotebookNode:
    """The learner's notebook of a stem.

    Args:
        stem: such as ``ch01_docker_manages``.
        root: the course's folder; None is this one.

    Raises:
        Usage: there is no solution, its metadata is not nbgrader's, or a marker is left in it.
    """
    made = stripped(book.read(book.path(stem, "solutions", root)))
    for cell in made.cells:
        if grader := cell.metadata.get("nbgrader"):
            grader.pop("checksum", None)
            if grader.get("grade"):  # so that "run all" goes on to the next task
                cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), "raises-exception"})
        if left := [m for m in MARKERS if m in cell.source]:
            raise Usage(f"solutions/{stem} has a marker without its pair.", found=left[0])
    made.metadata["labkit"] = {"stem": stem, "edition": edition(made)}
    return book.normalise(checksummed(made))


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
    given = "\0".join(f"{c.cell_type}\n{c.source}" for c in notebook.cells)
    return hashlib.sha256(given.encode()).hexdigest()[:12]


def build(root: Path | None = None) -> list[str]:
    """Writes all of ``exercises/``; returns the stems whose file changed.

    Raises:
        Usage: a solution cannot be turned into an exercise; no file of it is written.
    """
    changed = []
    for stem in book.stems("solutions", root):
        target = book.path(stem, "exercises", root)
        target.parent.mkdir(exist_ok=True)
        if book.write(generate(stem, root), target):
            changed.append(stem)
    for stem in set(book.stems("exercises", root)) - set(book.stems("solutions", root)):
        book.path(stem, "exercises", root).unlink()
        changed.append(stem)
    return sorted(changed)


def problems(stem: str, root: Path | None = None) -> list[str]:
    """Where a stem's solution, its exercise and its checks do not fit together, one line each."""
    solution, suite = book.read(book.path(stem, "solutions", root)), checks.load(stem, root)
    found, graded = [], graded_points(solution)
    wanted = {c.name: c.points for c in suite.checks.values()}
    for name in sorted(graded.keys() | wanted.keys()):
        if graded.get(name) != wanted.get(name):
            found.append(
                f"{name}: {graded.get(name)} points in the notebook, {wanted.get(name)} in its check"
            )
    source = "\n".join(c.source for c in solution.cells if c.cell_type == "code")
    found += [f'start("{s}") is in no cell' for s in suite.scenes if f'start("{s}")' not in source]
    found += [
        f"no check of the task {t}" for t in checks.TASKS if t not in {c.task for c in suite.checks.values()}
    ]
    if any(c.execution_count is None for c in solution.cells if c.cell_type == "code"):
        found.append("a cell of the solution was not executed")
    target = book.path(stem, "exercises", root)
    if not target.exists() or book.read(target) != generate(stem, root):
        found.append("exercises/ is not what labkit build makes of solutions/")
    return found


def graded_points(notebook: NotebookNode) -> dict[str, int]:
    """Points by the name of the check that a graded cell ends with."""
    found: dict[str, int] = {}
    for cell in notebook.cells:
        grader = cell.metadata.get("nbgrader", {})
        if grader.get("grade") and f'check("{grader["grade_id"]}")' in cell.source:
            found[grader["grade_id"]] = found.get(grader["grade_id"], 0) + grader["points"]
    return found
