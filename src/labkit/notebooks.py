"""Runs every notebook under nbval: ordinary ones side by side, exclusive ones alone; none found is a failure.

``python -m labkit.notebooks [pytest options]``
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from labkit import book
from labkit.home import repo

CELL_SECONDS = 400
KINDS = ("chapters", "solutions")
NOTHING_COLLECTED = 5


def found(exclusive: bool) -> list[Path]:
    """The notebooks that run alone, or those that need not."""
    paths = [book.path(stem, kind) for kind in KINDS for stem in book.stems(kind)]
    return [p for p in paths if bool(book.read(p).metadata.get("exclusive")) is exclusive]


def nbval(notebooks: list[Path], *options: str) -> int:
    """One run of nbval; returns its exit status."""
    sanitize = repo() / "tests/notebooks/sanitize.cfg"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--nbval",
        "--nbval-current-env",
        "-p",
        "no:cacheprovider",
    ]
    command += [f"--nbval-cell-timeout={CELL_SECONDS}", f"--nbval-sanitize-with={sanitize}", "--timeout=0"]
    with tempfile.TemporaryDirectory() as progress:  # whoever runs this has perhaps chosen something
        env = {**os.environ, "SOURCE_DATE_EPOCH": "0", "LABKIT_PROGRESS": progress}
        return subprocess.run([*command, *options, *map(str, notebooks)], cwd=repo(), env=env).returncode


def main(options: list[str]) -> int:
    """Runs all notebooks; returns 0 if all agree with their stored outputs."""
    side_by_side, alone = found(exclusive=False), found(exclusive=True)
    if not side_by_side + alone:
        print("labkit: no notebook was found", file=sys.stderr)
        return NOTHING_COLLECTED
    status = 0
    if side_by_side:
        status |= nbval(side_by_side, "-n2", "--dist=loadfile", *options)
    for notebook in alone:
        status |= nbval([notebook], *options)
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
