"""Pages on paper: nothing is cut, nothing is folded, and nothing waits for a click."""

from __future__ import annotations

import re

import pytest

from labkit.book import notebooks

PAPER = {"width": 672, "height": 986}
"""A4 without the margins of print.css, in CSS pixels."""

WIDER = """() => [...document.querySelectorAll('article *')]
    .filter(e => e.getClientRects().length && !e.closest('svg'))
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1
        || e.matches('pre') && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.outerHTML.slice(0, 120))"""

FOLDED = """() => [...document.querySelectorAll('article details > :not(summary)')]
    .filter(e => !e.checkVisibility({contentVisibilityAuto: true}) || e.getBoundingClientRect().height < 5)
    .map(e => e.outerHTML.slice(0, 120))"""

PARTS_TO_CLICK = "button, nav, header, [role=search], .prev-next-footer, .bd-sidebar-primary"

TO_CLICK = f"""() => [...document.querySelectorAll('{PARTS_TO_CLICK}')]
    .filter(e => e.checkVisibility() && e.getBoundingClientRect().height > 0)
    .map(e => e.outerHTML.slice(0, 120))"""

DARK = "document.documentElement.dataset.theme = 'dark'"

INK = """() => [...document.querySelectorAll('article :is(p, li, pre, pre span, td, h2, code)')]
    .map(e => getComputedStyle(e).color).filter(colour => colour !== 'rgb(0, 0, 0)')"""

ADDRESSES = """() => [...document.querySelectorAll('article a[href^="http"]')]
    .map(a => [a.getAttribute('href'), getComputedStyle(a, '::after').content])"""


@pytest.fixture(scope="module", params=[f"chapters/{notebooks.stems()[-1]}", "commands"])
def sheet(request, chromium, html):
    """A page as it is printed; no script is needed for it."""
    context = chromium.new_context(viewport=PAPER, java_script_enabled=False)
    page = context.new_page()
    page.goto((html / f"{request.param}.html").as_uri())
    page.emulate_media(media="print")
    yield page
    context.close()


def test_nothing_is_cut_at_the_margin(sheet):
    assert sheet.evaluate("document.documentElement.scrollWidth") <= PAPER["width"]
    assert sheet.evaluate(WIDER) == []


def test_every_fold_is_open(sheet):
    assert sheet.locator("article details[open]").count() == 0  # by the style sheet alone
    assert sheet.evaluate(FOLDED) == []


def test_there_is_nothing_to_click(sheet):
    assert sheet.evaluate(TO_CLICK) == []


def test_a_source_shows_its_address(sheet):
    found = sheet.evaluate(ADDRESSES)
    assert all(href in content for href, content in found)


def test_the_dark_page_is_printed_in_black(sheet):
    sheet.evaluate(DARK)
    assert sheet.evaluate(INK) == []


def test_a_chapter_with_folds_and_sources_is_among_them(chromium, html):
    """The others look for what must not be there: this one has what they look at, on the screen."""
    page = chromium.new_page()
    page.goto((html / f"chapters/{notebooks.stems()[-1]}.html").as_uri())
    assert page.evaluate(FOLDED) != []
    assert page.evaluate(TO_CLICK) != []
    assert page.evaluate(ADDRESSES) != []
    page.evaluate(DARK)
    assert page.evaluate(INK) != []
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
    assert 10 < len(pages) < 60
    page.close()
