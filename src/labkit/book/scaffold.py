"""The files of a new chapter: a notebook whose shape is the one every chapter has, and its exercise's."""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labkit.book import notebooks
from labkit.book.exercises import SOLUTION_ONLY, TO_DO
from labkit.book.predictions import TAGS, line_of
from labkit.book.stems import STEM, number
from labkit.core.errors import Usage
from labkit.core.paths import repo

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
    if not STEM.fullmatch(stem):
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
    return [target, *make_exercise(stem, title, root)]


CHECKS = {
    "__init__": '''"""What "done" means in the exercise of chapter {number}: {todo}."""

from __future__ import annotations

IMAGES = ()
''',
    "do": '''"""Do: {todo}."""

from __future__ import annotations

from labkit.checks import check


@check(task="do", points=2, hints=("{todo}: where to look", "{todo}: nearer, and not the answer"))
def made(lab):
    """{todo}: what is so when it passes"""
    raise NotImplementedError
''',
    "transfer": '''"""Transfer: {todo}."""

from __future__ import annotations

from labkit.checks import check


@check(task="transfer", points=3, hints=("{todo}: where to look", "{todo}: nearer, and not the answer"))
def moved(lab):
    """{todo}: what is so when it passes"""
    raise NotImplementedError
''',
    "repair": '''"""Repair: {todo}."""

from __future__ import annotations

from random import Random

from labkit.checks import check, scene


def plan(random: Random):
    """{todo}: all that is drawn by lot, as JSON."""
    return {{}}


@scene(plan)
def broken(lab, facts):
    """{todo}: what is set up, without its fault"""
    raise NotImplementedError


@check(task="repair", points=3, needs=broken, hints=("{todo}: where to look", "{todo}: nearer"))
def mended(lab, broken):
    """{todo}: what is so when it passes"""
    raise NotImplementedError
''',
}
"""The files of ``checks/<stem>/``: what tasks share, and one for each task."""

ANSWERS = {
    "__init__": '''"""Answers to the exercise of chapter {number}, wrong and right: {todo}.

At least 4 wrong ones a task, each told something else, and 2 right ones by different roads.
"""
''',
    "do": '''"""Do: {todo}.

An answer that is wrong begins so:

    @wrong("made", "the mistake in words")
    def made_elsewhere(lab): ...
"""
''',
    "transfer": '''"""Transfer: {todo}."""
''',
    "repair": '''"""Repair: {todo}.

An answer that is right begins so:

    @right("mended", "by the docker command")
    def mended_by_command(lab, broken): ...
"""
''',
}
"""The files of ``tests/graders/<stem>/``."""

PLANTED = """# {todo}: one change of the experiment for each claim, which must turn its verdict.
# C{number:02}.1:
#   change: in words
#   cell: a text that stands in exactly one code cell
#   from: what is replaced there
#   to: by what
"""
EXERCISE_OPENING = (
    'from labkit import Lab, answer, check, hint, progress, start\n\nlab = Lab("{stem}", role="exercise")'
)
SOLVED = "### BEGIN SOLUTION\n# {todo}\n### END SOLUTION"
EXERCISE_ENDING = (
    'What you made stays when you close this page. `Lab.reset("{stem}")` removes it; the points that you '
    "have shown here are then gone too."
)


def nbgrader_metadata(name: str, *, points: int | None = None, solution: bool = False) -> dict[str, object]:
    """A cell's metadata for nbgrader: graded if it has points, the learner's if a solution, else given."""
    entry = {"grade": points is not None, "grade_id": name, "locked": not solution, "schema_version": 3}
    entry |= {"solution": solution, "task": False}
    return {"nbgrader": entry | ({"points": points} if points is not None else {})}


def given(name: str, source: str) -> NotebookNode:
    """A cell that a learner runs as it is."""
    cell: NotebookNode = new_code_cell(source, metadata=nbgrader_metadata(name))
    return cell


def task(title: str, name: str, points: int) -> list[NotebookNode]:
    """A text, the learner's cell and the graded one."""
    return [
        new_markdown_cell(f"## {title}: {TO_DO}"),
        new_code_cell(SOLVED.format(todo=TO_DO), metadata=nbgrader_metadata(f"{name}-answer", solution=True)),
        new_code_cell(f'check("{name}")', metadata=nbgrader_metadata(name, points=points)),
    ]


def notebook(stem: str, title: str) -> NotebookNode:
    """The authored exercise."""
    repair = task("Repair", "mended", 3)
    cells = [
        new_markdown_cell(
            f"# Exercise: {title[:1].lower()}{title[1:]}\n\n{TO_DO}: what it takes, in 60 words."
        ),
        given("setup", EXERCISE_OPENING.format(stem=stem)),
        *task("Do", "made", 2),
        *task("Transfer", "moved", 3),
        repair[0],
        given("start-broken", 'start("broken")'),
        *repair[1:],
        new_markdown_cell("## Where you stand"),
        new_code_cell("progress()"),
        new_markdown_cell(EXERCISE_ENDING.format(stem=stem)),
        new_code_cell(
            f'gone = Lab.reset("{stem}")\nprint({{kind: len(names) for kind, names in gone.items()}})',
            metadata={"tags": [SOLUTION_ONLY]},
        ),
    ]
    authored: NotebookNode = new_notebook(cells=cells)
    return authored


def make_exercise(stem: str, title: str, root: Path) -> list[Path]:
    """Writes what a new exercise is made of; a file that is there already is left as it is.

    Args:
        stem: such as ``ch18_some_words``.
        title: the chapter's.
        root: the course's folder.
    """
    texts = {f"checks/{{stem}}/{name}.py": text for name, text in CHECKS.items()}
    texts |= {f"tests/graders/{{stem}}/{name}.py": text for name, text in ANSWERS.items()}
    texts |= {"tests/claims/{stem}.yml": PLANTED}
    written = []
    for pattern, text in texts.items():
        target = root / pattern.format(stem=stem)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.format(number=number(stem), todo=TO_DO), encoding="utf-8")
            written.append(target)
    target = notebooks.path(stem, "solutions", root)
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        notebooks.write(notebook(stem, title), target)
        written.append(target)
    return written
