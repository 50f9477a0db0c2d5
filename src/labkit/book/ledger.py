"""The ledger of claims, and `prove`: a verdict computed from what was measured, held against the ledger's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter

from labkit.book.stems import Stem
from labkit.core import schema
from labkit.core.errors import LedgerError
from labkit.core.paths import repo
from labkit.core.schema import IdsOnce, Text, misfit, strict

Verdict = Literal["holds", "holds, with limits", "wrong as stated"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
HOLDS, LIMITS, WRONG = VERDICTS

PLAIN, VARIED = "plain", "varied"
"""The kinds of conditions: what the claim's sentence says with nothing added, and what changes one thing."""


@strict
@dataclass(frozen=True)
class Conditions:
    """Under what a claim is tried, fixed before the run.

    Attributes:
        plain: what the sentence says, with no further option.
        varied: one thing changed or asked beyond that.
    """

    plain: Annotated[tuple[Text, ...], Field(min_length=1)]
    varied: Annotated[tuple[Text, ...], Field(min_length=1)]

    def __iter__(self) -> Iterator[str]:
        return chain(self.plain, self.varied)

    def kind(self, condition: str) -> str:
        """`PLAIN` or `VARIED`."""
        return PLAIN if condition in self.plain else VARIED


def named_once(conditions: Conditions) -> Conditions:
    """Conditions of which each has a name of its own; for the schema of the ledger.

    Raises:
        PydanticCustomError: two have one name.
    """
    if twice := [name for name, times in Counter(conditions).items() if times > 1]:
        raise misfit("each condition once", f"{', '.join(twice)} there twice")
    return conditions


@strict
@dataclass(frozen=True)
class Claim:
    """One claim of the notes.

    Attributes:
        id: such as ``C01.1``.
        chapter: the stem that proves it.
        claim: the note's claim, in our words.
        conditions: under what it is tried, as stated.
        precise: the claim as it stands after the experiments.
        verdict: one of `VERDICTS`.
        reason: one line that says why.
    """

    id: Annotated[str, StringConstraints(pattern=r"^C\d\d\.\d+$")]
    chapter: Stem
    claim: Text
    conditions: Annotated[Conditions, AfterValidator(named_once)]
    precise: Text
    verdict: Verdict
    reason: Text


def numbered_by_chapter(claim: Claim) -> Claim:
    """A claim whose id has the number of its chapter; for the schema of the ledger.

    Raises:
        PydanticCustomError: it has another.
    """
    if claim.id[1:3] != claim.chapter[2:4]:
        raise misfit(f"an id of its chapter: C{claim.chapter[2:4]}.…", claim.id)
    return claim


LEDGER: TypeAdapter[list[Claim]] = TypeAdapter(
    Annotated[list[Annotated[Claim, AfterValidator(numbered_by_chapter)]], IdsOnce]
)


def claims() -> dict[str, Claim]:
    """The claims of ``chapters/claims.yml`` by id.

    Raises:
        LedgerError: there is no ledger, or it does not fit its schema: a field is missing, a verdict unknown,
            an id there twice.
    """
    path = repo() / "chapters/claims.yml"
    try:
        return read(path, path.stat().st_mtime_ns)
    except OSError as e:
        raise LedgerError("There is no ledger.", wanted="chapters/claims.yml", found=e.strerror) from None


@lru_cache(maxsize=1)
def read(path: Path, changed: int) -> dict[str, Claim]:
    """The claims of a ledger by id, read again when the file has changed.

    Args:
        path: the ledger.
        changed: when it was changed last, in ns.

    Raises:
        LedgerError: it does not fit its schema.
    """
    return {claim.id: claim for claim in schema.load(path, LEDGER, empty=[], error=LedgerError)}


