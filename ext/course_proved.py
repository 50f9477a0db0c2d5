"""The page "What we proved": every claim with its verdict, its conditions and its planted change."""

from __future__ import annotations

import re
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import download_reference
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from labkit.book import notebooks
from labkit.book.ledger import VERDICTS
from labkit.book.receipts import Receipt, receipts
from labkit.book.stems import number
from labkit.core.errors import LabkitError
from labkit.core.theme import NO, YES
from labkit.mutation import record

CODE = re.compile(r"(`[^`]+`|(?<![\w-])--[\w-]+(?:=[\w:.]+)?)")
"""Code in a text of the ledger. Smart quotes would make one dash of an option's two hyphens."""


def text(kind: type[nodes.Element], words: str, **options: Any) -> nodes.Element:
    """A node that holds words only."""
    return kind("", "", nodes.Text(words), **options)


def prose(words: str) -> list[nodes.Node]:
    """The nodes of a text of the ledger: code is what stands in backticks, and an option such as ``--rm``."""
    made: list[nodes.Node] = []
    for part in filter(None, CODE.split(words)):
        is_code = CODE.fullmatch(part)
        made.append(nodes.literal("", "", nodes.Text(part.strip("`"))) if is_code else nodes.Text(part))
    return made


def link(words: str, page: str, anchor: str = "") -> nodes.reference:
    """A link to a page of the book.

    Args:
        words: what is printed.
        page: the page's name; `Addresses` makes an address of it, in an EPUB another one than on the site.
        anchor: an id on that page.
    """
    return nodes.reference("", words, course_page=page, course_anchor=anchor, internal=True)


class Addresses(SphinxPostTransform):
    """Gives each link of `link` the address that its page has in the format that is written."""

    default_priority = 100

    def run(self, **options: Any) -> None:
        """Edits one page."""
        for found in self.document.findall(nodes.reference):
            if page := found.get("course_page"):
                address = self.app.builder.get_relative_uri(self.env.docname, page)
                anchor = found["course_anchor"]
                found["refuri"] = f"{address}#{anchor}" if anchor else address


def download(app: Sphinx, path: Path, words: str) -> nodes.reference:
    """A link that keeps a file of the course on the reader's disk."""
    name = path.relative_to(app.srcdir).as_posix()
    # collected here: Sphinx has looked for downloads before this extension adds them
    kept = app.env.dlfiles.add_file(app.env.docname, name)
    return download_reference("", words, reftarget=name, filename=str(kept), refdoc=app.env.docname)


def table(head: list[str], rows: list[list[nodes.Node]], kind: str) -> nodes.table:
    """A table of one line of heads and some rows of inline nodes."""
    group = nodes.tgroup("", *[nodes.colspec(colwidth=1) for _ in head], cols=len(head))
    heads = [[nodes.Text(word)] for word in head]
    group += nodes.thead("", _row(heads))
    group += nodes.tbody("", *[_row([[cell] for cell in row]) for row in rows])
    return nodes.table("", group, classes=[kind])


def _row(cells: list[list[nodes.Node]]) -> nodes.row:
    """One row."""
    return nodes.row("", *[nodes.entry("", nodes.paragraph("", "", *cell)) for cell in cells])


class Proved(SphinxDirective):
    """``{proved}``: every claim with its verdict and the conditions that its cell has stored, by chapter."""

    def run(self) -> list[nodes.Node]:
        """The summary, then a section for each chapter.

        Raises:
            ExtensionError: a claim without a stored proof.
        """
        try:
            root = Path(self.env.srcdir)
            found, tests = receipts(root), record.CLAIMS.read(root)
        except LabkitError as e:
            raise ExtensionError(f"What we proved: {e}") from e
        self.env.note_dependency(str(record.CLAIMS.file(root)))
        for claim in (receipt.claim for receipt in found):  # so that a page can link to `#claim-c06-3`
            domain, name = self.env.domains["std"], claim.id.replace(".", "-")
            domain.note_hyperlink_target(f"claim-{name.lower()}", self.env.docname, name, claim.id)
        made: list[nodes.Node] = [summary(found)]
        for stem, of_chapter in groupby(found, key=lambda r: r.claim.chapter):
            self.env.note_dependency(str(notebooks.path(stem, root=Path(self.env.srcdir))))
            made.append(self.section(stem, list(of_chapter), tests))
        return made

    def section(self, stem: str, found: list[Receipt], tests: dict[str, record.ClaimEntry]) -> nodes.section:
        """One chapter's claims."""
        title = notebooks.title(stem, root=Path(self.env.srcdir))
        name = f"{number(stem)}. {title}"
        made = nodes.section("", text(nodes.title, name), ids=[f"proved-{stem[:4]}"], names=[name.lower()])
        made += [entry(r, tests.get(r.claim.id)) for r in found]
        return made


def summary(found: list[Receipt]) -> nodes.table:
    """How many claims have which verdict."""
    counts = Counter(r.claim.verdict for r in found)
    rows = [[nodes.Text(verdict), nodes.Text(str(counts[verdict]))] for verdict in VERDICTS]
    rows.append([text(nodes.strong, "all"), text(nodes.strong, str(len(found)))])
    return table(["verdict", "claims"], rows, "proved-summary")


def entry(receipt: Receipt, test: record.ClaimEntry | None) -> nodes.section:
    """One claim: as the notes have it, as it stands, the conditions tried, the cell, its planted change."""
    claim = receipt.claim
    name = f"“{claim.claim.rstrip('.')}”"
    made = nodes.section("", text(nodes.title, name), ids=[claim.id.replace(".", "-")], names=[name.lower()])
    made["classes"] += ["claim", f"verdict-{VERDICTS.index(claim.verdict)}"]
    made += nodes.paragraph(
        "", "", nodes.Text(f"{claim.id} "), text(nodes.strong, claim.verdict), nodes.Text(".")
    )
    made += nodes.paragraph("", "", text(nodes.strong, "What stands: "), *prose(claim.precise))
    made += nodes.paragraph("", "", text(nodes.strong, "Why: "), *prose(claim.reason))
    rows = [
        [
            nodes.Text(YES if held else NO),
            nodes.Text(claim.conditions.kind(what)),
            nodes.inline("", "", *prose(what)),
        ]
        for what, held in receipt.tried.items()
    ]
    made += table(["did it hold?", "kind", "condition tried"], rows, "tried")
    cell = link(
        f"The cell that proves {claim.id}, with its output", f"chapters/{claim.chapter}", receipt.anchor
    )
    made += nodes.paragraph("", "", cell)
    if test:
        words = f"A change planted in its experiment turned this verdict, at commit {test.commit[:7]}: "
        made += nodes.paragraph("", "", nodes.Text(f"{words}{test.change}."))
    return made


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.add_directive("proved", Proved)
    app.add_post_transform(Addresses)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
