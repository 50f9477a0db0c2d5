"""The predictions of a chapter, read out of its text: question, options, answer, a reply to each option.

A prediction is ``### Predict`` with a question and a list ``- a. …``, a code cell ``predict("C06.1", …)``
after it, and, after the experiment, a fold ``:::{dropdown} Answer`` with the right letter in bold and one
``(x)`` reply for every wrong option.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbformat import NotebookNode

HEADING = re.compile(r"^### Predict\s*$", re.M)
CALL = re.compile(r"\bpredict\(\s*[\"']([^\"']+)[\"']")
OPTION = re.compile(r"^- ([a-z])\. (.+(?:\n  +\S.*)*)", re.M)
LIST = re.compile(r"(?:^- [a-z]\. .+(?:\n  +\S.*)*\n*)+\Z", re.M)
FOLD = re.compile(r"^(:::+|```+)\{dropdown\} Answer[ \t]*\n(.*?)^\1[ \t]*$", re.M | re.S)
BOLD = re.compile(r"\A\*\*([a-z])\.\*\*\s*")
TAGS = ["predict", "remove-cell"]
"""The tags of a predict cell."""

MARK = re.compile(r"(?:(?<=\s)|\A)\(([a-z])\)\s+")


@dataclass(frozen=True)
class Prediction:
    """One prediction of a chapter.

    Attributes:
        name: the claim's id, or a word.
        cell: index of its ``predict`` cell.
        question: its text, without the options.
        options: text by letter.
        answer: the right letter; empty if none is given.
        why: what the answer says of the right option.
        replies: letter of a wrong option → what the answer says to it.
        faults: what is wrong with its shape.
    """

    name: str
    cell: int
    question: str
    options: dict[str, str]
    answer: str
    why: str
    replies: dict[str, str]
    faults: tuple[str, ...] = field(default=())

    @property
    def asked(self) -> str:
        """The sentence that asks: the last with a question mark; the name where there is none."""
        sentences = [s for s in re.split(r"(?<=[.?!:])\s+", plain(self.question)) if s.endswith("?")]
        return sentences[-1] if sentences else self.name


def plain(text: str) -> str:
    """A line of Markdown without its marks."""
    return re.sub(r"[*`]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", _flat(text)))


def predictions_of(notebook: NotebookNode) -> list[Prediction]:
    """The predictions of a chapter's notebook, in its order, faulty ones included."""
    calls = [(i, m[1]) for i, c in enumerate(notebook.cells) if _is_call(c) and (m := CALL.search(c.source))]
    ends = [*[i for i, _ in calls], len(notebook.cells)][1:]
    start, found = 0, []
    for (i, name), end in zip(calls, ends, strict=False):
        found.append(_prediction(notebook, name, start, i, end))
        start = i + 1
    return found


def _is_call(cell: NotebookNode) -> bool:
    """Whether a cell is one in which the reader commits."""
    return cell.cell_type == "code" and "predict" in cell.metadata.get("tags", [])


def text_of(notebook: NotebookNode, start: int, end: int) -> str:
    """The text cells from one index up to another."""
    return "\n\n".join(c.source for c in notebook.cells[start:end] if c.cell_type == "markdown")


def _prediction(notebook: NotebookNode, name: str, start: int, cell: int, end: int) -> Prediction:
    """One prediction: the text before its cell, and the first answer after it."""
    headed = HEADING.split(text_of(notebook, start, cell))
    asked = headed[-1].strip() if len(headed) > 1 else ""
    listed = LIST.search(asked)
    options = {letter: _flat(text) for letter, text in OPTION.findall(listed[0])} if listed else {}
    question = asked[: listed.start()].strip() if listed else asked
    folds = FOLD.findall(text_of(notebook, cell, end))
    body = folds[0][1].strip() if folds else ""
    bold = BOLD.match(body)
    parts = MARK.split(body[bold.end() :] if bold else body)
    replies = {letter: _flat(text) for letter, text in zip(parts[1::2], parts[2::2], strict=True)}
    read = Prediction(name, cell, question, options, bold[1] if bold else "", _flat(parts[0]), replies)
    faults = [*_faults_of_question(read, len(headed)), *_faults_of_answer(read, len(folds), parts[1::2])]
    return Prediction(**{**vars(read), "faults": tuple(faults)})


def _flat(text: str) -> str:
    """A text on one line."""
    return " ".join(text.split())


def _faults_of_question(found: Prediction, headings: int) -> Iterator[str]:
    """What is wrong with a question and its options."""
    if headings < 2:
        yield "there is no '### Predict' before its cell"
    elif not found.question:
        yield "it asks nothing"
    if len(found.options) < 3:
        yield f"it has {len(found.options)} options ('- a. …', last in the cell before it), fewer than 3"
    elif "".join(found.options) != "abcdefgh"[: len(found.options)]:
        yield f"its options are lettered {', '.join(found.options)}"


def _faults_of_answer(found: Prediction, folds: int, marks: list[str]) -> Iterator[str]:
    """What is wrong with an answer and its replies."""
    if folds != 1:
        yield f"it has {folds} answers (':::{{dropdown}} Answer'); it wants one, after the experiment"
        return
    if found.answer not in found.options:
        yield f"its answer begins with {found.answer or 'no bold letter'!r}, which is none of its options"
    elif not found.why:
        yield f"its answer does not say why {found.answer}"
    wrong = [letter for letter in found.options if letter != found.answer]
    if sorted(marks) != wrong:
        given = ", ".join(marks) or "none"
        yield f"its answer replies to {given}; it wants one (x) each for {', '.join(wrong)}"
    elif empty := [letter for letter, text in found.replies.items() if len(text.split()) < 3]:
        yield f"its answer says nothing to {', '.join(empty)}"


def line_of(name: str, letters: str) -> str:
    """The source of a predict cell as it stands before anybody has chosen."""
    named = ", ".join(letters[:-1]) + f" or {letters[-1]}"
    return f'predict("{name}", "…", sure="…")  # {named}; guessing, fairly or certain'
