"""Markdown as the site reads it: headings, directives, lists and running text, found by its parser.

MyST is CommonMark with directives, in fences of backticks or of colons. What stands in a code block is no
heading, what stands in a code span is no mark.

Source: https://markdown-it-py.readthedocs.io/ and https://mdit-py-plugins.readthedocs.io/ (colon fences).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

FENCES = ("fence", "colon_fence")


@dataclass(frozen=True)
class Heading:
    """A heading outside of all lists and quotes.

    Attributes:
        level: 1 is the title of a page.
        text: in Markdown.
        end: the line after it, counted from 0.
    """

    level: int
    text: str
    end: int


@dataclass(frozen=True)
class Directive:
    """A fence with a name in braces.

    Attributes:
        info: what stands behind the opening marks, such as ``{dropdown} Answer``.
        body: what stands inside.
    """

    info: str
    body: str


@dataclass(frozen=True)
class Bullets:
    """A bullet list.

    Attributes:
        start: its first line, counted from 0.
        items: the text of each item, in Markdown.
    """

    start: int
    items: tuple[str, ...]


@dataclass(frozen=True)
class Piece:
    """A stretch of running text in one style.

    Attributes:
        text: without marks.
        is_code: whether it is code.
        is_strong: whether it is bold.
    """

    text: str
    is_code: bool = False
    is_strong: bool = False


@cache
def parser() -> MarkdownIt:
    """CommonMark with fences of colons, as MyST has them."""
    from markdown_it import MarkdownIt  # late: whoever imports labkit into a notebook does not wait for it
    from mdit_py_plugins.colon_fence import colon_fence_plugin

    return MarkdownIt("commonmark").use(colon_fence_plugin)


def headings(text: str) -> list[Heading]:
    """The headings of a text."""
    tokens = parser().parse(text)
    return [
        Heading(int(token.tag[1:]), inline.content, token.map[1])
        for token, inline in pairwise(tokens)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]


def directives(text: str) -> list[Directive]:
    """The directives of a text that are closed, those inside of another one left out."""
    lines = text.splitlines()
    return [
        Directive(" ".join(token.info.split()), token.content)
        for token in parser().parse(text)
        if _is_directive(token) and _is_closed(token, lines)
    ]


def _is_directive(token: Token) -> bool:
    """Whether a token is a fence with a name in braces."""
    return token.type in FENCES and token.info.lstrip().startswith("{")


def _is_closed(fence: Token, lines: list[str]) -> bool:
    """Whether a fence ends in a line of its own marks, and not with the text."""
    if fence.map is None:
        return False
    last = lines[fence.map[1] - 1].strip()
    return (
        fence.map[1] - fence.map[0] > 1 and set(last) == set(fence.markup) and len(last) >= len(fence.markup)
    )


def last_list(text: str) -> Bullets | None:
    """The bullet list that ends a text; None if something else does."""
    tokens, lines = parser().parse(text), text.splitlines()
    top = [token for token in tokens if token.level == 0 and token.nesting >= 0]
    if not top or top[-1].type != "bullet_list_open" or top[-1].map is None:
        return None
    start = top[-1].map[0]
    spans = [
        t.map for t in tokens if t.type == "list_item_open" and t.level == 1 and t.map and t.map[0] >= start
    ]
    items = ("\n".join(lines[first:end]).lstrip()[1:].strip() for first, end in spans)
    return Bullets(start, tuple(items))


def pieces(text: str) -> Iterator[Piece]:
    """The running text of a text, paragraph by paragraph; a block of code is one piece."""
    for token in parser().parse(text):
        if _is_directive(token):
            yield from pieces(token.content)
        elif token.type in (*FENCES, "code_block", "html_block"):
            yield Piece(token.content, is_code=True)
        elif token.type == "inline":
            yield from _pieces_of(token.children or [])
            yield Piece(" ")


def _pieces_of(children: list[Token]) -> Iterator[Piece]:
    """The pieces of one paragraph; text that follows on text is one piece with it."""
    depth, texts = 0, ""
    for child in children:
        if child.type in ("text", "softbreak", "hardbreak"):
            texts += child.content if child.type == "text" else " "
            continue
        if texts:
            yield Piece(texts, is_strong=depth > 0)
            texts = ""
        if child.type == "strong_open":
            depth += 1
        elif child.type == "strong_close":
            depth -= 1
        elif child.type == "image":
            yield Piece(child.content)
        elif child.type in ("code_inline", "html_inline"):
            yield Piece(child.content, is_code=True, is_strong=depth > 0)
    if texts:
        yield Piece(texts, is_strong=depth > 0)


def plain(text: str) -> str:
    """A text of Markdown without its marks, on one line."""
    return re.sub(r"\s+", " ", "".join(piece.text for piece in pieces(text))).strip()
