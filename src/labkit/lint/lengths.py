"""How long a chapter may be, and the chapters that are longer with a reason, in ``chapters/lengths.yml``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from nbformat import NotebookNode
from pydantic import Field, TypeAdapter

from labkit.book import notebooks, predictions
from labkit.book.stems import Stem
from labkit.core import schema
from labkit.core.schema import Text, strict
from labkit.lint.finding import Finding

FILE = "chapters/lengths.yml"
BOUNDS = {"cells": 60, "silent": 33, "words": 2500}
"""Code cells without predictions, the percentage of them without output, words outside of code.

Source: the figures of ``CONTRIBUTING.md``; a page beyond them loses its readers before its answer.
"""

FENCES = re.compile(r"^(```+|:::+).*?^\1\s*$", re.M | re.S)
"""What is no running text: code, figures, what is folded."""

CODE = re.compile(r"^(```+).*?^\1\s*$", re.M | re.S)
WORD = re.compile(r"[A-Za-z0-9’'\-]+")

NAMES = {"cells": "code cells", "silent": "% of its code cells without output", "words": "words"}
Count = Annotated[int, Field(ge=0)]


@strict
@dataclass(frozen=True)
class Longer:
    """What a chapter has beyond the bounds.

    Attributes:
        why: the reason, for people.
        cells: how many code cells it has, if that is more than the bound.
        silent: the percentage of code cells without output, if that is.
        words: how many words it has, if that is.
    """

    why: Text
    cells: Count | None = None
    silent: Count | None = None
    words: Count | None = None


EXCEPTIONS: TypeAdapter[dict[Stem, Longer]] = TypeAdapter(dict[Stem, Longer])


def words(source: str) -> int:
    """Words of running text, fenced blocks left out."""
    return len(FENCES.sub("", source).split())


def all_words(source: str) -> int:
    """Words of all that is no code: a reader also reads answers that are folded, tables, captions."""
    return len(WORD.findall(CODE.sub("", source)))


def measured(notebook: NotebookNode) -> dict[str, int]:
    """What of a chapter is bounded, as in `BOUNDS`."""
    code = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    code = [c for c in code if predictions.TAGS[0] not in c.metadata.get("tags", [])]
    silent = sum(not c.outputs for c in code)
    text = sum(all_words(c.source) for c in notebook.cells if c.cell_type == "markdown")
    return {"cells": len(code), "silent": round(100 * silent / max(1, len(code))), "words": text}


def breaches(root: Path) -> list[Finding]:
    """Chapters beyond the bounds without a reason, and entries that do not say what is.

    Args:
        root: the course's folder.
    """
    longer = schema.load(root / FILE, EXCEPTIONS, empty={})
    findings = [
        Finding(FILE, f"{stem} is no chapter")
        for stem in longer.keys() - {*notebooks.stems("chapters", root)}
    ]
    for stem in notebooks.stems("chapters", root):
        has = measured(notebooks.read(notebooks.path(stem, "chapters", root)))
        findings += [Finding(f"chapters/{stem}", fault) for fault in faults(has, longer.get(stem))]
    return findings


def faults(has: dict[str, int], entry: Longer | None) -> Iterator[str]:
    """The breaches of one chapter.

    Args:
        has: as `measured`.
        entry: what `FILE` says of it, if anything.
    """
    for what, bound in BOUNDS.items():
        allowed = getattr(entry, what) if entry else None
        if allowed is None and has[what] > bound:
            yield f"has {has[what]} {NAMES[what]} (bound {bound}): shorten it, or say in {FILE} why not"
        elif allowed is not None and has[what] <= bound:
            yield f"has {has[what]} {NAMES[what]} (bound {bound}): take its {what} out of {FILE}"
        elif allowed is not None and has[what] > allowed:
            yield f"has {has[what]} {NAMES[what]}, {FILE} says {allowed}: it has grown"
        elif allowed is not None and has[what] < allowed:
            yield f"has {has[what]} {NAMES[what]}, {FILE} says {allowed}: write the smaller one there"
