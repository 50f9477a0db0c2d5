"""Markdown is read by its parser: what only looks like a mark is none."""

from __future__ import annotations

import pytest

from labkit.book import markdown
from labkit.book.markdown import Bullets, Directive, Heading


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It *stays*, **all** of `it`.", "It stays, all of it."),
        ("`*args` and `a*b`", "*args and a*b"),
        (r"2 \* 3", "2 * 3"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("see [the `x` page](a_(b).md) now", "see the x page now"),
        ("one\ntwo  \nthree", "one two three"),
        ("![a drawing](x.svg)", "a drawing"),
        ("1 < 2 &amp; so on", "1 < 2 & so on"),
        ("[note]", "[note]"),
        ("all of <name>", "all of <name>"),
        ("", ""),
    ],
)
def test_a_text_without_its_marks(text, words):
    assert markdown.plain(text) == words


def test_headings():
    text = "# Title\n\n```\n## code\n```\n\n- ## listed\n\n## Two `x`\ntext\n"
    assert markdown.headings(text) == [Heading(1, "Title", 1), Heading(2, "Two `x`", 9)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (":::{dropdown} Answer\nx\n:::", [Directive("{dropdown} Answer", "x\n")]),
        ("```{figure} a.svg\nx\n```", [Directive("{figure} a.svg", "x\n")]),
        ("::::{a}\n:::{b}\nx\n:::\n::::", [Directive("{a}", ":::{b}\nx\n:::\n")]),
        ("```python\n:::{a}\n:::\n```", []),
        (":::{a}\nx", []),
        (":::{a}", []),
        (":::{a}\n:::", [Directive("{a}", "")]),
    ],
)
def test_directives(text, found):
    assert markdown.directives(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\n\n- x\n- y\n  z\n", Bullets(2, ("x", "y\n  z"))),
        ("* x\n\n* y", Bullets(0, ("x", "y"))),
        ("- x\n  - inner\n- y", Bullets(0, ("x\n  - inner", "y"))),
        ("- x\n\nend", None),
        ("1. x", None),
        ("", None),
    ],
)
def test_the_list_that_ends_a_text(text, found):
    assert markdown.last_list(text) == found
