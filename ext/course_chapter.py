"""What a chapter's page has beyond its notebook: predictions to click, conditions, beliefs, anchors.

The options and the answer of a prediction stay a plain list and a fold; ``_static/course.js`` makes a form of
them. What it needs to know stands in attributes, put there from the notebook.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from course_proved import prose
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.writers.html5 import HTML5Translator

from labkit.book import notebooks
from labkit.book.ledger import PLAIN, VARIED, Claim, claims
from labkit.book.predictions import MARK, Prediction, predictions_of

CLAIM = re.compile(r"claim:(C\d\d)\.(\d+)")
LETTERED = re.compile(r"([a-z])\. ")
NO_SCRIPT = "With JavaScript this shows what you chose and what happened; so does beliefs() in the notebook."


class course_box(nodes.General, nodes.Element):
    """A ``div`` with attributes of our own, in ``data``."""


def visit_box(writer: HTML5Translator, node: course_box) -> None:
    """Opens the ``div``."""
    data = {f"data-{key}": value for key, value in node["data"].items()}
    writer.body.append(writer.starttag(node, "div", **data))


def depart_box(writer: HTML5Translator, node: course_box) -> None:
    """Closes it."""
    writer.body.append("</div>\n")


def wrap(node: nodes.Element, kind: str, **data: str) -> course_box:
    """Puts a node into a `course_box` of a class; returns that."""
    box = course_box(classes=[kind], data=data)
    node.replace_self(box)
    box += node
    return box


def on_doctree(app: Sphinx, doctree: nodes.document) -> None:
    """Completes a chapter's page.

    Raises:
        ExtensionError: the page has other questions and answers than its notebook, or a claim no prediction.
    """
    folder, _, stem = app.env.docname.partition("/")
    if folder != "chapters":
        return
    anchor_claims(doctree)
    found = predictions_of(notebooks.read(Path(app.srcdir) / f"{app.env.docname}.ipynb"))
    lists = [node for node in doctree.findall(nodes.bullet_list) if is_options(node)]
    folds = [node for node in doctree.findall(nodes.container) if is_answer(node)]
    if not len(found) == len(lists) == len(folds):
        counts = f"{len(found)} predictions, {len(lists)} lists of options, {len(folds)} answers"
        raise ExtensionError(f"{app.env.docname}: {counts}")
    ledger = {claim.id: claim for claim in claims().values() if claim.chapter == stem}
    for prediction, options, fold in zip(found, lists, folds, strict=True):
        said = {"name": prediction.name, "answer": prediction.answer, "asked": prediction.asked}
        box = wrap(options, "prediction", chapter=stem, **said)
        box["ids"].append("prediction-" + prediction.name.replace(".", "-"))
        if claim := ledger.pop(prediction.name, None):
            box.parent.insert(box.parent.index(box) + 1, conditions(claim))
        mark_replies(fold, prediction)
        wrap(fold, "prediction-answer", name=prediction.name)
    if ledger:
        raise ExtensionError(
            f"{app.env.docname}: no prediction of {', '.join(ledger)}, whose conditions it shows"
        )
    for cell in [n for n in doctree.findall(nodes.container) if "tag_beliefs" in n["classes"]]:
        box = course_box("", nodes.paragraph("", NO_SCRIPT), classes=["beliefs"], data={"chapter": stem})
        cell.replace_self(box)


def conditions(claim: Claim) -> nodes.container:
    """Under what a claim is tried, as the ledger fixed it: one line for each kind."""
    made = nodes.container(classes=["conditions"])
    made += nodes.paragraph("", f"{claim.id} is tried under these conditions, fixed before the run.")
    for kind, named in ((PLAIN, claim.conditions.plain), (VARIED, claim.conditions.varied)):
        words = prose(" " + " · ".join(named))
        made += nodes.paragraph("", "", nodes.strong("", "", nodes.Text(f"{kind}:")), *words)
    return made


def is_options(node: nodes.bullet_list) -> bool:
    """Whether a list is one of options: every item begins with a letter and a point."""
    texts = [item.astext() for item in node.children]
    return [m[1] for t in texts if (m := LETTERED.match(t))] == list("abcdefgh"[: len(texts)]) != []


def is_answer(node: nodes.container) -> bool:
    """Whether a container is a fold with the title Answer."""
    title = node.next_node(nodes.rubric)
    return node.get("design_component") == "dropdown" and title is not None and title.astext() == "Answer"


def mark_replies(fold: nodes.container, prediction: Prediction) -> None:
    """Puts the reply to each option into a span of its own, so that the page can repeat the one that fits."""
    letter = prediction.answer
    for paragraph in fold.findall(nodes.paragraph):
        made: list[nodes.Node] = []
        for child in list(paragraph.children):
            parts = MARK.split(child.astext()) if isinstance(child, nodes.Text) else None
            if not parts:
                _reply(made, letter, child)
                continue
            _reply(made, letter, nodes.Text(parts[0]))
            for letter, text in zip(parts[1::2], parts[2::2], strict=True):
                made.append(nodes.Text(f"({letter}) "))
                _reply(made, letter, nodes.Text(text))
        paragraph.clear()
        paragraph.extend(made)


def _reply(made: list[nodes.Node], letter: str, node: nodes.Node) -> None:
    """Adds a node to the reply that is being made, or begins it; the answer's bold letter is no reply."""
    if isinstance(node, nodes.strong) and not made:
        made.append(node)
        return
    last = made[-1] if made else None
    if not (isinstance(last, nodes.inline) and f"reply-{letter}" in last["classes"]):
        made.append(nodes.inline(classes=["reply", f"reply-{letter}"]))
    made[-1] += node


def anchor_claims(doctree: nodes.document) -> None:
    """Gives each cell that proves a claim an id: ``claim-C01-1``."""
    for cell in doctree.findall(nodes.container):
        for m in map(CLAIM.fullmatch, cell.get("cell_metadata", {}).get("tags", [])):
            if m:
                cell["ids"].append(f"claim-{m[1]}-{m[2]}")


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.add_node(course_box, html=(visit_box, depart_box))
    app.connect("doctree-read", on_doctree)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
