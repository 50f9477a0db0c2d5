"""Runs every notebook under nbval, and looks at what is left behind.

Ordinary notebooks run side by side, those of one stem one after another, the longest stems first; exclusive
ones run alone. None found is a failure, and so is an object of engine or cluster that was not there before.
What killed runs of the stems left is removed first. The seconds of the notebooks and the slowest cells are
printed at the end, and kept in ``reports/``.

``python -m labkit.devtools.notebook_run [--serial] [--costs] [pytest options]``
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from labkit.book import notebooks as book
from labkit.core.paths import repo
from labkit.devtools import cost, leaks, slowest
from labkit.devtools.nbval_progress import TIMES
from labkit.lab.lab import Lab

SEED = "LABKIT_ORDER"
"""The variable that holds the seed of the order; without it the commit is the seed."""

CELL_SECONDS = 400
KINDS = ("chapters", "solutions")
NOTHING_COLLECTED = 5
SERIAL = "--serial"
"""Our own option: one notebook at a time, each with its own look at what it leaves, for comparison."""

CHOICE = "-k"
"""pytest's option by which some notebooks are chosen; that others have no cell to run is no failure then."""

COSTS = "--costs"
"""Our own option: what a chapter costs that runs alone is kept, for the head of its page."""

PLUGINS = (
    *("-p", "no:cacheprovider", "-o", "console_output_style=classic"),
    "--color=no",  # nbval has colours in a pipe, too
    "--capture=no",  # what is said while a cell runs would be taken for its output, and told never
    *("-p", "labkit.devtools.by_stem", "-p", "labkit.devtools.nbval_progress"),
    *("-W", "default"),  # in which cell something is collected that a kernel left open is chance
)
SIDE_BY_SIDE = ("-n4", "--dist=loadscope")
"""More workers than cores: most cells wait for an engine or a cluster."""


def found(exclusive: bool) -> list[Path]:
    """The notebooks that run alone, or those that need not."""
    paths = [book.path(stem, kind) for kind in KINDS for stem in book.stems(kind)]
    return [p for p in paths if bool(book.read(p).metadata.get("exclusive")) is exclusive]


def ordered(notebooks: Iterable[Path], seconds: dict[str, int], order: str) -> list[Path]:
    """The notebooks in the order in which they start.

    The longest stems come first, so that none of them is begun when all others have ended; a solution counts
    half of its chapter. Stems of one length, and the notebooks of a stem, are shuffled.

    Args:
        notebooks: their files.
        seconds: what the chapters last, by stem.
        order: the seed.
    """
    shuffled = sorted(notebooks)
    draw = Random(order)
    draw.shuffle(shuffled)
    lasts: dict[str, float] = {}
    for path in shuffled:
        part = 1 if path.parent.name == "chapters" else 0.5
        lasts[path.stem] = lasts.get(path.stem, 0) + part * seconds.get(path.stem, 0)
    stems = sorted(lasts, key=lambda stem: lasts[stem], reverse=True)
    return [p for stem in stems for p in shuffled if p.stem == stem]


