"""What was handed in: a file, read with care, and told for which exercise it is."""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from labkit.core.errors import Usage

SIZE_CAP = 32_000_000
"""The largest file that is read, in bytes; a notebook full of plots has a tenth of it."""

NEWEST = 4
"""The newest major version of the notebook format."""

INVALID = "It is no valid notebook."
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
        files: what lies beside it and goes into its working folder, by the place there.
    """

    name: str
    path: Path
    stem: str | None = None
    notebook: NotebookNode | None = None
    why: str = ""
    notes: tuple[str, ...] = field(default=())
    files: Mapping[str, Path] = field(default_factory=dict)


def plain(text: object, cap: int = 300) -> str:
    """Text of somebody else, without what steers a terminal, cut to a length."""
    visible = CONTROL.sub("", str(text))
    return visible if len(visible) <= cap else visible[: cap - 1] + "…"


def read(name: str, path: Path, known: Iterable[str]) -> Submission:
    """Reads one file; whatever it is, the answer is a submission.

    Args:
        name: what reports call it.
        path: the file.
        known: the stems that have an exercise.
    """
    try:
        notebook, departures = parse(path)
        stem, notes = stem_of(notebook, path, tuple(known))
    except Usage as e:
        return Submission(name, path, why=e.message + (f" {plain(e.found)}" if e.found else ""))
    except RecursionError:
        return Submission(name, path, why="It is nested too deeply to be a notebook.")
    except Exception as e:
        return Submission(name, path, why=f"It cannot be read: {plain(e)}")
    return Submission(name, path, stem, notebook, notes=(*notes, *departures))


def parse(path: Path) -> tuple[NotebookNode, tuple[str, ...]]:
    """A notebook of somebody else, and what is to be said of its file.

    Grading needs each cell's type, text and metadata. Nothing else is taken over, so that no output, and
    no field that an editor wrote in its own way, decides whether a notebook is graded.

    Raises:
        Usage: it is none; says why.
    """
    value = content(path)
    if not isinstance(value, dict) or "nbformat" not in value:
        raise Usage("It is JSON, but no notebook.")
    version = value["nbformat"]
    if type(version) is not int or not 1 <= version <= NEWEST:
        raise Usage(INVALID, found=f"Its format is {version!r}; formats up to {NEWEST} are read.")
    try:
        cells = [bare(cell) for cell in cells_of(value, version)]
        notebook = notebook_of(value, version, [cell for cell in cells if cell])
    except (KeyError, TypeError, AttributeError, ValueError, nbformat.ValidationError) as e:
        raise Usage(INVALID, found=f"{type(e).__name__}: {e}") from None
    notes = [f"{cells.count(None)} of its cells have no type or no text: they were left out."]
    departure = departure_from_format(value)
    return notebook, (*notes * (None in cells), *[departure] * bool(departure))


def content(path: Path) -> Any:
    """What a file holds as JSON, in UTF-8, UTF-16 or UTF-32, with a byte order mark or without.

    Raises:
        Usage: it is no such file; says why.
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
        return json.loads(path.read_bytes())
    except ValueError as e:
        raise Usage("It is not JSON, so it is no notebook.", found=e) from None


def cells_of(value: dict[str, Any], version: int) -> list[Any]:
    """The cells of a notebook as its file has them; formats 2 and 3 keep them in worksheets.

    Raises:
        TypeError: they are no list.
        KeyError: there are none.
    """
    sheets = value["worksheets"] if version in (2, 3) else [value]
    lists = [sheet["cells"] for sheet in sheets]
    if not all(isinstance(cells, list) for cells in lists):
        raise TypeError("its cells are no list")
    return [cell for cells in lists for cell in cells]


def bare(cell: Any) -> dict[str, Any] | None:
    """A cell's type, text and metadata, or None where there is no type or no text."""
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
        return None
    text = cell.get("source", cell.get("input", ""))
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        text = "".join(text)
    if not isinstance(text, str):
        return None
    metadata = cell["metadata"] if isinstance(cell.get("metadata"), dict) else {}
    return {"cell_type": cell["cell_type"], "source": text, "metadata": metadata}


def notebook_of(value: dict[str, Any], version: int, cells: list[dict[str, Any]]) -> NotebookNode:
    """A notebook of the present format from bare cells; nbformat brings those of old formats up."""
    metadata = value["metadata"] if isinstance(value.get("metadata"), dict) else {}
    if version == NEWEST:
        made = {"nbformat": NEWEST, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
        return nbformat.from_dict(made)  # type: ignore[no-any-return]
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)  # nbformat tells of each that is not valid
    old = [{**c, "input": c["source"], "language": "python", "outputs": [], "level": 1} for c in cells]
    content = {"cells": old} if version == 1 else {"worksheets": [{"cells": old, "metadata": {}}]}
    made = {"nbformat": version, "nbformat_minor": 0, "metadata": metadata, **content}
    return nbformat.convert(nbformat.from_dict(made), NEWEST)  # type: ignore[no-any-return]


def departure_from_format(value: dict[str, Any]) -> str:
    """A note on a file that an editor has not written by the notebook's format; empty if it has."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nbformat.validate(value)
    except Exception as e:  # whatever it is, it does not keep a notebook from being graded
        reason = plain((str(e).splitlines() or [type(e).__name__])[0], 120)
        return f"The file departs from the notebook format ({reason}): only the text of its cells was used."
    return ""


def stem_of(notebook: NotebookNode, path: Path, known: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """For which exercise a notebook is, and what is to be said about that.

    Raises:
        Usage: for none of this course.
    """
    declared = labelled(notebook).get("stem")
    if declared in known:
        return declared, ()
    named = [stem for stem in known if stem in path.name.lower()]
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
