"""What stands at the head and the foot of a chapter's page.

At the head: how long it takes to read and to run, its exercise, its notebook, how to run it, and, folded,
the short answer for those who come back, with the figure to keep and the commands to copy. At the foot: on
what the stored outputs were made, and the manifests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import course_take_home
from course_fold import fold
from course_proved import download, link, prose, text
from docutils import nodes
from nbformat import NotebookNode
from sphinx.application import Sphinx

from labkit.book import notebooks
from labkit.book.ledger import claims
from labkit.devtools import cost, stored_run

WORDS_A_MINUTE = 200
"""A calm pace for a text with terms in it."""

SECONDS_A_CELL = 10
"""For a cell of code and what it printed; most have a few lines."""


def reading_minutes(notebook: NotebookNode) -> int:
    """About how long a chapter takes to read, from its words and its cells."""
    words = sum(len(c.source.split()) for c in notebook.cells if c.cell_type == "markdown")
    cells = sum(c.cell_type == "code" for c in notebook.cells)
    return round(words / WORDS_A_MINUTE + cells * SECONDS_A_CELL / 60)


def facts(app: Sphinx, stem: str, notebook: NotebookNode) -> nodes.paragraph:
    """One line: reading, running, the exercise, the notebook."""
    made = nodes.paragraph(classes=["chapter-facts"])
    made += nodes.Text(f"About {reading_minutes(notebook)} minutes to read.")
    if found := cost.costs(Path(app.srcdir)).get(stem):
        made += nodes.Text(f" A run of this page takes {cost.said(found)}.")
    if f"exercises/{stem}" in app.env.found_docs:
        made += [nodes.Text(" "), link("Its exercise", f"exercises/{stem}"), nodes.Text(".")]
    notebook_file = notebooks.path(stem, root=Path(app.srcdir))
    made += [nodes.Text(" "), download(app, notebook_file, "Its notebook"), nodes.Text(".")]
    return made


def foot(app: Sphinx, stem: str, notebook: NotebookNode) -> nodes.paragraph:
    """On what the stored outputs were made, and the manifests that the cells apply."""
    made = nodes.paragraph(classes=["chapter-run"])
    if said := stored_run.said(notebook):
        made += nodes.Text(f"The outputs of this page were made on {said}. ")
    manifests = sorted((Path(app.srcdir) / "k8s" / stem).glob("*.yaml"))
    for path in manifests:
        made += [
            nodes.Text(", " if path != manifests[0] else "Its manifests: "),
            download(app, path, path.name),
        ]
    return made


def short_answer(stem: str, kept: list[nodes.Node]) -> list[nodes.Node]:
    """The chapter's claims, folded: verdict, what stands, a link to the cell; nothing where it has none.

    Args:
        stem: the chapter.
        kept: what stands below them.
    """
    listed = nodes.bullet_list()
    for claim in (c for c in claims().values() if c.chapter == stem):
        line = nodes.paragraph("", "", nodes.Text(f"“{claim.claim.rstrip('.')}”: "))
        line += [text(nodes.strong, claim.verdict), nodes.Text(". "), *prose(claim.precise), nodes.Text(" ")]
        line += link("The cell", f"chapters/{stem}", f"claim-{claim.id.replace('.', '-')}")
        listed += nodes.list_item("", line)
    if not listed.children:
        return []
    return [fold("short-answer", "The short answer, for those who come back", listed, *kept)]


def on_doctree(app: Sphinx, doctree: nodes.document) -> None:
    """Completes a chapter's page at both ends."""
    folder, _, stem = app.env.docname.partition("/")
    title = doctree.next_node(nodes.title)
    if folder != "chapters" or title is None:
        return
    notebook = notebooks.read(notebooks.path(stem, root=Path(app.srcdir)))
    section = title.parent
    kept = course_take_home.complete(app, doctree, stem, notebook)
    head = [facts(app, stem, notebook), course_take_home.run_this(stem), *short_answer(stem, kept)]
    section.insert(section.index(title) + 1, head)
    section += foot(app, stem, notebook)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.connect("doctree-read", on_doctree)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
