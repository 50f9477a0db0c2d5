"""axe-core on a page of the book, in each of its looks."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

SCRIPT = Path(axe_playwright_python.__file__).with_name("axe.min.js")
RUN = "async () => { const r = await axe.run(); return [r.violations, r.incomplete]; }"

UNFOLD = """() => {
    document.querySelectorAll('details').forEach(fold => { fold.open = true; });
}"""

SETTLED = "Promise.all(document.getAnimations().map(animation => animation.finished))"

THIN_OUT = """() => {
    const known = new Set();
    for (const token of document.querySelectorAll('.highlight pre span')) {
        let chain = '';
        for (let e = token; e && !e.matches('article'); e = e.parentElement) {
            chain += e.tagName + '.' + e.className + '>';
        }
        if (known.has(chain)) token.replaceWith(...token.childNodes);
        known.add(chain);
    }
    document.querySelectorAll('.highlight pre').forEach(block => block.normalize());
}"""

LOOK = """mode => {
    document.documentElement.dataset.mode = mode;
    document.documentElement.dataset.theme = mode;
}"""


def unfold(page: Page) -> None:
    """Opens every fold: what is folded is read, too."""
    page.evaluate(UNFOLD)


def thin_out(page: Page) -> None:
    """Leaves one token of a kind in code: axe's time grows with the square of a page's elements.

    Tokens whose classes, and whose ancestors' classes, are equal are drawn alike by the style sheets in every
    look; the others become plain text of their block.
    """
    page.evaluate(THIN_OUT)


def look(page: Page, mode: str, width: int) -> None:
    """Switches a page as its reader would: light or dark, and how wide the window is, in CSS pixels."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=mode, reduced_motion="reduce")
    page.evaluate(LOOK, mode)
    page.evaluate(SETTLED)  # a fold fades in: text is measured when that is over


def violations(page: Page) -> list[str]:
    """What axe says of a page as it is, one line for each element, two elements a rule.

    Text in the very colour of its ground is not a violation to axe but a doubt: it is told, too.
    """
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.add_script_tag(path=SCRIPT)
    found, incomplete = page.evaluate(RUN)
    lines = [f"{v['id']}: {n['html'][:120]} {n['failureSummary']}" for v in found for n in v["nodes"][:2]]
    doubts = [n for v in incomplete if v["id"] == "color-contrast" for n in v["nodes"]]
    return lines + [f"invisible: {n['html'][:120]}" for n in doubts if "equalRatio" in str(n["any"])]
