"""What running a chapter costs: wall time, and the peaks of memory and disk above where they were at first.

Kept in ``chapters/costs.yml``, an entry for each stem::

    ch01_docker_manages:
      seconds: 62          # wall time of all cells in a fresh kernel
      memory_mib: 410      # peak memory of the engine's machine, page cache not counted, above the start
      disk_mib: 290        # peak of the file system that the engine keeps its data on, above the start
      cells: 68            # code cells
      inputs: 0f3a91c27d   # what was measured: the digest of all that the run depends on

A chapter is to be measured again when what it really uses has changed (`labkit.mutation.inputs`): its code, a
bound two modules away, a manifest, an image; not when a comment has.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType

import yaml
from pydantic import NonNegativeInt, TypeAdapter

from labkit.book import notebooks
from labkit.book.stems import Stem
from labkit.core import engine, schema
from labkit.core.errors import Usage
from labkit.core.labels import labels
from labkit.core.paths import repo
from labkit.core.schema import Text, strict
from labkit.mutation import inputs

FILE = "chapters/costs.yml"
IMAGE = "debian:trixie-slim"
EVERY = 0.2
SAMPLE = (
    "while :; do awk '/MemAvailable/ {printf \"%s \", $2}' /proc/meminfo; "
    f"df -k / | awk 'NR == 2 {{print $3}}'; sleep {EVERY}; done"
)
"""A line for each sample: KiB of memory that is free to use, KiB of disk that are taken."""
HEAD = "# What a run of each chapter costs, written by `labkit cost`; the pages show it at their head.\n"


@strict
@dataclass(frozen=True)
class Cost:
    """The cost of one run.

    Attributes:
        seconds: wall time, in s.
        memory_mib: peak memory above the start, in MiB.
        disk_mib: peak disk use above the start, in MiB.
        cells: code cells of the notebook.
        inputs: digest of all that the run depends on.
    """

    seconds: NonNegativeInt
    memory_mib: NonNegativeInt
    disk_mib: NonNegativeInt
    cells: NonNegativeInt
    inputs: Text


COSTS: TypeAdapter[dict[Stem, Cost]] = TypeAdapter(dict[Stem, Cost])


class Sampler:
    """Samples the engine's machine from a container while a block runs: `memory` and `disk`, peaks in MiB."""

    memory = disk = 0

    def __enter__(self) -> Sampler:
        self._docker = engine.client()
        self._container = self._docker.containers.run(
            IMAGE,
            ["sh", "-c", SAMPLE],
            detach=True,
            labels=labels("lab", "infra", "cost"),
            network_mode="none",
        )
        next(self._container.logs(stream=True, follow=True))  # the first sample is the start
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._container.kill()
            if error is None:
                self.memory, self.disk = peaks(self._container.logs().decode())
        finally:
            self._container.remove(force=True)
            self._docker.close()


def peaks(printed: str) -> tuple[int, int]:
    """The peaks above the first sample, in MiB: memory and disk.

    Raises:
        Usage: there is no sample.
    """
    rows = [line.split() for line in printed.splitlines()]
    samples = [(int(row[0]), int(row[1])) for row in rows if len(row) == 2 and all(w.isdigit() for w in row)]
    if not samples:
        raise Usage("Nothing was sampled.", wanted="lines of two numbers", found=printed[:200])
    free, taken = zip(*samples, strict=True)
    return round((free[0] - min(free)) / 1024), round((max(taken) - taken[0]) / 1024)


def measured(stem: str, root: Path | None = None) -> tuple[int, str]:
    """What is measured, for `Cost`: how many code cells a chapter has, and the digest of all that it uses."""
    cells = inputs.code_cells(notebooks.path(stem, root=root))
    return len(list(cells)), digest(stem, inputs.Inputs(root))


def digest(stem: str, course: inputs.Inputs) -> str:
    """The digest of all that a run of a chapter depends on, in a course as it is now."""
    return inputs.digest(course.of_chapter(stem))


def measure(stem: str) -> Cost:
    """Runs a chapter once in a fresh kernel, stores none of its outputs, and returns what it cost.

    Raises:
        LabkitError: a cell failed.
        EngineUnavailable: no Docker daemon answers.
    """
    cells, used = measured(stem)  # before: what is edited meanwhile is due again
    with Sampler() as sampled:
        started = time.monotonic()
        notebooks.execute(notebooks.path(stem), save=False)
        seconds = time.monotonic() - started
    return Cost(round(seconds), sampled.memory, sampled.disk, cells, used)


def costs(root: Path | None = None) -> dict[str, Cost]:
    """The costs measured so far, by stem; none where there is no file.

    Raises:
        Usage: the file does not fit its schema.
    """
    path = (root or repo()) / FILE
    if not path.exists():
        return {}
    return schema.load(path, COSTS, empty={}, fix=f"rm {FILE}; labkit cost")


def stale(root: Path | None = None) -> list[str]:
    """The chapters that have changed since they were measured, or what they use; and those never measured."""
    known, course = costs(root), inputs.Inputs(root)
    return [
        stem
        for stem in notebooks.stems(root=root)
        if stem not in known or known[stem].inputs != digest(stem, course)
    ]


def keep(stem: str, cost: Cost, root: Path | None = None) -> None:
    """Writes one chapter's cost; the others stay, and those of chapters that are gone go."""
    known = {**costs(root), stem: cost}
    entries = {s: asdict(known[s]) for s in notebooks.stems(root=root) if s in known}
    ((root or repo()) / FILE).write_text(HEAD + yaml.safe_dump(entries, sort_keys=False), encoding="utf-8")


def said(cost: Cost) -> str:
    """A cost in words: ``1 min 5 s and, at the peak, 410 MiB of memory and 1.2 GiB of disk``."""
    minutes, seconds = divmod(cost.seconds, 60)
    parts = [f"{minutes} min"] * bool(minutes) + [f"{seconds} s"] * bool(seconds or not minutes)
    peaks = f"{size(cost.memory_mib)} of memory and {size(cost.disk_mib)} of disk"
    return f"{' '.join(parts)} and, at the peak, {peaks}"


def size(mib: int) -> str:
    """A size in MiB, in GiB from 1024 on."""
    return f"{mib} MiB" if mib < 1024 else f"{mib / 1024:.1f} GiB"
