"""Tests of the proofs: a change planted in a claim's experiment must turn its verdict.

``tests/claims/<stem>.yml`` holds one change for each claim of a chapter. The notebook is run with it up to
the cell that proves the claim, and that cell must raise `LedgerError`.

``python -m labkit.mutation.claims [ch06 …]``
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml
from nbformat import NotebookNode

from labkit.book import notebooks
from labkit.book.ledger import claims
from labkit.core.errors import LabkitError, Usage
from labkit.core.paths import repo

FOLDER = "tests/claims"
FIELDS = ("change", "cell", "from", "to")
NOTHING_COLLECTED = 5


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
    found = yaml.safe_load(path.read_text()) or {}
    wanted = {c.id for c in claims().values() if c.chapter == stem}
    if set(found) != wanted:
        raise Usage(
            f"{path.name} does not have one change for each claim.",
            wanted=sorted(wanted),
            found=sorted(found),
        )
    for claim, entry in found.items():
        if (
            not isinstance(entry, dict)
            or set(entry) != set(FIELDS)
            or not all(isinstance(v, str) for v in entry.values())
        ):
            raise Usage(
                f"{path.name}: {claim} is no change.", wanted=f"texts for {', '.join(FIELDS)}", found=entry
            )
    return [Plant(claim, *(entry[field] for field in FIELDS)) for claim, entry in sorted(found.items())]


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


def digest(stem: str) -> str:
    """A digest of what a chapter's planted changes depend on."""
    code = [c.source for c in notebooks.read(notebooks.path(stem)).cells if c.cell_type == "code"]
    parts = [json.dumps(code), (repo() / FOLDER / f"{stem}.yml").read_text()]
    parts += [p.read_text() for p in sorted((repo() / "k8s" / stem).glob("*")) if p.is_file()]
    parts += [json.dumps([c.verdict for c in claims().values() if c.chapter == stem])]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def record_file() -> Path:
    """Where it is kept which changes turned their verdicts."""
    return repo() / FOLDER / "record.json"


def due(known: dict[str, Any], named: list[str]) -> list[tuple[str, Plant]]:
    """What is run: the named chapters; without a name those that changed, and one claim of the others."""
    stems = notebooks.stems()
    if "--all" in named:
        return [(s, p) for s in stems for p in plants(s)]
    if named:
        return [(s, p) for s in map(notebooks.stem_of, named) for p in plants(s)]
    changed = [s for s in stems if known.get(s, {}).get("inputs") != digest(s)]
    others = [(s, p) for s in stems if s not in changed for p in plants(s)]
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repo(), capture_output=True, text=True).stdout
    return [(s, p) for s in changed for p in plants(s)] + Random(head).sample(others, min(1, len(others)))


def keep(known: dict[str, Any], stem: str, tried: set[str]) -> None:
    """Writes down that a chapter's changes have turned, if all were tried; a run cut short keeps them."""
    if tried == {p.claim for p in plants(stem)}:
        known[stem] = {"inputs": digest(stem), "turned": len(tried)}
    found = {s: known[s] for s in sorted(known) if s in notebooks.stems()}
    record_file().write_text(json.dumps(found, indent=1) + "\n")


def main(named: list[str]) -> int:
    """Runs planted changes and keeps the record; 0 if every one of them turned its verdict."""
    known = json.loads(record_file().read_text()) if record_file().exists() else {}
    try:
        work = due(known, named)
    except LabkitError as e:
        print(f"labkit: {e}", file=sys.stderr)
        return e.exit_code
    failed: dict[str, int] = {}
    left = Counter(stem for stem, _ in work)
    for stem, plant in work:
        started = time.monotonic()
        said = verdict_turns(stem, plant)
        failed[stem] = failed.get(stem, 0) + bool(said)
        print(
            f"{plant.claim}: {plant.change}: {said or 'turned'} ({time.monotonic() - started:.0f} s)",
            flush=True,
        )
        left[stem] -= 1
        if not left[stem] and not failed[stem]:
            keep(known, stem, {p.claim for s, p in work if s == stem})
    bad = sum(failed.values())
    print(f"planted changes: {len(work) - bad} passed, {bad} failed")
    return NOTHING_COLLECTED if not work else int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
