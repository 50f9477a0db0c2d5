"""Receipts: each claim of the ledger with the stored output of the very cell that proves it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from labkit.book import notebooks as book
from labkit.book.ledger import Claim, claims
from labkit.core.errors import LedgerError

TRIED = re.compile(r"^  (?:plain|varied) +(yes|no) +(.+)$")


@dataclass(frozen=True)
class Receipt:
    """One claim and its proof.

    Attributes:
        claim: the ledger's entry.
        tried: condition → whether the claim held under it, as the cell has stored it.
    """

    claim: Claim
    tried: dict[str, bool]

    @property
    def anchor(self) -> str:
        """The id of the cell on its chapter's page: ``claim-C01-1``."""
        return "claim-" + self.claim.id.replace(".", "-")


def receipts(root: Path | None = None) -> list[Receipt]:
    """The receipts of all claims, in the ledger's order of chapters.

    Raises:
        LedgerError: a claim has no stored proof, or one that says something else than the ledger.
    """
    listed = list(claims().values())
    notebooks = {claim.chapter: _read(claim.chapter, root) for claim in listed}
    return sorted((receipt(c, notebooks[c.chapter]) for c in listed), key=lambda r: r.claim.chapter)


def _read(stem: str, root: Path | None) -> NotebookNode:
    """A chapter's notebook.

    Raises:
        LedgerError: there is none.
    """
    path = book.path(stem, root=root)
    if not path.exists():
        raise LedgerError(f"The ledger names {stem}, which is no chapter.", wanted=path.name)
    return book.read(path)


def receipt(claim: Claim, notebook: NotebookNode) -> Receipt:
    """What the cell that is tagged for a claim has stored.

    Raises:
        LedgerError: no such cell, nothing stored, or something else than the ledger says.
    """
    cells = [c for c in notebook.cells if f"claim:{claim.id}" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise LedgerError(f"{claim.id} is proved by {len(cells)} cells of {claim.chapter}.", wanted="one")
    lines = [line for text in _printed(cells[0]) for line in text.splitlines()]
    head = [f"{claim.id}: {claim.verdict}", f"  {claim.precise}"]
    tried = {m[2]: m[1] == "yes" for line in lines[2:] if (m := TRIED.match(line))}
    if lines[:2] != head or [*tried] != [*claim.conditions]:
        raise LedgerError(
            f"The stored proof of {claim.id} is not that of the ledger.",
            wanted=f"{head[0]}, under {', '.join(claim.conditions)}",
            found=f"{' '.join(lines[:2])[:200]}, under {', '.join(tried)}" if lines else "nothing stored",
            fix=f"labkit execute {claim.chapter[:4]}",
        )
    return Receipt(claim, tried)


def _printed(cell: NotebookNode) -> Iterator[str]:
    """The plain text of what a cell returned."""
    for output in cell.outputs:
        if output.output_type == "execute_result":
            yield output.data.get("text/plain", "")


def breaches(root: Path | None = None) -> Iterator[str]:
    """Claims whose chapter is there and whose stored proof is not the ledger's."""
    for claim in claims().values():
        if book.path(claim.chapter, root=root).exists():
            try:
                receipt(claim, _read(claim.chapter, root))
            except LedgerError as e:
                yield e.message
