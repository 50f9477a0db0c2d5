"""The ledger of claims, and `prove`: a verdict computed from what was measured, held against the ledger's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, StringConstraints, TypeAdapter

from labkit.book.stems import Stem
from labkit.core import schema
from labkit.core.errors import LedgerError
from labkit.core.paths import repo
from labkit.core.schema import IdsOnce, Text, misfit, strict

Verdict = Literal["holds", "holds, with limits", "wrong as stated"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
HOLDS, LIMITS, WRONG = VERDICTS


@strict
@dataclass(frozen=True)
class Claim:
    """One claim of the notes.

    Attributes:
        id: such as ``C01.1``.
        chapter: the stem that proves it.
        claim: the note's claim, in our words.
        precise: the claim as it stands after the experiments.
        verdict: one of `VERDICTS`.
        reason: one line that says why.
    """

    id: Annotated[str, StringConstraints(pattern=r"^C\d\d\.\d+$")]
    chapter: Stem
    claim: Text
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


def verdict(original: Mapping[str, bool] | bool, precise: Mapping[str, bool] | bool) -> Verdict:
    """What follows from the conditions that were tried.

    Args:
        original: whether the note's claim held, as stated, under each condition tried.
        precise: whether our precise form held; all of it must.

    Returns:
        One of `VERDICTS`.

    Raises:
        LedgerError: our precise form did not hold, or something is no yes or no.
    """
    tried = dict(original) if isinstance(original, Mapping) else {"as tried": original}
    ours = dict(precise) if isinstance(precise, Mapping) else {"our precise form": precise}
    for what, value in {**tried, **ours}.items():
        if type(value) is not bool:  # a 1, or numpy's own, was not computed as an answer
            raise LedgerError(
                f"{what!r} is no yes or no.", wanted="True or False, computed", found=repr(value)
            )
    if not tried or not ours:
        raise LedgerError("Nothing was tried.", wanted="at least one condition")
    if failed := [what for what, value in ours.items() if not value]:
        raise LedgerError("Our precise form does not hold in this run.", found=", ".join(failed))
    return HOLDS if all(tried.values()) else LIMITS if any(tried.values()) else WRONG


class Record:
    """What `prove` shows: plain text in a terminal, a small table in a notebook."""

    def __init__(self, claim: Claim, tried: Mapping[str, bool]):
        self.claim, self.tried = claim, tried

    def __repr__(self) -> str:
        lines = [f"{self.claim.id}: {self.claim.verdict}", f"  {self.claim.precise}"]
        return "\n".join(
            lines + [f"  {'yes' if held else 'no '}  {what}" for what, held in self.tried.items()]
        )

    def _repr_html_(self) -> str:
        from labkit.core.html import render  # Jinja2 is loaded when something is shown

        return render("book/templates/record.html.j2", claim=self.claim, tried=self.tried)


def prove(claim_id: str, *, original: Any, precise: Any) -> Record:
    """Computes a claim's verdict from this run and holds it against the ledger's.

    Args:
        claim_id: such as ``C01.1``.
        original: the note's claim as stated: True or False, or {condition tried: True or False}.
            All true gives "holds", some "holds, with limits", none "wrong as stated".
        precise: our precise form: True or False, or {part: True or False}; all of it must be true.

    Returns:
        The record, shown as the cell's output.

    Raises:
        LedgerError: there is no such claim, our precise form failed, or the verdict is not the ledger's.
    """
    if claim_id not in claims():
        raise LedgerError(f"The ledger has no claim {claim_id}.", fix="add it to chapters/claims.yml")
    claim = claims()[claim_id]
    computed = verdict(original, precise)
    tried = original if isinstance(original, Mapping) else {"the claim as stated, as tried here": original}
    if computed != claim.verdict:
        conditions = "; ".join(f"{'yes' if held else 'no'}: {what}" for what, held in tried.items())
        raise LedgerError(
            f"{claim_id}: this run and the ledger disagree.",
            wanted=claim.verdict,
            found=f"{computed} ({conditions})",
        )
    return Record(claim, dict(tried))
