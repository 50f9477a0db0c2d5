"""Tests of the proofs: a change planted in a claim's experiment must turn its verdict.

``tests/claims/<stem>.yml`` holds one change for each claim of a chapter. The notebook is run with it up to
the cell that proves the claim, and that cell must raise `LedgerError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from nbformat import NotebookNode

from labkit.book import notebooks
from labkit.book.ledger import claims
from labkit.core.errors import Usage
from labkit.core.paths import repo

FOLDER = "tests/claims"
FIELDS = ("change", "cell", "from", "to")


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


def plants(stem: str, root: Path | None = None) -> list[Plant]:
    """The changes for a chapter: one for each of its claims.

    Raises:
        Usage: the file is not there, lacks a claim, has one that is not the chapter's, or an entry is odd.
    """
    path = (root or repo()) / FOLDER / f"{stem}.yml"
    if not path.is_file():
        raise Usage(f"No planted change tests the proofs of {stem}.", wanted=f"{FOLDER}/{stem}.yml")
    changes = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    wanted = {c.id for c in claims().values() if c.chapter == stem}
    if set(changes) != wanted:
        raise Usage(
            f"{path.name} does not have one change for each claim.",
            wanted=sorted(wanted),
            found=sorted(changes),
        )
    for claim, entry in changes.items():
        if (
            not isinstance(entry, dict)
            or set(entry) != set(FIELDS)
            or not all(isinstance(v, str) for v in entry.values())
        ):
            raise Usage(
                f"{path.name}: {claim} is no change.", wanted=f"texts for {', '.join(FIELDS)}", found=entry
            )
    return [Plant(claim, *(entry[field] for field in FIELDS)) for claim, entry in sorted(changes.items())]


def readable_plants(stem: str, root: Path | None = None) -> list[Plant]:
    """The changes for a chapter; none where its file is wrong, which `labkit.lint.exercises` says."""
    try:
        return plants(stem, root)
    except (Usage, OSError, yaml.YAMLError):
        return []


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
