"""The opening questions: one bank, ``chapters/questions.yml``, and the cell that each chapter has from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from labkit.book import notebooks
from labkit.core.errors import Usage
from labkit.core.paths import repo

FILE = "chapters/questions.yml"
FIELDS = {"id", "from", "ask", "question", "answer"}
TAG, HEADING = "questions", "## Before you read"
ASKED = 3
"""How many questions open a chapter, and how many a chapter gives to those after it, at least."""

EARLIER = "Three questions from earlier chapters. Answer on paper, with those pages closed."
AHEAD = "Answer on paper. The chapter answers each one by an experiment."


@dataclass(frozen=True)
class Question:
    """One question of the bank.

    Attributes:
        id: a name, once in the bank.
        stem: the chapter that answers it.
        ask: the chapters that open with it.
        question: Markdown, on one line.
        answer: Markdown, on one line.
    """

    id: str
    stem: str
    ask: tuple[str, ...]
    question: str
    answer: str

    @property
    def number(self) -> int:
        """The number of the chapter that answers it."""
        return int(self.stem[2:4])


def bank(root: Path | None = None) -> list[Question]:
    """The questions, in the bank's order.

    Raises:
        Usage: there is no bank, or an entry is wrong.
    """
    path = (root or repo()) / FILE
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except (OSError, yaml.YAMLError) as e:
        raise Usage("The bank of questions cannot be read.", wanted=FILE, found=e) from None
    found: dict[str, Question] = {}
    for entry in entries if isinstance(entries, list) else [entries]:
        if (why := _wrong(entry)) or entry["id"] in found:
            name = entry.get("id", entry) if isinstance(entry, dict) else entry
            raise Usage(f"The question {name!r} is wrong.", wanted=FILE, found=why or "its id is there twice")
        texts = (" ".join(entry[field].split()) for field in ("question", "answer"))
        found[entry["id"]] = Question(entry["id"], entry["from"], tuple(entry["ask"]), *texts)
    return list(found.values())


def _wrong(entry: object) -> str:
    """What is wrong with an entry; empty if nothing is."""
    if not isinstance(entry, dict) or set(entry) != FIELDS:
        return f"its fields are not {', '.join(sorted(FIELDS))}"
    texts = [entry[field] for field in ("id", "from", "question", "answer")]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return "a text is missing"
    stems = [entry["from"], *entry["ask"]] if isinstance(entry["ask"], list) else [None]
    if not all(isinstance(stem, str) and notebooks.STEM.fullmatch(stem) for stem in stems):
        return "from and ask want stems of chapters"
    if any(stem[2:4] < entry["from"][2:4] for stem in entry["ask"]):
        return "a chapter cannot ask of a later one"
    return ""


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
