"""A fold of the site that opens without JavaScript; `course_epub` replaces it by what is in it."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


class course_fold(nodes.General, nodes.Element):
    """A fold; the line that is always seen is its ``title``."""


def fold(kind: str, title: str, *inner: nodes.Node) -> course_fold:
    """A fold.

    Args:
        kind: its class.
        title: the line that is always seen.
        inner: what is in it.
    """
    return course_fold("", *inner, classes=[kind], title=title)


def visit_fold(writer: HTML5Translator, node: course_fold) -> None:
    """Opens the ``details`` and writes their line."""
    writer.body.append(writer.starttag(node, "details"))
    writer.body.append(f"<summary>{escape(node['title'])}</summary>")


def depart_fold(writer: HTML5Translator, node: course_fold) -> None:
    """Closes them."""
    writer.body.append("</details>\n")


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.add_node(course_fold, html=(visit_fold, depart_fold))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
