"""The page of receipts: every claim, its verdict, a link to the very cell; none without a stored proof."""

from __future__ import annotations

import re
import shutil
from urllib.parse import urldefrag

import pytest

from labkit import CommandFailed
from labkit.book import notebooks, site
from labkit.book.receipts import receipts
from labkit.core.paths import repo
from labkit.devtools import cost

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def page(chromium, html):
    page = chromium.new_page()
    page.goto((html / "proved.html").as_uri())
    yield page
    page.close()


def test_every_claim_is_there_with_its_verdict_and_its_conditions(page):
    found = receipts()
    sections = page.locator("section.claim")
    assert sections.count() == len(found)
    for i, receipt in enumerate(found):
        said = sections.nth(i).inner_text()
        assert receipt.claim.claim.rstrip(".") in said.replace("’", "'")
        assert f"{receipt.claim.id} {receipt.claim.verdict}." in said
        rows = sections.nth(i).locator("table.tried tbody tr").all_inner_texts()
        assert [row.startswith("✓ yes") for row in rows] == list(receipt.tried.values())
        kinds = [receipt.claim.conditions.kind(what) for what in receipt.tried]
        assert [row.split("\t")[1].strip() for row in rows] == kinds


def test_the_summary_counts_them(page):
    rows = page.locator("table.proved-summary tbody tr").all_inner_texts()
    counts = [int(row.split()[-1]) for row in rows]
    assert sum(counts[:-1]) == counts[-1] == len(receipts())


def test_each_link_leads_to_the_cell_that_proves_the_claim(page, html):
    pages = {}
    for receipt in receipts():
        link = page.locator(f"section.claim a[href$='#{receipt.anchor}']")
        assert link.count() == 1
        target, anchor = urldefrag(link.get_attribute("href"))
        text = pages.setdefault(target, (html / target).read_text())
        assert text.count(f'id="{anchor}"') == 1
        cell = text[text.index(f'id="{anchor}"') :]
        shown = re.sub(r"<[^>]+>", "", cell[: cell.index('class="cell_output')])
        assert f"prove(\n    &quot;{receipt.claim.id}" in shown or f'prove(\n    "{receipt.claim.id}' in shown


@pytest.mark.parametrize("stem", notebooks.stems())
def test_a_chapter_says_what_a_run_takes(html, stem):
    text = (html / f"chapters/{stem}.html").read_text()
    if stem in cost.costs():
        assert f"A run of this page takes {cost.said(cost.costs()[stem])}." in text


def test_the_site_is_not_built_without_the_stored_proof_of_a_claim(tmp_path):
    """A copy of the book, of which one page is left, and one cell of a chapter has lost its output."""
    for name in (
        "_config.yml",
        "CITATION.cff",
        "_static",
        "_templates",
        "assets",
        "ext",
        "proved.md",
        "chapters",
    ):
        copy = shutil.copytree if (repo() / name).is_dir() else shutil.copy
        copy(repo() / name, tmp_path / name)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: proved\n")
    lost = receipts()[0].claim
    path = notebooks.path(lost.chapter, root=tmp_path)
    notebook = notebooks.read(path)
    cell = next(c for c in notebook.cells if f"claim:{lost.id}" in c.metadata.get("tags", []))
    cell.outputs = []
    notebooks.write(notebook, path)
    with pytest.raises(CommandFailed) as e:
        site.build(tmp_path)
    assert f"The stored proof of {lost.id} is not that of the ledger" in str(e.value)
