"""The site: built from stored outputs, warnings as errors, no Docker and no network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from labkit.core.errors import CommandFailed
from labkit.core.paths import repo

TROUBLE = re.compile(r"WARNING|ERROR|[Ee]xception: |^[\w.]*Error: ?\S|^  (?:wanted|found|next): ")


def build(root: Path | None = None) -> Path:
    """Builds all pages anew.

    Args:
        root: the book's folder; None is this one.

    Returns:
        The folder with ``index.html``.

    Raises:
        CommandFailed: a warning or an error; its lines are in the error.
    """
    root = root or repo()
    out = root / "_build"
    shutil.rmtree(out, ignore_errors=True)
    program = Path(sys.executable).with_name("jupyter-book")
    command: list[str | Path] = [program, "build", root, "--warningiserror", "--keep-going"]
    env = {**os.environ, "SOURCE_DATE_EPOCH": "0", "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)
    if done.returncode or not (out / "html/index.html").exists():
        lines = trouble(done.stdout + done.stderr)
        raise CommandFailed(
            "The site was not built.", found=lines, fix="mend the page named, then: make site"
        )
    return out / "html"


def trouble(printed: str) -> str:
    """The lines of a build's output that say what is wrong, each once; its last lines where none does."""
    lines = printed.splitlines()
    troubles = dict.fromkeys(line for line in lines if TROUBLE.search(line))
    return "\n".join(list(troubles)[:20] or lines[-20:])
