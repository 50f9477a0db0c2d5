"""The page of progress: a row for each chapter; ``_static/progress.js`` fills it from the browser's store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from course_chapter import course_box
from course_proved import link, table
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from labkit.book import notebooks
from labkit.book.predictions import predictions_of
from labkit.book.stems import number


class Progress(SphinxDirective):
    """``{progress}``: the chapters, and how many predictions each has."""

    def run(self) -> list[nodes.Node]:
        """The table, with the answers for the script."""
        root, rows, answers = Path(self.env.srcdir), [], {}
        for stem in notebooks.stems(root=root):
            path = notebooks.path(stem, root=root)
            self.env.note_dependency(str(path))
            found = predictions_of(notebooks.read(path))
            answers[stem] = {prediction.name: prediction.answer for prediction in found}
            name = link(f"{number(stem)}. {notebooks.title(stem, root=root)}", f"chapters/{stem}")
            rows.append([name, nodes.Text(f"{len(found)}"), nodes.Text("–"), nodes.Text("–")])
        box = course_box(classes=["progress-of-reader"], data={"predictions": json.dumps(answers)})
        box += table(["chapter", "predictions", "held", "read"], rows, "progress")
        return [box]


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.add_directive("progress", Progress)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
