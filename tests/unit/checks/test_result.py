"""A result and a progress say the same in text, HTML and JSON; nothing that is quoted becomes markup."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from labkit.checks.result import ERROR, FAIL, NO_FAULT, PASS, SKIP, Progress, Result
from labkit.core.theme import EDGES, SIGNS

EVIL = '<script>alert("1")</script> & <img src=x onerror=alert(1)> `</code>`'
ALLOWED = {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "pre", "code"}


class Page(HTMLParser):
    """Tags, attributes and text of some HTML."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.open, self.text, self.attributes = [], [], "", []
        self.feed(source)
        self.close()
        assert self.open == [], "a tag is not closed"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def result(verdict=FAIL, **told):
    return Result("one", "`web` is so", "do", 2, verdict, **told)


@pytest.mark.parametrize("word", ["title", "message", "wanted", "found", "hint", "fix", "evidence"])
def test_what_others_wrote_is_text_and_no_markup(word):
    told = {"message": "It is another.", word: EVIL}
    page = Page(Result("one", told.pop("title", "It is so"), "do", 2, FAIL, **told)._repr_html_())
    assert set(page.tags) <= ALLOWED
    assert set(page.attributes) <= {"style", "scope", "tabindex"}
    assert '<script>alert("1")</script>' in page.text


def test_titles_in_progress_are_text_too():
    page = Page(Progress([(EVIL, 2, PASS)])._repr_html_())
    assert set(page.tags) <= ALLOWED
    assert "onerror" in page.text


def test_what_stands_between_backticks_is_code():
    shown = result(message="`a<b` and `c`, but not ` alone")._repr_html_()
    assert "<code>a&lt;b</code> and <code>c</code>, but not ` alone" in shown
    assert "<code>web</code> is so" in shown


@pytest.mark.parametrize("verdict", [PASS, FAIL, SKIP, ERROR])
def test_a_verdict_is_said_in_a_word_and_not_by_colour_alone(verdict):
    shown = result(verdict, message="" if verdict == PASS else "It is another.")
    page = Page(shown._repr_html_())
    earned = 2 if verdict == PASS else 0
    for text in (repr(shown), page.text.replace("web is", "`web` is")):
        assert f"{SIGNS[verdict]} {verdict}: `web` is so ({earned} of 2 points)" in text
        assert (NO_FAULT in text) == (verdict == ERROR)
    assert EDGES[verdict] in shown._repr_html_()


def test_verdicts_look_and_sound_different():
    assert len(set(SIGNS.values())) == len(set(EDGES.values())) == len(SIGNS) == 4


def test_text_html_and_json_tell_the_same():
    told = {"message": "It is another.", "wanted": "3", "found": "1", "hint": "Look.", "fix": "do it"}
    shown = result(**told, evidence="pulling\nbackoff")
    page = Page(shown._repr_html_())
    for said in (*told.values(), "pulling\nbackoff"):
        assert said in page.text
    assert repr(shown).splitlines() == [
        "✗ fail: `web` is so (0 of 2 points)",
        "  It is another.",
        "  wanted: 3",
        "  found: 1",
        "  hint: Look.",
        "  next: do it",
        "  pulling",
        "  backoff",
    ]
    kept = json.loads(json.dumps(shown.as_json()))
    assert {**told, "evidence": "pulling\nbackoff"}.items() <= kept.items()
    assert (kept["earned"], kept["points"], kept["verdict"], kept["task"]) == (0, 2, FAIL, "do")


def test_what_is_not_said_takes_no_line():
    assert repr(result(PASS)) == "✓ pass: `web` is so (2 of 2 points)"
    assert "table" not in Page(result(message="It is another.")._repr_html_()).tags


def test_several_lines_stay_indented():
    assert repr(result(message="a", found="one\ntwo")).splitlines()[1:] == ["  a", "  found: one", "  two"]


def test_only_a_pass_earns():
    assert [result(v).earned for v in (PASS, FAIL, SKIP, ERROR)] == [2, 0, 0, 0]


ROWS = [("First", 2, PASS), ("Second", 3, FAIL), ("Third", 1, SKIP), ("Fourth", 1, ERROR), ("Fifth", 1, None)]


def test_progress():
    shown = Progress(ROWS)
    assert (shown.earned, shown.points) == (2, 8)
    assert repr(shown).splitlines() == [
        "2 of 8 points",
        "✓ pass    2 of 2  First",
        "✗ fail    0 of 3  Second",
        "– skip    0 of 1  Third",
        "! error   0 of 1  Fourth",
        "· open    0 of 1  Fifth",
    ]
    page = Page(shown._repr_html_())
    for said in ("2 of 8 points", "✓ pass", "0 of 3", "· open", "Fifth"):
        assert said in page.text
    assert page.tags.count("tr") == 6


def test_progress_is_marked_as_done_only_when_it_is():
    assert EDGES[PASS] in Progress(ROWS[:1])._repr_html_()
    assert EDGES[PASS] not in Progress(ROWS)._repr_html_()
