"""The page of progress: what this browser has kept, for each chapter; a copy to save; nothing sent."""

from __future__ import annotations

import json

import pytest

from labkit.book import notebooks
from labkit.book.predictions import predictions_of

pytestmark = pytest.mark.timeout(120)
FIRST = notebooks.stems()[0]
FOUND = predictions_of(notebooks.read(notebooks.path(FIRST)))
WRONG = next(letter for letter in FOUND[1].options if letter != FOUND[1].answer)
KEPT = {
    FIRST: {
        FOUND[0].name: {"choice": FOUND[0].answer, "sure": "certain"},
        FOUND[1].name: {"choice": WRONG, "sure": "guessing"},
        FOUND[2].name: {"choice": "a"},  # not said how sure
        "of another edition": {"choice": "a", "sure": "fairly"},
    }
}


@pytest.fixture
def window(chromium, html):
    """The page, in a browser that has kept something before."""
    context = chromium.new_context()

    def opened(kept):
        page = context.new_page()
        page.add_init_script(f"localStorage.setItem({KEY!r}, {kept!r})")
        page.goto((html / "progress.html").as_uri())
        return page

    yield opened
    context.close()


KEY, READ = "containers-proven:predictions", "containers-proven:read"


def cells(page, row):
    return page.locator(".progress-of-reader tbody tr").nth(row).locator("td").all_inner_texts()


def test_predictions_are_counted_by_chapter(window):
    page = window(json.dumps(KEPT))
    assert page.locator(".progress-of-reader tbody tr").count() == len(notebooks.stems())
    assert [text.strip() for text in cells(page, 0)[1:3]] == [f"2 of {len(FOUND)}", "1 of 2"]
    assert cells(page, 1)[2].strip() == "–"


def test_a_chapter_stays_marked_as_read(window):
    page = window("{}")
    page.get_by_role("checkbox").nth(1).check()
    kept = page.evaluate(f"localStorage.getItem({READ!r})")
    page.add_init_script(f"localStorage.setItem({READ!r}, {kept!r})")  # a browser writes a file's store late
    page.reload()
    marks = [box.is_checked() for box in page.get_by_role("checkbox").all()]
    assert marks == [i == 1 for i in range(len(notebooks.stems()))]


def test_a_copy_can_be_saved(window):
    page = window(json.dumps(KEPT))
    page.get_by_role("checkbox").first.check()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save a copy").click()
    assert json.loads(saved.value.path().read_text()) == {"predictions": KEPT, "read": {FIRST: True}}


@pytest.mark.parametrize("kept", ["{", "[]", "null", "3", json.dumps({FIRST: 3}), json.dumps({FIRST: None})])
def test_whatever_is_in_the_storage_the_page_works(window, kept):
    page, said = window(kept), []
    page.on("pageerror", lambda e: said.append(str(e)))
    page.reload()
    assert cells(page, 0)[1].strip() == f"0 of {len(FOUND)}"
    assert said == []
