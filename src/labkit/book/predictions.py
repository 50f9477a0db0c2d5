"""The predictions of a chapter, read out of its text: question, options, answer, a reply to each option.

A prediction is ``### Predict`` with a question and a list ``- a. …``, a code cell ``predict("C06.1", …)``
after it, and, after the experiment, a fold ``:::{dropdown} Answer`` with the right letter in bold and one
``(x)`` reply for every wrong option.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from nbformat import NotebookNode

from labkit.book import markdown

CALL = re.compile(r"\bpredict\(\s*[\"']([^\"']+)[\"']")
OPTION = re.compile(r"([a-z])\. (\S.*)", re.S)
TAGS = ["predict", "remove-cell"]
"""The tags of a predict cell."""

MARK = re.compile(r"(?:(?<=\s)|\A)\(([a-z])\)\s+")
"""Where, in the running text of an answer, the reply to a wrong option begins."""


@dataclass(frozen=True)
class Prediction:
    """One prediction of a chapter.

    Attributes:
        name: the claim's id, or a word.
        cell: index of its ``predict`` cell.
        question: its text without the options, in Markdown.
        options: text by letter, in Markdown.
        answer: the right letter; empty if none is given.
        why: what the answer says of the right option, as plain text.
        replies: letter of a wrong option → what the answer says to it, as plain text.
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
        sentences = [s for s in re.split(r"(?<=[.?!:])\s+", markdown.plain(self.question)) if s.endswith("?")]
        return sentences[-1] if sentences else self.name


def predictions_of(notebook: NotebookNode) -> list[Prediction]:
    """The predictions of a chapter's notebook, in its order, faulty ones included."""
    calls = [(i, m[1]) for i, c in enumerate(notebook.cells) if _is_call(c) and (m := CALL.search(c.source))]
    ends = [*[i for i, _ in calls], len(notebook.cells)][1:]
    start, predictions = 0, []
    for (i, name), end in zip(calls, ends, strict=False):
        predictions.append(_prediction(notebook, name, start, i, end))
        start = i + 1
    return predictions


def _is_call(cell: NotebookNode) -> bool:
    """Whether a cell is one in which the reader commits."""
    return cell.cell_type == "code" and "predict" in cell.metadata.get("tags", [])


def text_of(notebook: NotebookNode, start: int, end: int) -> str:
    """The text cells from one index up to another."""
    return "\n\n".join(c.source for c in notebook.cells[start:end] if c.cell_type == "markdown")


def headings_in(text: str) -> list[markdown.Heading]:
    """The headings ``### Predict`` of a text."""
    return [h for h in markdown.headings(text) if (h.level, h.text) == (3, "Predict")]


def answers_in(text: str) -> list[str]:
    """What stands in the folds with the title Answer of a text."""
    return [fold.body for fold in markdown.directives(text) if fold.info == "{dropdown} Answer"]


def _prediction(notebook: NotebookNode, name: str, start: int, cell: int, end: int) -> Prediction:
    """One prediction: the text before its cell, and the first answer after it."""
    text = text_of(notebook, start, cell)
    headings = headings_in(text)
    asked = "\n".join(text.splitlines()[headings[-1].end :]) if headings else ""
    question, options = _options(asked)
    answers = answers_in(text_of(notebook, cell, end))
    letter, why, replies = _answer(answers[0]) if answers else ("", "", [])
    read = Prediction(name, cell, question, options, letter, why, dict(replies))
    faults = _faults_of_question(read, bool(headings))
    faults_of_answer = _faults_of_answer(read, len(answers), [mark for mark, _ in replies])
    return replace(read, faults=(*faults, *faults_of_answer))


def _options(asked: str) -> tuple[str, dict[str, str]]:
    """A question without its options, and these: a list at its end whose every item begins with a letter."""
    listed = markdown.last_list(asked)
    matches = [OPTION.match(item) for item in listed.items] if listed else []
    options = {m[1]: " ".join(m[2].split()) for m in matches if m}
    if listed is None or len(options) != len(matches):
        return asked.strip(), {}
    return "\n".join(asked.splitlines()[: listed.start]).strip(), options


def _answer(body: str) -> tuple[str, str, list[tuple[str, str]]]:
    """The right letter of an answer, why it is right, and the reply to each wrong option, in its order."""
    pieces = list(markdown.pieces(body))
    letter = ""
    if pieces and pieces[0].is_strong and (bold := re.fullmatch(r"([a-z])\.", pieces[0].text)):
        letter, pieces = bold[1], pieces[1:]
    parts: list[tuple[str, list[str]]] = [("", [])]
    for piece in pieces:
        split = [piece.text] if piece.is_code else MARK.split(piece.text)
        parts[-1][1].append(split[0])
        parts += [(mark, [text]) for mark, text in zip(split[1::2], split[2::2], strict=True)]
    texts = [(mark, " ".join("".join(texts).split())) for mark, texts in parts]
    return letter, texts[0][1], texts[1:]


def _faults_of_question(read: Prediction, headed: bool) -> Iterator[str]:
    """What is wrong with a question and its options."""
    if not headed:
        yield "there is no '### Predict' before its cell"
    elif not read.question:
        yield "it asks nothing"
    if len(read.options) < 3:
        yield f"it has {len(read.options)} options ('- a. …', last in the cell before it), fewer than 3"
    elif "".join(read.options) != "abcdefgh"[: len(read.options)]:
        yield f"its options are lettered {', '.join(read.options)}"


def _faults_of_answer(read: Prediction, answers: int, marks: list[str]) -> Iterator[str]:
    """What is wrong with an answer and its replies."""
    if answers != 1:
        yield f"it has {answers} answers (':::{{dropdown}} Answer'); it wants one, after the experiment"
        return
    if read.answer not in read.options:
        yield f"its answer begins with {read.answer or 'no bold letter'!r}, which is none of its options"
    elif not read.why:
        yield f"its answer does not say why {read.answer}"
    wrong = [letter for letter in read.options if letter != read.answer]
    if sorted(marks) != wrong:
        given = ", ".join(marks) or "none"
        yield f"its answer replies to {given}; it wants one (x) each for {', '.join(wrong)}"
    elif empty := [letter for letter, text in read.replies.items() if len(text.split()) < 3]:
        yield f"its answer says nothing to {', '.join(empty)}"


def line_of(name: str, letters: str) -> str:
    """The source of a predict cell as it stands before anybody has chosen."""
    named = ", ".join(letters[:-1]) + f" or {letters[-1]}"
    return f'predict("{name}", "…", sure="…")  # {named}; guessing, fairly or certain'
