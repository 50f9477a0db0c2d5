"""Terms in bold lead to the glossary: a chapter prints a term in bold where it explains it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

PAGE = "glossary.md"
DIRECTIVE = re.compile(r"^```\{glossary\}\n(?::\w+:\n)*(.*?)^```$", re.M | re.S)
TERM = re.compile(r"^(\S.*)$", re.M)


def terms_of(page: str) -> set[str]:
    """The terms of a glossary in lower case, as its directive holds them: lines that are not indented.

    Args:
        page: the page in Markdown.
    """
    return {term.lower() for body in DIRECTIVE.findall(page) for term in TERM.findall(body)}


class Terms(SphinxTransform):
    """Makes a link of each bold term that the glossary has."""

    default_priority = 520

    def apply(self, **options: Any) -> None:
        """Edits the chapters' pages."""
        if not self.env.docname.startswith("chapters/"):
            return
        page = Path(self.app.srcdir, PAGE)
        self.env.note_dependency(str(page))
        terms = terms_of(page.read_text(encoding="utf-8"))
        for strong in list(self.document.findall(nodes.strong)):
            word = re.sub(r"\s+", " ", strong.astext())
            if word.lower() not in terms:
                continue
            target = {"reftarget": word.lower(), "refdoc": self.env.docname, "refexplicit": True}
            link = addnodes.pending_xref("", refdomain="std", reftype="term", refwarn=True, **target)
            strong.replace_self(link)
            link += strong


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.add_transform(Terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
