"""The book as an EPUB, from the same doctrees as the site: nothing in it needs a script or a download.

Its description is that of ``CITATION.cff``. A reader of books may run no script and open no fold: what is
folded on the site stands open here, under its line. Its style sheet is ``assets/epub/book.css``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from course_fold import course_fold
from course_take_home import MADE
from docutils import nodes
from sphinx.addnodes import download_reference
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform

BUILDER = "epub"

STYLES = {"pygments.css", "book.css"}
"""What draws a page of the book. Extensions bring more, for the site; epub.css names foreign fonts."""


def describe(app: Sphinx, config: Config) -> None:
    """Takes title, authors, version, identifier and licence from ``CITATION.cff``."""
    cited = yaml.safe_load(Path(app.srcdir, "CITATION.cff").read_text(encoding="utf-8"))
    authors = ", ".join(author["name"] for author in cited["authors"])
    config.version = cited["version"]
    config.epub_title = cited["title"]
    config.epub_author = config.epub_contributor = config.epub_publisher = authors
    config.epub_description = cited["abstract"]
    # one name for both: Sphinx's toc.ncx has the id where the identifier belongs
    config.epub_uid = config.epub_identifier = cited["identifiers"][0]["value"]
    config.epub_basename = "containers-proven"
    config.epub_copyright = "Text and figures: CC BY 4.0. Code: Apache License 2.0."


def choose_files(app: Sphinx) -> None:
    """Leaves the site's scripts and style sheets out of the book."""
    if app.builder.name == BUILDER:
        app.config.html_static_path = ["assets/epub"]
        app.add_css_file("book.css")


def clean_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Loads no script in a page, and only the book's style sheets."""
    if app.builder.name == BUILDER:
        context["script_files"] = []
        context["css_files"] = [css for css in context["css_files"] if Path(css.filename).name in STYLES]


def leave_out(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """Removes what extensions have copied for the site, before the book lists its files; adds no page."""
    if app.builder.name == BUILDER:
        for path in Path(app.outdir, "_static").iterdir():
            if path.name not in STYLES:
                path.unlink()
    return []


class Unfold(SphinxPostTransform):
    """Opens every fold and says where a file is that the site lets its reader download."""

    default_priority = 198  # before folds become HTML
    builders = (BUILDER,)

    def run(self, **options: Any) -> None:
        """Edits one page."""
        for node in list(self.document.findall(nodes.container)):
            node.attributes.pop("hide_mode", None)
            if node.get("design_component") == "dropdown":
                title, *content = node.children
                node.replace_self(unfolded(title.astext(), content))
        for node in list(self.document.findall(course_fold)):
            node.replace_self(unfolded(node["title"], node.children))
        for node in list(self.document.findall(download_reference)):
            node.replace_self(placed(node))


def unfolded(title: str, content: list[nodes.Node]) -> nodes.container:
    """A fold that is open: its line, then what it holds."""
    head = nodes.paragraph("", "", nodes.strong("", "", nodes.Text(title)), classes=["fold-title"])
    return nodes.container("", head, *content, classes=["fold"])


def placed(node: download_reference) -> nodes.inline:
    """The words of a download, and the file's place in the folder of the course, or that the site has it."""
    if node["reftarget"].startswith(MADE):
        return nodes.inline("", "", nodes.Text(f"{node.astext()} (a download of the site)"))
    words, place = node.astext(), nodes.literal("", "", nodes.Text(node["reftarget"]))
    if node["reftarget"].endswith(f"/{words}"):
        return nodes.inline("", "", place)
    return nodes.inline("", "", nodes.Text(f"{words} ("), place, nodes.Text(")"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.connect("config-inited", describe)
    app.connect("builder-inited", choose_files)
    app.connect("html-page-context", clean_page, priority=900)
    app.connect("html-collect-pages", leave_out)
    app.add_post_transform(Unfold)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
