"""Which graders are proven, the table, and the record that the site shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

from filelock import FileLock
from rich.console import Console
from rich.table import Table

from labkit.book import notebooks
from labkit.checks.loader import load
from labkit.checks.model import TASKS
from labkit.checks.result import ERROR, PASS, SKIP
from labkit.core.errors import LabkitError
from labkit.core.paths import repo
from labkit.core.process import run
from labkit.mutation.answers import FOLDER
from labkit.mutation.inputs import closure
from labkit.mutation.runner import Outcome, prove_stem

SIXTH = 6
NOTHING_COLLECTED = 5
INPUTS = (
    "checks/{stem}/**/*",
    "solutions/{stem}.ipynb",
    "k8s/{stem}/**/*",
    "tests/graders/{stem}/**/*",
)
SHARED = ("images/**/*", "requirements.txt")
TRYING = ("mutation/runner", "mutation/controls")
"""The modules that try answers: a proof depends on what they import."""


def stems() -> list[str]:
    """The stems that have an exercise."""
    return notebooks.stems("solutions")


def digest(stem: str, root: Path | None = None, patterns: Iterable[str] = (*INPUTS, *SHARED)) -> str:
    """A digest of everything that a stem's proof depends on."""
    root, total = root or repo(), hashlib.sha256()
    paths = [p for pattern in patterns for p in sorted(root.glob(pattern.format(stem=stem))) if is_source(p)]
    if SHARED[0] in patterns:
        package = root / "src/labkit"
        seeds = [package / f"{name}.py" for name in TRYING]
        paths += closure([*seeds, *(p for p in paths if p.suffix == ".py")], package)
    for path in paths:
        total.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return total.hexdigest()[:16]


def is_source(path: Path) -> bool:
    """Whether a path is a file that somebody wrote."""
    return path.is_file() and "__pycache__" not in path.parts


def stale(root: Path | None = None) -> list[str]:
    """Exercises whose own files are not those of their last proof; what all share makes a proof due only."""
    known = record(root)
    found = notebooks.stems("solutions", root)
    return [s for s in found if known.get(s, {}).get("files") != digest(s, root, INPUTS)]


def record_file(root: Path | None = None) -> Path:
    """Where the last proofs are kept."""
    return (root or repo()) / FOLDER / "record.json"


def record(root: Path | None = None) -> dict[str, Any]:
    """The last proof of each stem; a record that cannot be read proves nothing."""
    try:
        found = json.loads(record_file(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {s: e for s, e in found.items() if isinstance(e, dict)} if isinstance(found, dict) else {}


def write(stem: str, entry: dict[str, Any] | None) -> None:
    """Keeps one stem's last proof, or that it has none; what another run has kept meanwhile stays."""
    with FileLock(f"{record_file()}.lock"):
        known = {**record(), stem: entry}
        kept = {s: known[s] for s in sorted(known) if known[s] and s in stems()}
        record_file().write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def commit() -> str:
    """The commit that is checked out; empty where there is none."""
    try:
        return run(["git", "-C", repo(), "rev-parse", "HEAD"]).strip()
    except (LabkitError, OSError):
        return ""


def due(known: dict[str, Any], commit: str) -> list[str]:
    """The stems whose proof is stale, and a sixth of the others, drawn from the commit."""
    stale = [s for s in stems() if known.get(s, {}).get("inputs") != digest(s)]
    others = [s for s in stems() if s not in stale]
    sample = Random(commit).sample(others, -(-len(others) // SIXTH))
    return sorted([*stale, *sample])


def prove(named: Iterable[str], everything: bool, update: bool, quiet: bool) -> int:
    """Proves graders, prints the table, and keeps the record.

    Args:
        named: chapters; none means what is due.
        everything: all of them, except those proven already from these very inputs.
        update: renew snapshots.
        quiet: no line for each answer.

    Returns:
        0 if all that was asked for is proven, 5 if nothing was found, else 1.
    """
    console, known, head = Console(highlight=False, soft_wrap=True), record(), commit()
    if not stems():
        console.print("labkit prove: no exercise was found")
        return NOTHING_COLLECTED
    wanted = [notebooks.stem_of(word) for word in named]
    if not wanted and everything:
        wanted = [s for s in stems() if known.get(s, {}).get("inputs") != digest(s)]
    outcomes = []
    for stem in wanted or ([] if everything else due(known, head)):
        console.print(f"{stem} …")
        before = digest(stem)
        outcome = prove_stem(stem, update, (lambda text: None) if quiet else console.print)
        outcomes.append(outcome)
        for line in complaints(outcome):
            console.print(f"  {line}", markup=False)
        entry = None
        if outcome.is_proven and (
            update or digest(stem) == before
        ):  # what was edited meanwhile is not proven
            proof = {"inputs": digest(stem), "files": digest(stem, patterns=INPUTS), "commit": head}
            entry = {**proof, **summary(outcome)}
        write(stem, entry)
    console.print(table(record()))
    proven = sum(o.is_proven for o in outcomes)
    answers = sum(len(o.results) for o in outcomes)
    console.print(f"graders: {answers} answers tried · {proven} passed, {len(outcomes) - proven} failed")
    return int(proven < len(outcomes))


WORDS = {
    PASS: "ACCEPTED, though wrong",
    SKIP: "NOT LOOKED AT, though wrong",
    ERROR: "COULD NOT BE JUDGED, though wrong",
}


def complaints(outcome: Outcome) -> list[str]:
    """What keeps a stem from being proven, one line each."""
    told = {answer.key: result for answer, result in outcome.results}
    lines = [f"{WORDS[told[a.key].verdict]}: {a.key}\n{told[a.key]!r}" for a in outcome.survivors()]
    lines += [f"REJECTED, though right: {a.key}\n{told[a.key]!r}" for a in outcome.rejected()]
    lines += [f"CONTROL: {name}: {said}" for name, said in outcome.controls.items() if said]
    return lines + [f"ANSWERS: {fault}" for fault in outcome.faults]


def summary(outcome: Outcome) -> dict[str, Any]:
    """What the record and the site keep of a proof."""
    suite, tasks = load(outcome.stem), []
    survivors, rejected = outcome.survivors(), outcome.rejected()
    for task in TASKS:
        of_task = [(a, r) for a, r in outcome.results if suite.checks[a.check].task == task]
        checks = [c for c in suite.checks.values() if c.task == task]
        tasks.append(
            {
                "task": task,
                "checks": [c.title for c in checks],
                "points": sum(c.points for c in checks),
                "wrong": sum(not a.is_right for a, _ in of_task),
                "killed": sum(not a.is_right and a not in survivors for a, _ in of_task),
                "right": sum(a.is_right for a, _ in of_task),
                "accepted": sum(a.is_right and a not in rejected for a, _ in of_task),
            }
        )
    controls = {name: said is None for name, said in outcome.controls.items()}
    return {"seconds": round(outcome.seconds), "tasks": tasks, "controls": controls}


def table(known: dict[str, Any]) -> Table:
    """The table of the graders, as it is printed and shown on the site."""
    shown = Table("chapter", "task", "wrong answers killed", "right answers accepted", "controls", box=None)
    for stem, kept in known.items():
        passed = f"{sum(kept['controls'].values())} of {len(kept['controls'])}"
        for task in kept["tasks"]:
            killed, right = f"{task['killed']} of {task['wrong']}", f"{task['accepted']} of {task['right']}"
            shown.add_row(stem, task["task"], killed, right, passed)
            stem = passed = ""
    return shown
