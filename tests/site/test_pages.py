"""Every page in a browser: no error, no foreign request, no axe violation; both modes, both widths."""

from __future__ import annotations

import re
from pathlib import Path

import axe_playwright_python
import pytest

from labkit.book import notebooks
from labkit.core.paths import repo

pytestmark = pytest.mark.timeout(300)
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
NAMES = re.findall(r"^(?:root|\s*- file): *(\S+)", (repo() / "_toc.yml").read_text(), re.M)
LOOKS = [(mode, width) for mode in ("light", "dark") for width in (1280, 390)]
GENERATED = ("search", "genindex")


def test_the_pages_are_those_of_the_book(html):
    built = {
        str(p.relative_to(html).with_suffix("")) for p in html.rglob("*.html") if "_static" not in p.parts
    }
    assert set(NAMES) <= built
    assert {f"chapters/{stem}" for stem in notebooks.stems()} <= built
    assert built - set(NAMES) - {"index", *GENERATED} == set()


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}", scope="module")
def look(request, chromium):
    """A browser window in one mode, at one width, that notes what a page asks for and complains of."""
    mode, width = request.param
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=mode, reduced_motion="reduce"
    )
    context.add_init_script(
        f"localStorage.setItem('mode', '{mode}'); localStorage.setItem('theme', '{mode}')"
    )
    yield context, mode
    context.close()


@pytest.mark.parametrize("name", [*NAMES, *GENERATED])
def test_page(look, html, name):
    context, mode = look
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda r: asked.append(r.url))
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: said.append(str(e)))
    page.goto((html / f"{name}.html").as_uri(), wait_until="load")
    assert page.locator("html").get_attribute("data-theme") == mode
    assert [url for url in asked if not url.startswith(("file://", "data:"))] == []
    assert said == []
    folds = page.locator("details")
    for i in range(folds.count()):  # what is folded is read, too
        folds.nth(i).evaluate("fold => fold.open = true")
    # A fold fades in: text is measured when that is over.
    page.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished))")
    page.add_script_tag(path=AXE)
    found = page.evaluate("async () => { const r = await axe.run(); return [r.violations, r.incomplete]; }")
    told = [f"{v['id']}: {n['html'][:120]} {n['failureSummary']}" for v in found[0] for n in v["nodes"][:2]]
    # Text in the very colour of its ground is not a violation to axe but a doubt.
    doubts = [n for v in found[1] if v["id"] == "color-contrast" for n in v["nodes"]]
    told += [f"invisible: {n['html'][:120]}" for n in doubts if "equalRatio" in str(n["any"])]
    assert told == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), (
        "it scrolls sideways"
    )
    page.close()


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_says_what_it_shows(html, name):
    text = (html / f"{name}.html").read_text()
    pictures = re.findall(r"<img[^>]*>", text)
    spoken = [re.search(r'alt="([^"]*)"', tag) for tag in pictures]
    assert all(m and len(m[1]) > 3 and not m[1].endswith((".svg", ".png")) for m in spoken), pictures
    assert len(pictures) > 0  # the logo at least


def test_nothing_points_elsewhere(html):
    """No page even names another host for something it loads."""
    loads = re.compile(r'<(?:script|link|img|iframe|source)[^>]*(?:src|href)="(?:https?:)?//[^"]+"')
    found = {p.name: loads.findall(p.read_text()) for p in html.rglob("*.html")}
    assert {name: tags for name, tags in found.items() if tags} == {}


def test_no_source_is_published(html):
    assert not (html / "_sources").exists()


def test_a_page_without_script_shows_its_answers(chromium, html):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((html / f"chapters/{notebooks.stems()[0]}.html").as_uri())
    fold = page.locator(".bd-article details").first
    fold.locator("summary").click()
    assert fold.get_attribute("open") is not None
    context.close()


def test_a_toggle_of_the_list_of_pages_says_whose_it_is(chromium, html):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.goto((html / "intro.html").as_uri())
    toggle = page.locator(".bd-sidebar-primary summary").first
    above = page.locator(".bd-sidebar-primary li.has-children > a").first.inner_text()
    assert toggle.get_attribute("aria-label") == f"pages of {above}"
    page.locator(".bd-sidebar-primary li.has-children > a").first.focus()
    page.keyboard.press("Tab")
    assert toggle.evaluate("e => e === document.activeElement")
    mark = toggle.locator(".toctree-toggle")  # the theme draws the focus around the icon
    assert mark.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.close()


def test_a_keyboard_opens_a_fold(chromium, html):
    page = chromium.new_page()
    page.goto((html / f"chapters/{notebooks.stems()[0]}.html").as_uri())
    fold = page.locator(".bd-article details").first
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fold.evaluate("fold => fold.open")
    page.close()
