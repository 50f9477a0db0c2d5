"""Chapters by their numbers: in the titles of pages, and as a link wherever a text says "chapter 4".

Notebooks have neither: a title is its chapter's name, and a number in a text needs no address.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

from labkit.book import notebooks
from labkit.book.stems import STEM, number

MENTION = re.compile(r"\b[Cc]hapters? \d+(?:(?:, | and |, and | to |–)\d+)*\b")
NUMBER = re.compile(r"\d+")
NO_PROSE = (
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.title,
    nodes.rubric,
    addnodes.pending_xref,
)
"""What a link may not stand in, or is code."""

KINDS = {"exercises": "Exercise", "solutions": "Solution"}


class Numbers(SphinxTransform):
    """Puts the chapter's number into a page's title, before the titles for the sidebar are collected."""

    default_priority = 500

    def apply(self, **options: Any) -> None:
        """Edits the first title."""
        kind, _, stem = self.env.docname.partition("/")
        title = self.document.next_node(nodes.title)
        if title is None or not STEM.fullmatch(stem) or not isinstance(title[0], nodes.Text):
            return
        said = title[0].astext()
        if kind == "chapters":
            said = f"{number(stem)}. {said}"
        elif kind in KINDS:
            said = said.replace(f"{KINDS[kind]}:", f"{KINDS[kind]} {number(stem)}:", 1)
        title[0] = nodes.Text(said)


class Mentions(SphinxTransform):
    """Makes a link of each number of another chapter that is written."""

    default_priority = 510

    def apply(self, **options: Any) -> None:
        """Edits the running text."""
        root = Path(self.app.srcdir)
        pages = {number(stem): f"chapters/{stem}" for stem in notebooks.stems("chapters", root)}
        pages = {n: page for n, page in pages.items() if page != self.env.docname}
        for text in list(self.document.findall(nodes.Text)):
            if any(isinstance(parent, NO_PROSE) for parent in ancestors(text)):
                continue
            if made := self.linked(text.astext(), pages):
                text.parent[text.parent.index(text) : text.parent.index(text) + 1] = made

    def linked(self, text: str, pages: dict[int, str]) -> list[nodes.Node]:
        """A text with links in it, or nothing where it has none.

        Args:
            text: the text.
            pages: the names of the other chapters' pages, by number.
        """
        made: list[nodes.Node] = []
        done = 0
        for mention in MENTION.finditer(text):
            found = list(NUMBER.finditer(text, *mention.span()))
            for m in found:
                if int(m[0]) not in pages:
                    continue
                start = mention.start() if len(found) == 1 else m.start()  # "chapter 4" as a whole, if alone
                made += [nodes.Text(text[done:start]), self.link(text[start : m.end()], pages[int(m[0])])]
                done = m.end()
        return [*made, nodes.Text(text[done:])] if made else []

    def link(self, text: str, page: str) -> addnodes.pending_xref:
        """A link to another page."""
        target = {"reftarget": f"/{page}", "refdoc": self.env.docname, "refexplicit": True, "refwarn": True}
        inner = nodes.inline("", text, classes=["doc"])
        return addnodes.pending_xref("", inner, refdomain="std", reftype="doc", **target)


def ancestors(node: nodes.Node) -> list[nodes.Node]:
    """What a node stands in, the nearest first."""
    found = []
    while (node := node.parent) is not None:
        found.append(node)
    return found


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.add_transform(Numbers)
    app.add_transform(Mentions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
