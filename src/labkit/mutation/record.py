"""The record of what has been tested: graders by their answers, proofs by planted changes.

Two files of one form: ``tests/graders/record.json`` has an entry for each stem, ``tests/claims/record.json``
one for each claim. An entry says from which inputs it is; it is out of date when they are others.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, TypeVar

from filelock import FileLock
from pydantic import TypeAdapter

from labkit.core.errors import LabkitError, Usage
from labkit.core.paths import repo
from labkit.core.process import run
from labkit.core.schema import load, strict


@strict
@dataclass(frozen=True)
class Entry:
    """One test that passed.

    Attributes:
        inputs: digest of all that it depends on (`labkit.mutation.inputs`).
        commit: what was checked out; empty where that is unknown.
        seconds: how long it took.
    """

    inputs: str
    commit: str
    seconds: float


@strict
@dataclass(frozen=True)
class Task:
    """What came of the answers to one task.

    Attributes:
        task: ``do``, ``transfer`` or ``repair``.
        checks: the titles of its checks.
        points: how many it is worth.
        wrong: wrong answers that were tried.
        killed: those of them that were rejected.
        right: right answers that were tried.
        accepted: those of them that were accepted.
    """

    task: str
    checks: list[str]
    points: int
    wrong: int
    killed: int
    right: int
    accepted: int


@strict
@dataclass(frozen=True)
class GraderEntry(Entry):
    """A stem's graders, tested.

    Attributes:
        tasks: what came of the answers.
        controls: each control by its name, and whether it held.
    """

    tasks: list[Task]
    controls: dict[str, bool]


@strict
@dataclass(frozen=True)
class ClaimEntry(Entry):
    """A claim's proof, tested.

    Attributes:
        change: the planted change in words.
    """

    change: str


E = TypeVar("E", bound=Entry)


class Record(Generic[E]):
    """A file of entries by name.

    Args:
        path: the file, below the course's folder.
        entry: the class of its entries.
    """

    def __init__(self, path: str, entry: type[E]):
        self.path, self.entry = path, entry
        self._entries: TypeAdapter[dict[str, E]] = TypeAdapter(dict[str, entry])  # type: ignore[valid-type]

    def file(self, root: Path | None = None) -> Path:
        """Where it is."""
        return (root or repo()) / self.path

    def read(self, root: Path | None = None) -> dict[str, E]:
        """Its entries by name; none where there is no file.

        Raises:
            Usage: it cannot be read.
        """
        path = self.file(root)
        return load(path, self._entries, fix="labkit prove-all") if path.exists() else {}

    def known(self, root: Path | None = None) -> dict[str, E]:
        """Its entries by name; a record that cannot be read tells nothing."""
        try:
            return self.read(root)
        except Usage:
            return {}

    def write(self, name: str, entry: E | None, names: Collection[str]) -> None:
        """Keeps one entry, or that there is none; what another run has kept meanwhile stays.

        Args:
            name: whose.
            entry: the entry; None removes it.
            names: all that can have an entry: the others go.
        """
        path = self.file()
        with FileLock(f"{path}.lock"):
            entries: dict[str, E | None] = {**self.known(), name: entry}
            kept = {n: asdict(e) for n, e in sorted(entries.items()) if e is not None and n in names}
            new = path.with_name(f".{path.name}.new")
            new.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            os.replace(new, path)


GRADERS = Record("tests/graders/record.json", GraderEntry)
CLAIMS = Record("tests/claims/record.json", ClaimEntry)


def commit() -> str:
    """The commit that is checked out; empty where there is none."""
    try:
        return run(["git", "-C", repo(), "rev-parse", "HEAD"]).strip()
    except (LabkitError, OSError):
        return ""
