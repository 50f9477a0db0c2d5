"""Exercise and solution pages: what must not be seen is not there, and what may be seen is folded."""

from __future__ import annotations

import html as escaped
import json
import re

import pytest

from labkit.book import notebooks
from labkit.book.exercises import MARKERS
from labkit.core.paths import repo

STEMS = notebooks.stems("solutions")
BLOCK = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS|MARK SCHEME)\n(.*?)### END \1", re.S)
SHORT = 8
"""Lines of fewer characters than this say nothing of a solution: a bracket, an import of two letters."""


def lines(text):
    """The lines of a text that say something, without what stands around them."""
    return {line.strip() for line in text.splitlines() if len(line.strip()) >= SHORT}


def secret(stem, *kinds):
    """The lines of an author's blocks, those left out that a learner is given elsewhere in the notebook."""
    cells = [c.source for c in notebooks.read(notebooks.path(stem, "solutions")).cells]
    blocks = [body for source in cells for kind, body in BLOCK.findall(source) if kind in kinds]
    given = {line for source in cells for line in lines(BLOCK.sub("", source))}
    return set().union(*map(lines, blocks)) - given


def text_of(path):
    """What a page says, without tags."""
    return escaped.unescape(re.sub(r"<[^>]+>", "", path.read_text()))


def test_there_are_exercises():
    assert STEMS
    assert notebooks.stems("exercises") == STEMS


@pytest.mark.parametrize("stem", STEMS)
def test_no_line_of_a_solution_is_given_to_a_learner(html, stem):
    hidden = secret(stem, "SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
    assert len(hidden) >= 3  # else nothing was looked for
    notebook = json.loads(notebooks.path(stem, "exercises").read_text())
    given = "\n".join("".join(c["source"]) for c in notebook["cells"])
    page = text_of(html / f"exercises/{stem}.html")
    assert {line for line in hidden if line in given or line in page} == set()


@pytest.mark.parametrize("stem", STEMS)
def test_a_solution_page_has_the_solution_and_no_hidden_test(html, stem):
    page = text_of(html / f"solutions/{stem}.html")
    assert {line for line in secret(stem, "SOLUTION") if line not in page} == set()
    assert {line for line in secret(stem, "HIDDEN TESTS", "MARK SCHEME") if line in page} == set()


def test_no_page_and_no_index_holds_a_marker(html):
    files = [p for p in html.rglob("*") if p.suffix in (".html", ".js", ".json", ".txt", ".ipynb")]
    # CONTRIBUTING and the like are no pages; a library may say BEGIN of something else.
    found = {
        str(p.relative_to(html)): m
        for p in files
        for m in MARKERS
        if f"### {m}" in p.read_text("utf-8", "replace")
    }
    assert found == {}
    assert {p.stem for p in html.rglob("*.ipynb")} == set(notebooks.stems())
    for path in html.rglob("*.ipynb"):  # the chapters', to download; no exercise's, no solution's
        assert path.read_bytes() == notebooks.path(path.stem).read_bytes()


@pytest.mark.parametrize("stem", STEMS)
def test_every_solution_is_folded(chromium, html, stem):
    cells = notebooks.read(notebooks.path(stem, "solutions")).cells
    written = sum("BEGIN SOLUTION" in c.source for c in cells)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((html / f"solutions/{stem}.html").as_uri())
    folds = page.locator("details.hide", has_text="Show a solution")
    assert folds.count() == written > 0
    assert page.locator("details.hide[open]").count() == 0
    shown = page.locator(".bd-article").inner_text()
    assert {line for line in secret(stem, "SOLUTION") if line in shown} == set()
    folds.first.locator("summary").click()
    assert folds.first.locator("pre").first.is_visible()
    context.close()


@pytest.mark.parametrize("stem", STEMS)
def test_chapter_exercise_and_solution_lead_to_each_other(chromium, html, stem):
    page = chromium.new_page()
    page.goto((html / f"chapters/{stem}.html").as_uri())
    assert page.title().startswith(f"{int(stem[2:4])}. ")
    page.locator(".chapter-facts").get_by_role("link", name="Its exercise").click()
    assert f"Exercise {int(stem[2:4])}: " in page.title()
    page.locator(".chapter-facts").get_by_role("link", name="Solution").click()
    assert f"Solution {int(stem[2:4])}: " in page.title()
    page.locator(".chapter-facts").get_by_role("link", name=f"Chapter {int(stem[2:4])}").click()
    assert page.url.endswith(f"chapters/{stem}.html")
    page.close()


def test_the_graders_page_shows_the_record(html):
    kept = json.loads((repo() / "tests/graders/record.json").read_text())
    page = text_of(html / "graders.html")
    tasks = [task for entry in kept.values() for task in entry["tasks"]]
    for task in tasks:
        assert f"{task['killed']} of {task['wrong']}" in page
        for title in task["checks"]:
            assert title.replace("`", "").replace("'", "’") in page
    assert str(sum(task["wrong"] for task in tasks)) in page
    assert all(entry["commit"][:7] in page for entry in kept.values())
