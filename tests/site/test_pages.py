"""Every page in a browser: no error, no foreign request, no axe violation; both modes, both widths."""

from __future__ import annotations

import re

import axe
import pytest

from labkit.book import notebooks
from labkit.core.paths import repo

pytestmark = pytest.mark.timeout(300)
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


@pytest.fixture(scope="module")
def window(chromium):
    """A browser window; each test opens one page in it."""
    context = chromium.new_context(reduced_motion="reduce")
    yield context
    context.close()


@pytest.mark.parametrize("name", [*NAMES, *GENERATED])
def test_page(window, html, name):
    """One page is opened once, then looked at in both modes, at both widths."""
    page, requests, complaints, breaches = window.new_page(), [], [], {}
    page.on("request", lambda r: requests.append(r.url))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.goto((html / f"{name}.html").as_uri(), wait_until="load")
    axe.unfold(page)
    for mode, width in LOOKS:
        axe.look(page, mode, width)
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
            breaches[mode, width] = ["it scrolls sideways"]
    assert [url for url in requests if not url.startswith(("file://", "data:"))] == []
    assert complaints == []  # before axe, which asks for style sheets by a way that file:// has not
    axe.thin_out(page)
    for mode, width in LOOKS:
        axe.look(page, mode, width)
        if found := axe.violations(page):
            breaches[mode, width] = found + breaches.get((mode, width), [])
    page.close()
    assert breaches == {}


COLOURS = """() => [...document.querySelectorAll('body *')].map(e => {
    const s = getComputedStyle(e);
    return [e.tagName, s.color, s.backgroundColor, s.borderTopColor, s.fill, s.display];
})"""


@pytest.mark.parametrize("name", [f"chapters/{notebooks.stems()[0]}", "proved"])
def test_a_page_that_is_switched_looks_like_one_that_was_opened_so(chromium, html, name):
    """`test_page` stands on it: it opens a page once and switches mode and width."""
    seen = []
    for first in (("light", 1280), ("dark", 390)):
        script = f"for (const key of ['mode', 'theme']) localStorage.setItem(key, '{first[0]}')"
        context = chromium.new_context(
            viewport={"width": first[1], "height": 900}, color_scheme=first[0], reduced_motion="reduce"
        )
        context.add_init_script(script)
        page = context.new_page()
        page.goto((html / f"{name}.html").as_uri(), wait_until="load")
        axe.unfold(page)
        axe.look(page, "dark", 390)
        assert page.locator("html").get_attribute("data-theme") == "dark"
        seen.append(page.evaluate(COLOURS))
        context.close()
    assert seen[0] == seen[1]


def test_what_is_hard_to_read_is_found_after_thinning_out(chromium, html):
    """The control of `test_page`: one kind of token in the colour of its ground, on a page thinned out."""
    page = chromium.new_page()
    page.goto((html / f"chapters/{notebooks.stems()[0]}.html").as_uri())
    page.add_style_tag(content=".highlight .n { color: #eee !important; background: #fff !important }")
    axe.thin_out(page)
    axe.look(page, "light", 1280)
    assert any(line.startswith("color-contrast: ") for line in axe.violations(page))
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
