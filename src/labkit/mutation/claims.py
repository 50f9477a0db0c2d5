"""Tests of the proofs: a change planted in a claim's experiment must turn its verdict.

A chapter is run with the change (`labkit.mutation.changes` has all of them) up to the cell that proves the
claim, and that cell must raise `LedgerError`.
"""

from __future__ import annotations

from dataclasses import dataclass

from nbformat import NotebookNode

from labkit.book import notebooks
from labkit.core.errors import Usage


@dataclass(frozen=True)
class Plant:
    """A change of one experiment.

    Attributes:
        claim: whose proof must fail.
        change: the change in words.
        cell: a text that occurs in exactly one code cell.
        before: what is replaced there; it occurs once.
        after: by what.
    """

    claim: str
    change: str
    cell: str
    before: str
    after: str


def planted(notebook: NotebookNode, plant: Plant) -> tuple[NotebookNode, int]:
    """The notebook with the change, and the place of the cell that proves the claim.

    Raises:
        Usage: the cell or the text is not there once, or the change is in the proof itself.
    """
    code = [(i, c) for i, c in enumerate(notebook.cells) if c.cell_type == "code"]
    at = [i for i, c in code if plant.cell in c.source]
    proof = [i for i, c in code if f"claim:{plant.claim}" in c.metadata.get("tags", [])]
    if len(at) != 1 or len(proof) != 1:
        raise Usage(
            f"{plant.claim}: “{plant.cell}” marks {len(at)} cells, {len(proof)} cells prove it.",
            wanted="one each",
        )
    source = notebook.cells[at[0]].source
    if source.count(plant.before) != 1:
        raise Usage(
            f"{plant.claim}: the text to replace is there {source.count(plant.before)} times.",
            wanted="once",
            found=plant.before,
        )
    if at[0] >= proof[0]:
        raise Usage(
            f"{plant.claim}: the change is not in the experiment.", wanted="a cell before the one that proves"
        )
    notebook.cells[at[0]].source = source.replace(plant.before, plant.after)
    return notebook, proof[0]


def verdict_turns(stem: str, plant: Plant) -> str | None:
    """Runs a chapter with a change; None if the claim's cell raised `LedgerError`, else what happened."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    from labkit.lab.lab import Lab

    path = notebooks.path(stem)
    notebook, proof = planted(notebooks.read(path), plant)
    client = NotebookClient(
        notebook, timeout=notebooks.CELL_SECONDS, resources={"metadata": {"path": str(path.parent)}}
    )
    try:
        with client.setup_kernel():
            for i, cell in enumerate(notebook.cells[: proof + 1]):
                try:
                    client.execute_cell(cell, i)
                except CellExecutionError as e:
                    if i == proof and e.ename == "LedgerError":
                        return None
                    return f"cell {i} raised {e.ename}: {e.evalue[:300]}"
    finally:
        Lab.reset(stem)
    return "the proof passed all the same"
