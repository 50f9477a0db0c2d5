"""The tests of graders and of proofs, each as a job: what it depends on, and what comes of it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from labkit.book import notebooks
from labkit.checks.loader import load
from labkit.checks.model import TASKS
from labkit.checks.result import ERROR, PASS, SKIP
from labkit.mutation import changes, claims, inputs, record, runner
from labkit.mutation.claims import Plant
from labkit.mutation.runner import Outcome

Say = Callable[[str], None]


@dataclass
class Job(ABC):
    """One test.

    Attributes:
        stem: whose; two tests of one stem never run at once.
        is_alone: whether no other test may run beside it.
        seconds_by_part: how long each part of it took, by what it was.
    """

    stem: str
    is_alone: bool = False
    seconds_by_part: dict[str, float] = field(default_factory=dict)

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of its entry in the record."""

    @property
    @abstractmethod
    def entries(self) -> record.Record[Any]:
        """The record that has its entry."""

    @abstractmethod
    def depends_on(self, course: inputs.Inputs) -> dict[str, str]:
        """What it depends on, as it is now."""

    @abstractmethod
    def names(self) -> list[str]:
        """The names of all entries that its record may have."""

    def writes(self, name: str) -> bool:
        """Whether it renews an input of this name itself."""
        return False

    @abstractmethod
    def run(self, say: Say) -> tuple[list[str], dict[str, Any] | None]:
        """Runs it.

        Args:
            say: called with a line of progress.

        Returns:
            What is wrong, one line each, and what its entry holds beside inputs, commit and seconds: None if
            something is wrong.
        """


@dataclass
class GraderJob(Job):
    """The answers and controls of a stem's graders.

    Attributes:
        update: whether what wrong answers are told now becomes the snapshot.
        quiet: whether no answer gets a line.
        tried: how many answers were.
    """

    update: bool = False
    quiet: bool = False
    tried: int = 0

    @property
    def name(self) -> str:
        """The stem."""
        return self.stem

    @property
    def entries(self) -> record.Record[record.GraderEntry]:
        """The graders' record."""
        return record.GRADERS

    def depends_on(self, course: inputs.Inputs) -> dict[str, str]:
        """What the graders depend on."""
        return course.of_graders(self.stem)

    def names(self) -> list[str]:
        """All stems that have an exercise."""
        return notebooks.stems("solutions")

    def writes(self, name: str) -> bool:
        """Whether it renews the snapshot."""
        return self.update and name == inputs.snapshot_of(self.stem)

    def run(self, say: Say) -> tuple[list[str], dict[str, Any] | None]:
        """Tries the answers."""
        outcome = runner.mutate_stem(self.stem, self.update, (lambda line: None) if self.quiet else say)
        self.seconds_by_part, self.tried = outcome.seconds_by_part, len(outcome.results)
        return complaints(outcome), summary(outcome) if outcome.has_passed else None


@dataclass
class PlantJob(Job):
    """One planted change of a chapter.

    Attributes:
        plant: the change.
    """

    plant: Plant = field(kw_only=True)

    @property
    def name(self) -> str:
        """The claim."""
        return self.plant.claim

    @property
    def entries(self) -> record.Record[record.ClaimEntry]:
        """The proofs' record."""
        return record.CLAIMS

    def depends_on(self, course: inputs.Inputs) -> dict[str, str]:
        """What the run with the change depends on."""
        return course.of_plant(self.stem, self.plant)

    def names(self) -> list[str]:
        """All claims that have a planted change."""
        return [plant.claim for stem in notebooks.stems() for plant in changes.readable_plants(stem)]

    def run(self, say: Say) -> tuple[list[str], dict[str, Any] | None]:
        """Runs the chapter with the change."""
        started = time.monotonic()
        fault = claims.verdict_turns(self.stem, self.plant)
        seconds = time.monotonic() - started
        self.seconds_by_part[f"{self.name}: {self.plant.change}"] = seconds
        say(f"{self.name}: {self.plant.change}: {fault or 'turned'} ({seconds:.0f} s)")
        return [f"{self.name}: {fault}"] * bool(fault), None if fault else {"change": self.plant.change}


def grader_jobs(
    stems: Iterable[str] | None = None, update: bool = False, quiet: bool = False
) -> list[GraderJob]:
    """The tests of graders of these stems; None means of all that have an exercise."""
    wanted = notebooks.stems("solutions") if stems is None else stems
    return [GraderJob(s, load(s).cluster, update=update, quiet=quiet) for s in wanted]


def plant_jobs(stems: Iterable[str] | None = None) -> list[PlantJob]:
    """The planted changes of these chapters; None means of all."""
    jobs: list[PlantJob] = []
    for stem in notebooks.stems() if stems is None else stems:
        is_alone = bool(notebooks.read(notebooks.path(stem)).metadata.get("exclusive"))
        jobs += [PlantJob(stem, is_alone, plant=plant) for plant in changes.plants(stem)]
    return jobs


WORDS = {
    PASS: "ACCEPTED, though wrong",
    SKIP: "NOT LOOKED AT, though wrong",
    ERROR: "COULD NOT BE JUDGED, though wrong",
}


def complaints(outcome: Outcome) -> list[str]:
    """What is wrong with a stem's graders, one line each."""
    results = {answer.key: result for answer, result in outcome.results}
    lines = [f"{WORDS[results[a.key].verdict]}: {a.key}\n{results[a.key]!r}" for a in outcome.survivors()]
    lines += [f"REJECTED, though right: {a.key}\n{results[a.key]!r}" for a in outcome.rejected()]
    lines += [f"CONTROL: {name}: {fault}" for name, fault in outcome.controls.items() if fault]
    lines += [f"ANSWERS: {fault}" for fault in outcome.faults]
    return lines if outcome.results and outcome.controls else [*lines, "ANSWERS: nothing was tried"]


def summary(outcome: Outcome) -> dict[str, Any]:
    """What the record and the site keep of a stem's answers and controls."""
    suite, tasks = load(outcome.stem), []
    survivors, rejected = outcome.survivors(), outcome.rejected()
    for task in TASKS:
        answers = [a for a, _ in outcome.results if suite.checks[a.check].task == task]
        checks = [c for c in suite.checks.values() if c.task == task]
        tasks.append(
            {
                "task": task,
                "checks": [c.title for c in checks],
                "points": sum(c.points for c in checks),
                "wrong": sum(not a.is_right for a in answers),
                "killed": sum(not a.is_right and a not in survivors for a in answers),
                "right": sum(a.is_right for a in answers),
                "accepted": sum(a.is_right and a not in rejected for a in answers),
            }
        )
    return {"tasks": tasks, "controls": {name: fault is None for name, fault in outcome.controls.items()}}
