"""The book's files: found by stem, executed, normalised."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from labkit.book.stems import STEM
from labkit.core.errors import LabkitError, Usage
from labkit.core.paths import repo

KINDS = ("chapters", "exercises", "solutions")
FIGURE = re.compile(r"\[figure: (.*)\]", re.S)
"""The plain form of a picture made by `labkit.book.figures.show`: its alt text."""

CELL_SECONDS = 600
CLOSE = "from labkit import Lab\nif lab := Lab.opened():\n    lab.close()"
METADATA = ("exclusive", "labkit", "nbgrader", "mystnb")
"""What a notebook's metadata keep, beside its kernel."""

CELL_METADATA = ("tags", "mystnb", "nbgrader", "slideshow", "deletable", "editable")
"""What a cell's metadata keep."""

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def stems(kind: str = "chapters", root: Path | None = None) -> list[str]:
    """The stems that have a notebook of a kind, in the book's order.

    Args:
        kind: chapters, exercises or solutions.
        root: the book's folder; None is this one.
    """
    folder = (root or repo()) / kind
    return sorted(p.stem for p in folder.glob("ch*.ipynb") if STEM.fullmatch(p.stem))


def stem_of(word: str) -> str:
    """A stem from what a person types: ``ch01``, ``ch01_docker_manages``, ``chapters/ch01_….ipynb``.

    Raises:
        Usage: no chapter, or more than one, begins like that.
    """
    name = Path(word).stem
    matches = [s for s in stems() if s == name] or [
        s for s in stems() if s.startswith(name.rstrip("_") + "_")
    ]
    if len(matches) != 1:
        raise Usage(f"{word!r} is no chapter.", wanted=", ".join(stems()))
    return matches[0]


def path(stem: str, kind: str = "chapters", root: Path | None = None) -> Path:
    """Where a stem's notebook is."""
    return (root or repo()) / kind / f"{stem}.ipynb"


def read(notebook: Path) -> NotebookNode:
    """A notebook, checked against its format.

    Raises:
        Usage: it is not there, or no notebook.
    """
    try:
        content: NotebookNode = nbformat.read(notebook, as_version=4)
        nbformat.validate(content)
    except FileNotFoundError:
        raise Usage(f"There is no notebook {notebook.name}.", wanted=str(notebook)) from None
    except (ValueError, nbformat.ValidationError) as e:
        raise Usage(f"{notebook.name} is no notebook.", found=str(e).splitlines()[0]) from None
    return content


def title(stem: str, kind: str = "chapters", root: Path | None = None) -> str:
    """A page's title: the first heading of its notebook, or the stem where there is none."""
    text = "\n".join(c.source for c in read(path(stem, kind, root)).cells if c.cell_type == "markdown")
    heading = re.search(r"^# +(.+?) *$", text, re.M)
    return heading[1] if heading else stem


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Ids from each cell's content, and no metadata that an editor left: diffs show what changed."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k in CELL_METADATA})
        for output in cell.get("outputs", []):
            output.get("metadata", {}).clear()
            if alt := FIGURE.fullmatch(output.get("data", {}).get("text/plain", "")):
                cell.metadata["mystnb"] = {"image": {"alt": alt[1]}}  # the site takes it from there
    ours = {k: v for k, v in notebook.metadata.items() if k in METADATA}
    notebook.metadata = NotebookNode({**ours, "kernelspec": KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def write(notebook: NotebookNode, target: Path) -> bool:
    """Writes a notebook, normalised; True if the file changed."""
    text = nbformat.writes(normalise(notebook)) + "\n"
    if target.exists() and target.read_text() == text:
        return False
    target.write_text(text)
    return True


async def closed(runner: Any, cell: NotebookNode) -> None:
    """Closes the Lab of a kernel whose cell has failed: it does not come to its last cell."""
    if "raises-exception" not in cell.metadata.get("tags", []):
        await runner.kc.execute(CLOSE, silent=True, reply=True, timeout=CELL_SECONDS)


def execute(notebook: Path, save: bool = True) -> NotebookNode:
    """Runs a notebook in a fresh kernel, in its own folder, and stores its outputs.

    Args:
        notebook: its file.
        save: False leaves the file as it is.

    Raises:
        LabkitError: a cell failed that is not tagged ``raises-exception``.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    content = read(notebook)
    resources = {"metadata": {"path": str(notebook.parent)}}
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    try:
        options: dict[str, Any] = {"timeout": CELL_SECONDS, "record_timing": False, "coalesce_streams": True}
        with tempfile.TemporaryDirectory() as progress:  # nobody's choices are stored in an output
            env = {**os.environ, "LABKIT_PROGRESS": progress}
            runner = NotebookClient(content, resources=resources, **options)
            runner.on_cell_error = lambda cell, **_: closed(runner, cell)
            runner.execute(env=env)
    except CellExecutionError as e:
        raise LabkitError(f"{notebook.name} failed.", found=str(e).strip()[-1500:]) from None
    if save:
        write(content, notebook)
    return content