@dataclass
class Outcome:
    """What came of running some notebooks.

    Attributes:
        status: exit status; 0 if all agree with their stored outputs and left nothing behind.
        cells: each cell that ran: ``notebook``, ``cell`` (its number among the code cells), ``seconds``.
    """

    status: int = 0
    cells: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Takes in what came of further notebooks."""
        self.status |= other.status
        self.cells += other.cells


def nbval(notebooks: list[Path], *options: str) -> Outcome:
    """One run of nbval, and a look at what it left; its status is 1 for a leak."""
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
    with tempfile.TemporaryDirectory() as folder:  # whoever runs this has perhaps chosen something
        progress, times = Path(folder, "progress"), Path(folder, "times.json")
        env = {**os.environ, "SOURCE_DATE_EPOCH": "0", "LABKIT_PROGRESS": str(progress), TIMES: str(times)}
        status = subprocess.run([*command, *options, *map(str, notebooks)], cwd=repo(), env=env).returncode
        cells = json.loads(times.read_text(encoding="utf-8")) if times.exists() else []
    if status == NOTHING_COLLECTED and any(option.startswith(CHOICE) for option in options):
        status = 0  # what was chosen is among other notebooks
    if leaked := leaks.left(before, leaks.snapshot()):
        one, *others = (f"{p.parent.name}/{p.stem}" for p in notebooks)
        who = f"one of {len(notebooks)} notebooks that ran side by side" if others else one
        print(f"left behind by {who}: {', '.join(leaked)}", flush=True)
    return Outcome(status or int(bool(leaked)), cells)


def alone(notebook: Path, costs: bool, *options: str) -> Outcome:
    """One notebook by itself.

    Args:
        notebook: its file.
        costs: whether to keep what it costs, if it is a chapter and passes.
        *options: of pytest.
    """
    if not costs or notebook.parent.name != "chapters":
        return nbval([notebook], *options)
    cells, used = cost.measured(notebook.stem)
    with cost.Sampler() as sampled:
        started = time.monotonic()
        outcome = nbval([notebook], *options)
        seconds = round(time.monotonic() - started)
    if not outcome.status:
        cost.keep(notebook.stem, cost.Cost(seconds, sampled.memory, sampled.disk, cells, used))
    return outcome


def seed() -> str:
    """What the order is drawn from: `SEED`, else the commit: orders change, and each can be had again."""
    head = ["git", "rev-parse", "--short", "HEAD"]
    return (
        os.environ.get(SEED)
        or subprocess.run(head, cwd=repo(), capture_output=True, text=True).stdout.strip()
    )


def report(cells: list[dict[str, Any]], root: Path) -> None:
    """Prints each notebook's seconds and the slowest cells, and keeps both.

    Args:
        cells: as in `Outcome`.
        root: its ``reports/notebooks.json`` gets {notebook: seconds}; `slowest` keeps the slowest cells.
    """
    seconds: dict[str, float] = {}
    for cell in cells:
        seconds[cell["notebook"]] = seconds.get(cell["notebook"], 0) + cell["seconds"]
    print("seconds of each notebook:")
    for name, taken in sorted(seconds.items(), key=lambda pair: -pair[1]):
        print(f"{taken:8.0f}  {name}")
    times = [
        slowest.Slow(cell["seconds"], f"{cell['notebook']}: {first_line(cell)}")
        for cell in sorted(cells, key=lambda cell: -cell["seconds"])[: slowest.COUNT]
    ]
    print("slowest cells:")
    for time_of_cell in times:
        print(f"{time_of_cell.seconds:8.1f}  {time_of_cell.what}", flush=True)
    file = slowest.file("notebooks", root)
    file.unlink(missing_ok=True)
    slowest.keep(file, times)
    rounded = {name: round(taken, 1) for name, taken in seconds.items()}
    (root / "reports/notebooks.json").write_text(json.dumps(rounded, indent=1), encoding="utf-8")


def first_line(cell: dict[str, Any]) -> str:
    """The first line of a cell's code."""
    kind, stem = cell["notebook"].split("/")
    code = [c.source for c in book.read(book.path(stem, kind)).cells if c.cell_type == "code"]
    return code[cell["cell"]].split("\n", 1)[0]


def main(options: list[str]) -> int:
    """Runs all notebooks, each stem from its start; returns 0 if all agree with their stored outputs.

    Raises:
        Busy: somebody works on one of the stems.
    """
    serial, costs = SERIAL in options, COSTS in options
    options = [o for o in options if o not in (SERIAL, COSTS)]
    lasts = {stem: known.seconds for stem, known in cost.costs().items()}
    side_by_side, exclusive = (ordered(found(exclusive=flag), lasts, seed()) for flag in (False, True))
    if not side_by_side + exclusive:
        print("labkit: no notebook was found", file=sys.stderr)
        return NOTHING_COLLECTED
    for stem in sorted({p.stem for p in side_by_side + exclusive}):
        for kind, names in Lab.reset(stem).items():  # a killed run's: solutions print what a reset removes
            print(f"{stem}: {kind} of an earlier run: {', '.join(names)}", flush=True)
    print(f"order: {SEED}={seed()}", flush=True)
    outcome, started = Outcome(), time.monotonic()
    if serial:
        for notebook in side_by_side:
            outcome.add(alone(notebook, costs, *options))
    elif side_by_side:
        outcome.add(nbval(side_by_side, *SIDE_BY_SIDE, *options))
    print(f"{len(side_by_side)} notebooks: {time.monotonic() - started:.0f} s", flush=True)
    for notebook in exclusive:
        outcome.add(alone(notebook, costs, *options))
    print(f"{len(side_by_side + exclusive)} notebooks: {time.monotonic() - started:.0f} s in all", flush=True)
    report(outcome.cells, repo())
    return outcome.status or (0 if outcome.cells else NOTHING_COLLECTED)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
