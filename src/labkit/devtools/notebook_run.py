"""Runs every notebook under nbval, in a shuffled order, and looks at what is left behind.

Ordinary notebooks run side by side, those of one stem one after another, exclusive ones alone. None found is
a failure, and so is an object of engine or cluster that was not there before. What killed runs of the stems
left is removed first.

``python -m labkit.devtools.notebook_run [--serial] [--costs] [pytest options]``
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from labkit.book import notebooks as book
from labkit.core.paths import repo
from labkit.devtools import cost, leaks
from labkit.devtools.nbval_order import SEED
from labkit.lab.lab import Lab

CELL_SECONDS = 400
KINDS = ("chapters", "solutions")
NOTHING_COLLECTED = 5
SERIAL = "--serial"
"""Our own option: one notebook at a time, each with its own look at what it leaves, for comparison."""

COSTS = "--costs"
"""Our own option: what a chapter costs that runs alone is kept, for the head of its page."""

PLUGINS = ("-p", "no:cacheprovider", "-p", "labkit.devtools.nbval_order")
SIDE_BY_SIDE = ("-n2", "--dist=loadscope")


def found(exclusive: bool) -> list[Path]:
    """The notebooks that run alone, or those that need not."""
    paths = [book.path(stem, kind) for kind in KINDS for stem in book.stems(kind)]
    return [p for p in paths if bool(book.read(p).metadata.get("exclusive")) is exclusive]


def nbval(notebooks: list[Path], *options: str) -> int:
    """One run of nbval, and a look at what it left; returns its exit status, 1 for a leak."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--nbval",
        "--nbval-current-env",
        *PLUGINS,
        "--timeout=0",
    ]
    sanitize = repo() / "tests/notebooks/sanitize.cfg"
    command += [f"--nbval-cell-timeout={CELL_SECONDS}", f"--nbval-sanitize-with={sanitize}"]
    before = leaks.snapshot()
    with tempfile.TemporaryDirectory() as progress:  # whoever runs this has perhaps chosen something
        env = {**os.environ, "SOURCE_DATE_EPOCH": "0", "LABKIT_PROGRESS": progress, SEED: seed()}
        status = subprocess.run([*command, *options, *map(str, notebooks)], cwd=repo(), env=env).returncode
    for leak in (leaked := leaks.left(before, leaks.snapshot())):
        print(f"left behind by {', '.join(f'{p.parent.name}/{p.stem}' for p in notebooks)}: {leak}")
    return status or int(bool(leaked))


def alone(notebook: Path, costs: bool, *options: str) -> int:
    """One notebook by itself; returns the exit status of its run.

    Args:
        notebook: its file.
        costs: whether to keep what it costs, if it is a chapter and passes.
        *options: of pytest.
    """
    if not costs or notebook.parent.name != "chapters":
        return nbval([notebook], *options)
    with cost.Sampler() as sampled:
        started = time.monotonic()
        status = nbval([notebook], *options)
        seconds = round(time.monotonic() - started)
    if not status:
        stem = notebook.stem
        cost.keep(stem, cost.Cost(seconds, sampled.memory, sampled.disk, *cost.digest(stem)))
    return status


def seed() -> str:
    """What the order is drawn from: `SEED`, else the commit: orders change, and each can be had again."""
    head = ["git", "rev-parse", "--short", "HEAD"]
    return (
        os.environ.get(SEED)
        or subprocess.run(head, cwd=repo(), capture_output=True, text=True).stdout.strip()
    )


def main(options: list[str]) -> int:
    """Runs all notebooks, each stem from its start; returns 0 if all agree with their stored outputs.

    Raises:
        Busy: somebody works on one of the stems.
    """
    serial, costs = SERIAL in options, COSTS in options
    options = [o for o in options if o not in (SERIAL, COSTS)]
    side_by_side, exclusive = found(exclusive=False), found(exclusive=True)
    if not side_by_side + exclusive:
        print("labkit: no notebook was found", file=sys.stderr)
        return NOTHING_COLLECTED
    for stem in sorted({p.stem for p in side_by_side + exclusive}):
        for kind, names in Lab.reset(stem).items():  # a killed run's: solutions print what a reset removes
            print(f"{stem}: {kind} of an earlier run: {', '.join(names)}", flush=True)
    print(f"order: {SEED}={seed()}", flush=True)
    status, started = 0, time.monotonic()
    if serial:
        for notebook in side_by_side:
            status |= alone(notebook, costs, *options)
    elif side_by_side:
        status |= nbval(side_by_side, *SIDE_BY_SIDE, *options)
    print(f"{len(side_by_side)} notebooks: {time.monotonic() - started:.0f} s", flush=True)
    for notebook in exclusive:
        status |= alone(notebook, costs, *options)
    print(f"{len(side_by_side + exclusive)} notebooks: {time.monotonic() - started:.0f} s in all", flush=True)
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
