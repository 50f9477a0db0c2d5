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
    notebook = notebooks.read(notebooks.path(stem, "solutions", root))
    if left := list(unfinished(notebook)):
        raise Usage(f"solutions/{stem} is still to be written.", found=f"{TO_DO} in the cells {left}")
    for cell in notebook.cells:
        if unpaired := [w for w in KINDS if cell.source.count(f"BEGIN {w}") != cell.source.count(f"END {w}")]:
            raise Usage(
                f"solutions/{stem} has a marker without its pair.", found=f"{unpaired[0]}: {cell.source}"
            )
    try:
        notebook = stripped(notebook)
    except Exception as e:  # nbgrader has many kinds of errors; their words are exact
        raise Usage(f"solutions/{stem} cannot be turned into an exercise.", found=e) from None
    for cell in notebook.cells:
        if grader := cell.metadata.get("nbgrader"):
            grader.pop("checksum", None)
            if grader.get("grade"):  # so that "run all" goes on to the next task
                cell.metadata["tags"] = sorted({*cell.metadata.get("tags", []), "raises-exception"})
        if marker := MARKER.search(cell.source):
            raise Usage(f"solutions/{stem} has a marker where it marks nothing.", found=marker[0])
    notebook.metadata["labkit"] = {"stem": stem, "edition": edition(notebook)}
    try:
        return notebooks.normalise(checksummed(notebook))
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
    cells = [
        (c.cell_type, c.source, c.metadata.get("nbgrader"), c.get("attachments")) for c in notebook.cells
    ]
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()[:12]


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


def unfinished(notebook: NotebookNode) -> Iterator[int]:
    """Cells in which the template's own text is left."""
    return (i for i, cell in enumerate(notebook.cells) if TO_DO in cell.source)
