"""What was handed in: files found, read with care, and told for which exercise each is."""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.validator import normalize

from labkit.core.errors import Usage

SIZE_CAP = 32_000_000
"""The largest file that is read, in bytes; a notebook full of plots has a tenth of it."""

NOT_OURS = "It is not a submission of this course."
CONTROL = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]"
)
"""What other people's text must not bring to a terminal or a page."""


@dataclass(frozen=True)
class Submission:
    """One file that was handed in.

    Attributes:
        name: what reports call it.
        path: the file.
        stem: its exercise; None if it cannot be graded.
        notebook: its content; None likewise.
        why: why it cannot be graded; empty if it can.
        notes: what whoever grades should know of the file.
    """

    name: str
    path: Path
    stem: str | None = None
    notebook: NotebookNode | None = None
    why: str = ""
    notes: tuple[str, ...] = field(default=())


def plain(text: object, cap: int = 300) -> str:
    """Text of somebody else, without what steers a terminal, cut to a length."""
    visible = CONTROL.sub("", str(text))
    return visible if len(visible) <= cap else visible[: cap - 1] + "…"


def find(paths: Iterable[Path]) -> tuple[dict[str, Path], list[str]]:
    """The files behind what was typed.

    Args:
        paths: files, or folders that are searched for notebooks.

    Returns:
        Files by the name that reports give them, and the names of files in folders that are no notebooks.

    Raises:
        Usage: there is none.
    """
    named_paths: list[tuple[str, Path]] = []
    others: list[str] = []
    for given in paths:
        if not given.is_dir() or given.suffix == ".ipynb":
            named_paths.append((given.stem, given))
            continue
        for path in sorted(given.rglob("*")):
            inside = path.relative_to(given)
            if any(part.startswith(".") for part in inside.parts):
                continue
            if path.suffix == ".ipynb":
                named_paths.append((inside.with_suffix("").as_posix(), path))
            elif not path.is_dir():
                others.append(plain(inside.as_posix()))
    if not named_paths:
        raise Usage("There is no notebook to grade.", wanted="files that end in .ipynb, or a folder of them")
    once = {path.resolve(): (name, path) for name, path in reversed(named_paths)}
    several = Counter(name for name, _ in once.values())
    named = [
        (plain(name if several[name] == 1 else path.with_suffix("").as_posix()), path)
        for name, path in once.values()
    ]
    return dict(sorted(named)), others


def read(name: str, path: Path, known: Iterable[str]) -> Submission:
    """Reads one file; whatever it is, the answer is a submission.

    Args:
        name: what reports call it.
        path: the file.
        known: the stems that have an exercise.
    """
    try:
        notebook = parse(path)
        stem, notes = stem_of(notebook, path, tuple(known))
    except Usage as e:
        return Submission(name, path, why=e.message + (f" {plain(e.found)}" if e.found else ""))
    except RecursionError:
        return Submission(name, path, why="It is nested too deeply to be a notebook.")
    except Exception as e:
        return Submission(name, path, why=f"It cannot be read: {plain(e)}")
    return Submission(name, path, stem, notebook, notes=notes)


def parse(path: Path) -> NotebookNode:
    """A notebook of somebody else.

    Raises:
        Usage: it is none; says why.
    """
    if path.is_dir():
        raise Usage("It is a folder, not a notebook.")
    if not path.is_file():
        raise Usage("It is no file.")
    if (size := path.stat().st_size) == 0:
        raise Usage("The file is empty.")
    if size > SIZE_CAP:
        raise Usage(
            f"The file is too large: {size // 1_000_000} MB, at most {SIZE_CAP // 1_000_000} are read."
        )
    try:
        text = path.read_bytes().decode("utf-8")
        value = json.loads(text)
    except ValueError as e:
        raise Usage("It is not JSON, so it is no notebook.", found=e) from None
    if not isinstance(value, dict) or "nbformat" not in value:
        raise Usage("It is JSON, but no notebook.")
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook: NotebookNode = nbformat.reads(text, as_version=4)
            _, notebook = normalize(notebook)  # a copied cell may have brought its id along
            nbformat.validate(notebook)
    except nbformat.ValidationError as e:
        raise Usage("It is no valid notebook.", found=str(e).splitlines()[0]) from None
    except (KeyError, TypeError, AttributeError, ValueError) as e:
        raise Usage("It is no valid notebook.", found=f"{type(e).__name__}: {e}") from None
    return notebook


def stem_of(notebook: NotebookNode, path: Path, known: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """For which exercise a notebook is, and what is to be said about that.

    Raises:
        Usage: for none of this course.
    """
    declared = labelled(notebook).get("stem")
    if declared in known:
        return declared, ()
    named = [stem for stem in known if stem in path.stem]
    if not named:
        raise Usage(NOT_OURS)
    declaration = (
        "names no exercise" if declared is None else f"names the unknown exercise {plain(declared, 60)}"
    )
    return named[0], (f"The notebook {declaration}; by its file name it is {named[0]}.",)


def labelled(notebook: NotebookNode) -> dict[str, Any]:
    """What the course has written into a notebook: stem and edition, as texts."""
    entries = notebook.metadata.get("labkit")
    return {k: v for k, v in entries.items() if isinstance(v, str)} if isinstance(entries, dict) else {}