def verdict(
    conditions: Conditions, original: Mapping[str, bool], precise: Mapping[str, bool] | bool
) -> Verdict:
    """What follows from the conditions that were tried.

    Args:
        conditions: the ledger's.
        original: condition → whether the note's claim held under it, as stated.
        precise: whether our precise form held; all of it must.

    Returns:
        "wrong as stated" if the claim failed under a plain condition; else "holds, with limits" if it failed
        under a varied one; else "holds".

    Raises:
        LedgerError: other conditions were tried than the ledger names, our precise form did not hold, or
            something is no yes or no.
    """
    compare(conditions, original)
    ours = dict(precise) if isinstance(precise, Mapping) else {"our precise form": precise}
    for what, value in {**original, **ours}.items():
        if type(value) is not bool:  # a 1, or numpy's own, was not computed as an answer
            raise LedgerError(
                f"{what!r} is no yes or no.", wanted="True or False, computed", found=repr(value)
            )
    if not ours:
        raise LedgerError("Nothing of our precise form was tried.", wanted="at least one part")
    if failed := [what for what, value in ours.items() if not value]:
        raise LedgerError("Our precise form does not hold in this run.", found=", ".join(failed))
    if not all(original[what] for what in conditions.plain):
        return WRONG
    return HOLDS if all(original.values()) else LIMITS


def compare(conditions: Conditions, tried: Collection[str]) -> None:
    """Holds what a run has tried against what the ledger fixed before it.

    Raises:
        LedgerError: one is missing, or is not the ledger's.
    """
    missing = [what for what in conditions if what not in tried]
    added = [what for what in tried if what not in conditions]
    if missing or added:
        parts = [
            f"{word}: {', '.join(map(repr, names))}"
            for word, names in (("without", missing), ("with", added))
        ]
        raise LedgerError(
            "The conditions tried are not those of the ledger.",
            wanted="exactly the conditions in chapters/claims.yml",
            found="; ".join(part for part, names in zip(parts, (missing, added), strict=True) if names),
            fix="try those; a new one is written into the ledger, as plain or varied, before it is run",
        )


class Record:
    """What `prove` shows: plain text in a terminal, a small table in a notebook."""

    def __init__(self, claim: Claim, tried: Mapping[str, bool]):
        self.claim, self.tried = claim, {what: tried[what] for what in claim.conditions}

    def __repr__(self) -> str:
        rows = (
            f"  {self.claim.conditions.kind(what):8}{'yes' if held else 'no':5}{what}"
            for what, held in self.tried.items()
        )
        return "\n".join([f"{self.claim.id}: {self.claim.verdict}", f"  {self.claim.precise}", *rows])

    def _repr_html_(self) -> str:
        from labkit.core.html import render  # Jinja2 is loaded when something is shown

        return render("book/templates/record.html.j2", claim=self.claim, tried=self.tried)


def prove(claim_id: str, *, original: Mapping[str, bool], precise: Mapping[str, bool] | bool) -> Record:
    """Computes a claim's verdict from this run and holds it against the ledger's.

    Args:
        claim_id: such as ``C01.1``.
        original: condition → whether the note's claim held under it, as stated: True or False, for exactly
            the conditions that the ledger names. A plain one false gives "wrong as stated", else a varied one
            false "holds, with limits", else "holds".
        precise: our precise form: True or False, or {part: True or False}; all of it must be true.

    Returns:
        The record, shown as the cell's output.

    Raises:
        LedgerError: there is no such claim, other conditions were tried than the ledger's, our precise form
            failed, or the verdict is not the ledger's.
    """
    if claim_id not in claims():
        raise LedgerError(f"The ledger has no claim {claim_id}.", fix="add it to chapters/claims.yml")
    claim = claims()[claim_id]
    computed = verdict(claim.conditions, original, precise)
    record = Record(claim, original)
    if computed != claim.verdict:
        kinds = claim.conditions.kind
        tried = "; ".join(f"{kinds(w)}, {'yes' if held else 'no'}: {w}" for w, held in record.tried.items())
        raise LedgerError(
            f"{claim_id}: this run and the ledger disagree.",
            wanted=claim.verdict,
            found=f"{computed} ({tried})",
        )
    return record
