"""The opening questions: one bank, ``chapters/questions.yml``, and the cell that each chapter has from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from pydantic import AfterValidator, Field, TypeAdapter

from labkit.book import notebooks
from labkit.book.stems import Stem, number
from labkit.core import schema
from labkit.core.paths import repo
from labkit.core.schema import IdsOnce, Text, misfit, strict

FILE = "chapters/questions.yml"
TAG, HEADING = "questions", "## Before you read"
ASKED = 3
"""How many questions open a chapter, and how many a chapter gives to those after it, at least."""

EARLIER = "Three questions from earlier chapters. Answer on paper, with those pages closed."
AHEAD = "Answer on paper. The chapter answers each one by an experiment."


OneLine = Annotated[Text, AfterValidator(lambda text: " ".join(text.split()))]
"""A text whose line breaks are those of the file alone."""


@strict
@dataclass(frozen=True)
class Question:
    """One question of the bank.

    Attributes:
        id: a name, once in the bank.
        stem: the chapter that answers it; ``from`` in the file.
        ask: the chapters that open with it.
        question: Markdown, on one line.
        answer: Markdown, on one line.
    """

    id: Text
    stem: Annotated[Stem, Field(alias="from")]
    ask: tuple[Stem, ...]
    question: OneLine
    answer: OneLine

    @property
    def number(self) -> int:
        """The number of the chapter that answers it."""
        return number(self.stem)


def answered_before(question: Question) -> Question:
    """A question that no chapter asks before the one that answers it; for the schema of the bank.

    Raises:
        PydanticCustomError: one does.
    """
    if early := [stem for stem in question.ask if stem[2:4] < question.stem[2:4]]:
        raise misfit(f"to be asked by {question.stem[:4]} or a later chapter", ", ".join(early))
    return question


BANK: TypeAdapter[list[Question]] = TypeAdapter(
    Annotated[list[Annotated[Question, AfterValidator(answered_before)]], IdsOnce]
)


def bank(root: Path | None = None) -> list[Question]:
    """The questions, in the bank's order.

    Raises:
        Usage: there is no bank, or it does not fit its schema.
    """
    return schema.load((root or repo()) / FILE, BANK, empty=[])


def source_for(stem: str, root: Path | None = None) -> str:
    """The Markdown of the cell that opens a chapter; empty if the bank has no question for it."""
    asked = [q for q in bank(root) if stem in q.ask]
    if not asked:
        return ""
    ahead = all(q.stem == stem for q in asked)
    named = [q.question if q.stem == stem else f"{q.question} (chapter {q.number})" for q in asked]
    lines = [HEADING, "", AHEAD if ahead else EARLIER, "", *_numbered(named)]
    lines += ["", ":::{dropdown} Answers", *_numbered([_answer(q, stem, root) for q in asked]), ":::"]
    return "\n".join(lines)


def _numbered(texts: list[str]) -> list[str]:
    """The lines of a numbered list."""
    return [f"{i}. {text}" for i, text in enumerate(texts, 1)]


def _answer(question: Question, stem: str, root: Path | None) -> str:
    """An answer, with a link to the chapter that gave it, where there is that chapter."""
    if question.stem == stem or not notebooks.path(question.stem, root=root).exists():
        return question.answer
    return f"{question.answer} ([Chapter {question.number}]({question.stem}.ipynb).)"


def _opens(cell: NotebookNode) -> bool:
    """Whether a cell holds the opening questions: tagged so, or written by hand under their heading."""
    return TAG in cell.metadata.get("tags", []) or cell.source.startswith(HEADING + "\n")


def refresh(notebook: NotebookNode, stem: str, root: Path | None = None) -> None:
    """Puts the cell for a chapter into its notebook: in place of the one there, or after the title."""
    source = source_for(stem, root)
    here = [c for c in notebook.cells if _opens(c)]
    if here and source:
        here[0].source, here[0].metadata["tags"] = source, [TAG]
    elif source:
        notebook.cells.insert(1, new_markdown_cell(source, metadata={"tags": [TAG]}))


def breaches(notebook: NotebookNode, stem: str, root: Path | None = None) -> Iterator[str]:
    """What a chapter's opening questions lack."""
    questions = bank(root)
    here = [c for c in notebook.cells if _opens(c)]
    asked, given = sum(stem in q.ask for q in questions), sum(q.stem == stem for q in questions)
    if asked != ASKED:
        yield f"{FILE} asks it {asked} questions; it wants {ASKED}"
    elif [(c.source, c.metadata.get("tags")) for c in here] != [(source_for(stem, root), [TAG])]:
        yield f"its cell tagged {TAG} is not the one of {FILE}: run labkit fmt"
    if given < ASKED:
        yield f"{FILE} has {given} questions from it; later chapters want {ASKED} or more"
