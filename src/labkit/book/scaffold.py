"""The files of a new chapter: a notebook whose shape is the one every chapter has, and its exercise's."""

from __future__ import annotations

from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labkit.book import notebooks
from labkit.book import skeleton
from labkit.core.errors import Usage
from labkit.core.paths import repo
from labkit.lint.predictions import TAGS, line_of

TEXTS = (
    "# {title}\n\nThe note's claim, one situation, and the number that will settle it: at most 80 words.",
)
CLAIM = (
    "## The first claim\n\n### Predict\n\nObject, event, observable. Then three or four options, each wrong "
    "one a belief that people really hold.\n\n- a. …\n- b. …\n- c. …",
    "### Experiment\n\nState before, one action, state after, and a control that differs in one thing.",
    ":::{dropdown} Answer\n**b.** Why b. (a) What the belief behind a is, and what contradicts it here. (c) …"
    "\n:::\n\n### What happened\n\nThe result in its units; why the tempting answer failed, the object "
    "behind it.\n\nAt the command line:\n\n```console\n$ docker version\n```",
    "### Limit\n\nThe same cell with one condition changed, and the claim rewritten with its condition.",
)
ENDING = (
    "## Break it",
    "## In production",
    "## Summary\n\nAt most five lines, each a claim as it now stands.",
    "## What you believed",
)


def make(stem: str, title: str, root: Path | None = None) -> list[Path]:
    """Writes a chapter's notebook, and what its exercise is made of.

    Args:
        stem: such as ``ch18_some_words``.
        title: the page's title.
        root: the course's folder; None is this one.

    Returns:
        What was made.

    Raises:
        Usage: the stem is none, or the chapter exists.
    """
    root = root or repo()
    if not notebooks.STEM.fullmatch(stem):
        raise Usage(f"{stem!r} is no stem.", wanted="ch, two digits, _ and lower-case words: ch18_some_words")
    target = notebooks.path(stem, "chapters", root)
    if target.exists() or list(target.parent.glob(f"{stem[:4]}_*.ipynb")):
        raise Usage(f"There is a chapter {stem[:4]} already.", fix="take the next number, or edit that one")
    opening = f'from labkit import Lab, beliefs, measured, predict, prove\n\nlab = Lab("{stem}")'
    chosen = new_code_cell(line_of(f"C{stem[2:4]}.1", "abc"), metadata={"tags": TAGS})
    cells = [new_markdown_cell(text.format(title=title)) for text in TEXTS]
    cells += [new_code_cell(opening), new_markdown_cell(CLAIM[0]), chosen, new_markdown_cell(CLAIM[1])]
    cells += [new_code_cell("# one action")]
    cells += [new_markdown_cell(text) for text in (*CLAIM[2:], *ENDING)]
    cells += [new_code_cell("beliefs()", metadata={"tags": ["beliefs"]}), new_code_cell("lab.close()")]
    notebooks.write(new_notebook(cells=cells), target)
    return [target, *skeleton.make(stem, title, root)]
