"""The slowest cells, tests and proofs of a test run: each suite writes its own, the run shows all together.

``reports/slowest/<suite>.json`` is a list of ``{"seconds": 12.3, "what": "test_down.py::test_x"}``,
the ten slowest, the slowest first.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from labkit.core.paths import repo

FOLDER = "reports/slowest"
COUNT = 10


@dataclass(frozen=True)
class Slow:
    """Something that took its time.

    Attributes:
        seconds: how long.
        what: a cell, a test or a proof, named so that it can be found.
    """

    seconds: float
    what: str


def file(suite: str, root: Path | None = None) -> Path:
    """Where a suite keeps its slowest."""
    return (root or repo()) / FOLDER / f"{suite}.json"


def forget(root: Path | None = None) -> None:
    """Removes what earlier runs have kept."""
    shutil.rmtree((root or repo()) / FOLDER, ignore_errors=True)


def keep(path: Path, times: Iterable[Slow]) -> None:
    """Writes the ten slowest of these and of what the file holds already (a suite may run in several parts).

    Args:
        path: the file, as of `file`.
        times: what was timed.
    """
    slowest = sorted([*read(path), *times], key=lambda slow: -slow.seconds)[:COUNT]
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = [{**asdict(slow), "seconds": round(slow.seconds, 1)} for slow in slowest]
    path.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> list[Slow]:
    """What a file holds; nothing where there is none, or none that can be read: it only informs."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return [Slow(float(entry["seconds"]), str(entry["what"])) for entry in entries]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def slowest(root: Path | None = None) -> list[tuple[str, Slow]]:
    """The ten slowest of all suites, each with its suite's name, the slowest first."""
    files = sorted(((root or repo()) / FOLDER).glob("*.json"))
    every = [(path.stem, slow) for path in files for slow in read(path)]
    return sorted(every, key=lambda entry: -entry[1].seconds)[:COUNT]
