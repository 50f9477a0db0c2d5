"""What the theme leaves to be mended for people who use a keyboard or a screen reader."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

TOGGLE = re.compile(
    r'(<a class="[^"]*reference internal"[^>]*>)([^<]*)(</a><details[^>]*><summary)(?=><span class="toctree-)'
)


def clean_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Edits a page's body just before it is written."""
    body = context.get("body")
    if not body:
        return
    # A fold is named by its text; the theme's label would hide that text from a screen reader.
    body = re.sub(r"(<summary[^>]*?) aria-label=\"[^\"]*\"", r"\1", body)
    # Tables and wide code scroll sideways on a phone: a keyboard must be able to reach them.
    body = re.sub(r"<pre(?![^>]*tabindex)", '<pre tabindex="0"', body)
    context["body"] = body
    context["script_files"] = [
        s for s in context.get("script_files", []) if "thebe" not in str(getattr(s, "filename", s))
    ]


def name_toggles(app: Sphinx, error: Exception | None) -> None:
    """Gives the sidebar's toggles a name, that of their page: the theme draws them as an icon only."""
    if error:
        return
    for page in Path(app.outdir).rglob("*.html"):
        text = page.read_text()
        named = TOGGLE.sub(r'\1\2\3 aria-label="pages of \2"', text)
        if named != text:
            page.write_text(named)


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.connect("html-page-context", clean_page, priority=900)
    app.connect("build-finished", name_toggles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
