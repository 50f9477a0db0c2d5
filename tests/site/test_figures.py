"""Every drawing can be read on a phone: its text is large enough, inside of it, and on no other text."""

from __future__ import annotations

import pytest

from labkit.core.paths import repo

pytestmark = pytest.mark.timeout(120)
FIGURES = sorted((repo() / "chapters/figures").glob("*.svg"))
SMALLEST = 11
"""px, on a page that is 390 px wide."""

TEXTS = """() => [...document.querySelectorAll('text')].filter(t => t.textContent.trim()).map(t => {
    const box = t.getBoundingClientRect(), parts = [t, ...t.querySelectorAll('tspan')];
    const sizes = parts.map(p => parseFloat(getComputedStyle(p).fontSize));
    const [text, size] = [t.textContent.trim(), Math.min(...sizes)];
    return {text, size, x: box.x, y: box.y, w: box.width, h: box.height};
})"""
"""Each text, in the units of the drawing: a file of its own is shown at its own size."""

SIZE = """() => [document.documentElement.viewBox.baseVal, document.documentElement.getBoundingClientRect()]
    .map(box => [box.width, box.height])"""
SLACK = 1
"""Units by which the boxes of two texts may touch: a box has room for letters that its text has not."""


@pytest.fixture(scope="module")
def shown(chromium, html):
    """How wide a figure is shown on a phone, in px."""
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    page.goto((html / "chapters/ch06_stateless.html").as_uri())
    width = page.locator("figure img").first.bounding_box()["width"]
    page.close()
    return width


@pytest.fixture(scope="module")
def window(chromium):
    """A page that opens one drawing after another."""
    page = chromium.new_page(viewport={"width": 1000, "height": 1000})
    yield page
    page.close()


def overlap(a, b):
    """Whether the boxes of two texts lie on each other."""
    across = min(a["x"] + a["w"], b["x"] + b["w"]) - max(a["x"], b["x"])
    down = min(a["y"] + a["h"], b["y"] + b["h"]) - max(a["y"], b["y"])
    return across > SLACK and down > a["h"] / 4  # lines of one paragraph are set closer than their boxes


def test_there_are_drawings():
    assert len(FIGURES) > 10


@pytest.mark.parametrize("figure", FIGURES, ids=lambda path: path.stem)
def test_a_drawing_can_be_read_on_a_phone(window, shown, figure):
    window.goto(figure.as_uri())
    texts, ((wide, high), drawn) = window.evaluate(TEXTS), window.evaluate(SIZE)
    assert drawn == [wide, high]
    small = [t["text"] for t in texts if t["size"] * shown / wide < SMALLEST]
    outside = [
        t["text"]
        for t in texts
        if t["x"] < 0 or t["x"] + t["w"] > wide or t["y"] < 0 or t["y"] + t["h"] > high
    ]
    collisions = [(a["text"], b["text"]) for i, a in enumerate(texts) for b in texts[:i] if overlap(a, b)]
    assert texts
    assert (small, outside, collisions) == ([], [], [])
