"""The reports as pages: no script, no request, every text of a learner escaped, words beside every sign.

What they look like stands in ``templates/``.
"""

from __future__ import annotations

import re

from labkit.checks.result import NO_FAULT
from labkit.core import html
from labkit.grading.record import Graded

FOLDER = "submissions"
"""Where the page of each submission lies, beside the page of all."""

TEMPLATES = "grading/templates"


def load() -> None:
    """Reads all templates, for the rest of this process: what is run in between may remove their files."""
    environment = html.environment()
    environment.auto_reload = False
    for name in environment.list_templates(filter_func=lambda name: name.startswith(f"{TEMPLATES}/")):
        environment.get_template(name)


def file_names(graded: list[Graded]) -> list[str]:
    """The name of each submission's page, without suffix: harmless in every file system, and no two alike."""
    taken: set[str] = set()
    names = []
    for record in graded:
        word = re.sub(r"[^a-z0-9_]+", "-", record.submission.name.lower()).strip("-")[:80] or "submission"
        name, number = word, 1
        while name in taken:
            number += 1
            name = f"{word}-{number}"
        taken.add(name)
        names.append(name)
    return names


def page(record: Graded, file_name: str) -> str:
    """The report of one submission.

    Args:
        record: what came of it.
        file_name: the name of its page, without suffix.
    """
    return html.render(f"{TEMPLATES}/page.html.j2", record=record, file_name=file_name, no_fault=NO_FAULT)


def index(graded: list[Graded], names: list[str], others: list[str]) -> str:
    """The page of all submissions.

    Args:
        graded: what came of each.
        names: of their pages, as `file_names` gives them.
        others: files that are no notebooks and were left out.
    """
    by_stem: dict[str, list[tuple[Graded, str]]] = {}
    for record, name in zip(graded, names, strict=True):
        by_stem.setdefault(record.submission.stem or "", []).append((record, name))
    exercises = [
        (stem or "No submissions of this course", by_stem[stem])
        for stem in sorted(by_stem, key=lambda stem: (not stem, stem))
    ]
    return html.render(f"{TEMPLATES}/index.html.j2", exercises=exercises, folder=FOLDER, others=others)
