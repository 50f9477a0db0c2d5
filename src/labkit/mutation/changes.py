"""The changes that are planted to test proofs: ``tests/claims/<stem>.yml``, one for each claim of a chapter.

An entry is::

    C01.1:
      change: the second container gets neither network nor volume
      cell: life(network="ch01-net"     # occurs in exactly one code cell
      from: network="ch01-net"          # occurs there once
      to: ''
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter

from labkit.book.ledger import claims
from labkit.core import schema
from labkit.core.errors import Usage
from labkit.core.paths import repo
from labkit.core.schema import Text, misfit, strict
from labkit.mutation.claims import Plant

FOLDER = "tests/claims"


@strict
@dataclass(frozen=True)
class Change:
    """A change of one experiment, as its file has it.

    Attributes:
        change: the change in words.
        cell: a text that occurs in exactly one code cell.
        before: what is replaced there; it occurs once. ``from`` in the file.
        after: by what; ``to`` in the file.
    """

    change: Text
    cell: Text
    before: Annotated[str, Field(alias="from"), StringConstraints(min_length=1)]
    after: Annotated[str, Field(alias="to")]


def changes_something(change: Change) -> Change:
    """A change whose two texts differ; for the schema.

    Raises:
        PydanticCustomError: they are the same.
    """
    if change.before == change.after:
        raise misfit("another text in to than in from", f"{change.after!r} in both")
    return change


CHANGES: TypeAdapter[dict[str, Change]] = TypeAdapter(
    dict[str, Annotated[Change, AfterValidator(changes_something)]]
)


def plants(stem: str, root: Path | None = None) -> list[Plant]:
    """The changes for a chapter: one for each of its claims.

    Raises:
        Usage: the file is not there, does not fit its schema, lacks a claim, or has one that is not the
            chapter's.
    """
    path = (root or repo()) / FOLDER / f"{stem}.yml"
    if not path.is_file():
        raise Usage(f"No planted change tests the proofs of {stem}.", wanted=f"{FOLDER}/{stem}.yml")
    changes = schema.load(path, CHANGES, empty={})
    wanted = {c.id for c in claims().values() if c.chapter == stem}
    if set(changes) != wanted:
        raise Usage(
            f"{FOLDER}/{stem}.yml does not have one change for each claim.",
            wanted=", ".join(sorted(wanted)) or "no change: the ledger has no claim of this chapter",
            found=", ".join(sorted(changes)) or "none",
            fix=f"mend {FOLDER}/{stem}.yml, or chapters/claims.yml",
        )
    return [Plant(claim, **asdict(change)) for claim, change in sorted(changes.items())]


def readable_plants(stem: str, root: Path | None = None) -> list[Plant]:
    """The changes for a chapter; none where its file is wrong, which `labkit.lint.exercises` says."""
    try:
        return plants(stem, root)
    except Usage:
        return []
