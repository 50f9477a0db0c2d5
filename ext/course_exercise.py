"""Exercise pages, solution pages made at build time, and the page that says how the graders were tested.

``solutions/`` is the authored source, with markers. What a page shows of it is made here and written nowhere:
markers and hidden tests are gone, and each cell with a solution is folded.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
from course_proved import link, table, text
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from labkit.book import notebooks
from labkit.book.exercises import MARKERS, SOLUTION_ONLY
from labkit.book.stems import number
from labkit.core.errors import LabkitError
from labkit.mutation import record

HIDDEN = re.compile(r"^[ \t]*### BEGIN (HIDDEN TESTS|MARK SCHEME)$.*?^[ \t]*### END \1$\n?", re.M | re.S)
MARKER = re.compile(r"^[ \t]*### (?:BEGIN|END) SOLUTION[ \t]*$\n?", re.M)
FOLD = {"code_prompt_show": "Show a solution", "code_prompt_hide": "Hide it"}


def solution_page(source: str) -> str:
    """A solution notebook as its page shows it.

    Args:
        source: the notebook, as JSON.

    Raises:
        ExtensionError: a marker is left.
    """
    notebook = nbformat.reads(source, as_version=4)
    notebook.cells = [c for c in notebook.cells if SOLUTION_ONLY not in c.metadata.get("tags", [])]
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-cell"]
            cell.metadata["mystnb"] = {**cell.metadata.get("mystnb", {}), **FOLD}
        cell.source = MARKER.sub("", HIDDEN.sub("", cell.source)).rstrip()
        if left := [m for m in MARKERS if m in cell.source]:
            raise ExtensionError(f"a solution page has {left[0]!r} left in it")
    first = notebook.cells[0]
    first.source = re.sub(r"^# Exercise: ", "# Solution: ", first.source)
    return nbformat.writes(notebook)


def on_source(app: Sphinx, name: str, source: list[str]) -> None:
    """Turns a solution notebook into its page."""
    if name.startswith("solutions/"):
        source[0] = solution_page(source[0])


def on_doctree(app: Sphinx, doctree: nodes.document) -> None:
    """Puts a line under the title of an exercise or a solution: where it is done, and what belongs to it."""
    kind, _, stem = app.env.docname.partition("/")
    title = doctree.next_node(nodes.title)
    if kind not in ("exercises", "solutions") or title is None:
        return
    line = nodes.paragraph(classes=["chapter-facts"])
    if kind == "exercises":
        line += nodes.Text("It is done in JupyterLab: ")
        line += [text(nodes.literal, "make learn"), nodes.Text(", then open ")]
        line += [text(nodes.literal, f"exercises/{stem}.ipynb"), nodes.Text(". ")]
    line += link(f"Chapter {number(stem)}", f"chapters/{stem}")
    other = "solutions" if kind == "exercises" else "exercises"
    if f"{other}/{stem}" in app.env.found_docs:
        line += [nodes.Text(" · "), link(other.capitalize()[:-1], f"{other}/{stem}")]
    title.parent.insert(title.parent.index(title) + 1, line)


class Graders(SphinxDirective):
    """``{graders}``: what the last test of each exercise's grader found, from its record."""

    def run(self) -> list[nodes.Node]:
        """The totals, then a section for each chapter; one sentence where nothing is recorded.

        Raises:
            ExtensionError: the record cannot be read.
        """
        root = Path(self.env.srcdir)
        self.env.note_dependency(str(record.GRADERS.file(root)))
        try:
            entries = record.GRADERS.read(root)
        except LabkitError as e:
            raise ExtensionError(f"How the graders were tested: {e}") from e
        head = [totals(entries)] if entries else [text(nodes.paragraph, "No grader has been tested yet.")]
        return head + [self.section(stem, entry) for stem, entry in sorted(entries.items())]

    def section(self, stem: str, entry: record.GraderEntry) -> nodes.section:
        """One chapter's tasks and controls."""
        name = f"{number(stem)}. {notebooks.title(stem, root=Path(self.env.srcdir))}"
        made = nodes.section("", text(nodes.title, name), ids=[f"graders-{stem[:4]}"], names=[name.lower()])
        rows = [
            [
                text(nodes.strong, task.task),
                nodes.Text(". ".join(task.checks).replace("`", "") + "."),
                nodes.Text(f"{task.killed} of {task.wrong}"),
                nodes.Text(f"{task.accepted} of {task.right}"),
            ]
            for task in entry.tasks
        ]
        made += table(["task", "what is checked", "wrong, rejected", "right, accepted"], rows, "graders")
        held = [name for name, did_hold in entry.controls.items() if did_hold]
        failed = [name for name in entry.controls if name not in held]
        said = f"Controls that held: {'; '.join(held) or 'none'}."
        said += f" Controls that failed: {'; '.join(failed)}." if failed else ""
        made += text(nodes.paragraph, said)
        made += text(nodes.paragraph, f"Tested at commit {entry.commit[:7]}, in {entry.seconds:.0f} s.")
        return made


def totals(entries: dict[str, record.GraderEntry]) -> nodes.table:
    """The sums over all chapters."""
    tasks = [task for entry in entries.values() for task in entry.tasks]
    wrong, killed = sum(task.wrong for task in tasks), sum(task.killed for task in tasks)
    right, accepted = sum(task.right for task in tasks), sum(task.accepted for task in tasks)
    rows = [
        ("tasks", len(tasks)),
        ("wrong answers tried", wrong),
        ("rejected, each with its own message", killed),
        ("accepted all the same", wrong - killed),
        ("right answers tried, by different roads", right),
        ("rejected all the same", right - accepted),
    ]
    cells = [[nodes.Text(what), nodes.Text(str(count))] for what, count in rows]
    return table(["over all chapters", "number"], cells, "proved-summary")


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.add_directive("graders", Graders)
    app.connect("source-read", on_source)
    app.connect("doctree-read", on_doctree)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
