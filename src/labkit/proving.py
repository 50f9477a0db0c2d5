"""Which graders are proven, the table, and the record that the site shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console
from rich.table import Table

from labkit import book
from labkit.checks import TASKS, load
from labkit.home import repo
from labkit.proof import FOLDER
from labkit.prover import Outcome, prove_stem
from labkit.run import run

SIXTH = 6
INPUTS = ("checks/{stem}.py", "solutions/{stem}.ipynb", "k8s/{stem}/**/*", "tests/graders/{stem}.py")
SHARED = ("src/labkit/*.py", "images/**/*", "requirements.txt")


def stems() -> list[str]:
    """The stems that have an exercise."""
    return book.stems("solutions")


def digest(stem: str, root: Path | None = None) -> str:
    """A digest of everything that a stem's proof depends on."""
    root, total = root or repo(), hashlib.sha256()
    for pattern in (*INPUTS, *SHARED):
        for path in sorted(p for p in root.glob(pattern.format(stem=stem)) if p.is_file()):
            total.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return total.hexdigest()[:16]


def record_file() -> Path:
    """Where the last proofs are kept."""
    return repo() / FOLDER / "record.json"


def record() -> dict[str, Any]:
    """The last proof of each stem."""
    return json.loads(record_file().read_text()) if record_file().exists() else {}


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
    console, known = Console(highlight=False, soft_wrap=True), record()
    commit = run(["git", "-C", repo(), "rev-parse", "HEAD"]).strip()
    wanted = [book.stem_of(word) for word in named]
    if not wanted:
        wanted = (
            [s for s in stems() if known.get(s, {}).get("inputs") != digest(s)]
            if everything
            else due(known, commit)
        )
    if not stems():
        console.print("labkit prove: no exercise was found")
        return 5
    outcomes = []
    for stem in wanted:
        console.print(f"{stem} …")
        outcome = prove_stem(stem, update, (lambda text: None) if quiet else console.print)
        outcomes.append(outcome)
        for line in complaints(outcome):
            console.print(f"  {line}")
        if outcome.is_proven:
            known[stem] = {"inputs": digest(stem), "commit": commit, **summary(outcome)}
            kept = {s: known[s] for s in sorted(known) if s in stems()}
            record_file().write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    console.print(table({s: known[s] for s in sorted(known)}))
    proven = sum(o.is_proven for o in outcomes)
    answers = sum(len(o.results) for o in outcomes)
    console.print(f"graders: {answers} answers tried · {proven} passed, {len(outcomes) - proven} failed")
    return int(proven < len(outcomes))


def complaints(outcome: Outcome) -> list[str]:
    """What keeps a stem from being proven, one line each."""
    told = {answer.key: result for answer, result in outcome.results}
    lines = [
        f"ACCEPTED, though wrong: {a.key} ({told[a.key].verdict} {told[a.key].message})"
        for a in outcome.survivors()
    ]
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
