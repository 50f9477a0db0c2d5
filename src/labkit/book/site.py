"""The site and the book in one file: from stored outputs, warnings as errors, no Docker and no network."""

from __future__ import annotations

import calendar
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from labkit.core.errors import CommandFailed
from labkit.core.paths import repo

TROUBLE = re.compile(r"WARNING|ERROR|[Ee]xception: |^[\w.]*Error: ?\S|^  (?:wanted|found|next): ")

EPUB = "containers-proven.epub"
"""The book's name, beside the site's pages."""


def build(root: Path | None = None) -> Path:
    """Builds all pages anew, then the EPUB from what was read for them.

    Args:
        root: the book's folder; None is this one.

    Returns:
        The folder with ``index.html`` and `EPUB`.

    Raises:
        CommandFailed: a warning or an error; its lines are in the error.
    """
    root = root or repo()
    out = root / "_build"
    shutil.rmtree(out, ignore_errors=True)
    _write(root, out / "html/index.html", "The site")
    _write(root, out / "epub" / EPUB, "The EPUB", "--builder", "custom", "--custom-builder", "epub")
    shutil.copy(out / "epub" / EPUB, out / "html" / EPUB)
    return out / "html"


def _write(root: Path, made: Path, what: str, *options: str) -> None:
    """Lets Jupyter Book write one format.

    Args:
        root: the book's folder.
        made: a file that is there afterwards.
        what: the format, at the beginning of a sentence.
        options: which builder; none for HTML.

    Raises:
        CommandFailed: a warning or an error.
    """
    program = Path(sys.executable).with_name("jupyter-book")
    command: list[str | Path] = [program, "build", root, "--warningiserror", "--keep-going", *options]
    env = {**os.environ, "SOURCE_DATE_EPOCH": str(edition(root)), "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)
    if done.returncode or not made.exists():
        lines = trouble(done.stdout + done.stderr)
        raise CommandFailed(f"{what} was not built.", found=lines, fix="mend the page named, then: make site")


def edition(root: Path) -> int:
    """When the month of the course's version began, in seconds since 1970: the date of what is built.

    Args:
        root: the book's folder.
    """
    year, month = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))["version"].split(".")
    return calendar.timegm((int(year), int(month), 1, 0, 0, 0))


def trouble(printed: str) -> str:
    """The lines of a build's output that say what is wrong, each once; its last lines where none does."""
    lines = printed.splitlines()
    troubles = dict.fromkeys(line for line in lines if TROUBLE.search(line))
    return "\n".join(list(troubles)[:20] or lines[-20:])
