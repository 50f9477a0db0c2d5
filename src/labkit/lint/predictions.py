"""The house rules of predictions: one before every proof, each option answered, beliefs shown at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from labkit.book import markdown
from labkit.book.predictions import (
    CALL,
    TAGS,
    Prediction,
    answers_in,
    headings_in,
    line_of,
    predictions_of,
)
from labkit.learner.beliefs import NOTHING
from labkit.learner.predict import CONFIRMATION

CLAIM = re.compile(r"C\d\d\.\d+")
BELIEVED = (2, "What you believed")
"""Level and text of the heading before the beliefs."""

BELIEFS_CALL = re.compile(r"\bbeliefs\(\)")
PAPER = re.compile(r"[Ww]rite down (?:a letter|both)")


def breaches(notebook: NotebookNode) -> Iterator[str]:
    """The breaches of one chapter's notebook."""
    predictions = predictions_of(notebook)
    for prediction in predictions:
        yield from (f"prediction {prediction.name}: {fault}" for fault in prediction.faults)
        yield from _cell(notebook, prediction)
    yield from _one_each(notebook, predictions)
    yield from _beliefs(notebook, bool(predictions))


def _cell(notebook: NotebookNode, prediction: Prediction) -> Iterator[str]:
    """Breaches of a predict cell: its one form, nothing chosen in it, an experiment before its answer."""
    cell, name = notebook.cells[prediction.cell], prediction.name
    if cell.metadata.get("tags") != TAGS:
        yield f"prediction {name}: its cell wants the tags {TAGS}"
    if len(prediction.options) > 1 and cell.source != (wanted := line_of(name, "".join(prediction.options))):
        yield f"prediction {name}: its cell wants {wanted!r}"
    if _printed(cell) not in ("", CONFIRMATION):
        yield f"prediction {name}: its cell shows something else than {CONFIRMATION!r}"
    after = notebook.cells[prediction.cell + 1 :]
    answer = next((i for i, c in enumerate(after) if c.cell_type == "markdown" and answers_in(c.source)), 0)
    if not any(c.cell_type == "code" for c in after[:answer]):
        yield f"prediction {name}: no experiment stands between it and its answer"


def _one_each(notebook: NotebookNode, predictions: list[Prediction]) -> Iterator[str]:
    """Claims without a prediction, predictions without a claim or twice, questions without a cell."""
    names = [p.name for p in predictions]
    yield from (
        f"prediction {name}: it is there twice" for name in sorted({n for n in names if names.count(n) > 1})
    )
    cells = {p.name: p.cell for p in predictions}
    proofs = {
        tag.removeprefix("claim:"): i
        for i, c in enumerate(notebook.cells)
        for tag in c.metadata.get("tags", [])
        if tag.startswith("claim:")
    }
    for claim, i in proofs.items():
        if cells.get(claim, i) >= i:
            yield f"claim {claim}: no prediction of this name stands before its proof"
    for name in cells:
        if CLAIM.fullmatch(name) and name not in proofs:
            yield f"prediction {name}: no claim of this name is proved here"
    text = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    if (headings := sum(len(headings_in(t)) for t in text)) != len(predictions):
        yield f"{headings} headings '### Predict' and {len(predictions)} cells tagged predict"
    for i, c in enumerate(notebook.cells):
        if c.cell_type == "code" and CALL.search(c.source) and "predict" not in c.metadata.get("tags", []):
            yield f"cell {i} calls predict and is not tagged so"
    if any(PAPER.search(t) for t in text):
        yield "it tells the reader to write a letter down: the predict cell and the site's form do that"


def _beliefs(notebook: NotebookNode, predicted: bool) -> Iterator[str]:
    """Whether beliefs are shown once, last before the Lab is closed, and nobody's are stored."""
    code = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    shown = [i for i, c in enumerate(code) if BELIEFS_CALL.search(c.source)]
    if not predicted and not shown:
        return
    if shown != [len(code) - 2]:
        yield f"beliefs() stands in {len(shown)} cells; it wants one, the last before the Lab is closed"
        return
    cell = code[shown[0]]
    if cell.metadata.get("tags") != ["beliefs"] or cell.source != "beliefs()":
        yield "the cell beliefs() wants the tag beliefs and nothing else in it"
    if _printed(cell) not in ("", NOTHING):
        yield "the cell beliefs() stores what somebody has chosen: run labkit execute"
    before = notebook.cells[: notebook.cells.index(cell)]
    headings = markdown.headings(before[-1].source) if before else []
    if BELIEVED not in [(heading.level, heading.text) for heading in headings]:
        yield "beliefs() wants the heading '## What you believed' before it"


def _printed(cell: NotebookNode) -> str:
    """What a cell stored, as text."""
    texts = [o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in cell.outputs]
    return "".join(texts).strip()
