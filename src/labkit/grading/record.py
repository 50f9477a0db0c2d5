"""What came of grading one submission: the record that every report is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from labkit.checks.faults import AGAIN
from labkit.checks.model import Suite
from labkit.checks.result import ERROR, Result
from labkit.grading.submission import Submission, labelled, plain

GRADED, REJECTED, PENDING = "graded", "rejected", "pending"


@dataclass
class Graded:
    """What came of one submission.

    Attributes:
        submission: what was handed in.
        verdict: graded; rejected, if it is no submission of this course; error, if the lab failed; pending,
            while it is not graded yet.
        why: the reason, if it is not graded.
        results: of each check, in the exercise's order.
        notes: what whoever grades should know.
        notebook: what was run, with its outputs, as JSON.
        seconds: how long it took.
    """

    submission: Submission
    verdict: str = GRADED
    why: str = ""
    results: list[Result] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    notebook: str | None = None
    seconds: float = 0.0

    @classmethod
    def broken(cls, submission: Submission, suite: Suite | None, why: str, verdict: str = ERROR) -> Graded:
        """A submission that is not graded, by no fault of its own: nothing is earned, nothing is lost.

        Args:
            submission: which.
            suite: its checks; None if they cannot be loaded.
            why: the reason.
            verdict: error, or pending.
        """
        message = "It could not be graded."
        results = [
            Result(c.name, c.title, c.task, c.points, ERROR, message, found=why, fix=AGAIN)
            for c in (suite.checks.values() if suite else ())
        ]
        return cls(submission, verdict, why, results, list(submission.notes))

    @property
    def earned(self) -> int:
        """Points that it has earned."""
        return sum(r.earned for r in self.results)

    @property
    def points(self) -> int:
        """All points there are."""
        return sum(r.points for r in self.results)

    @property
    def undecided(self) -> int:
        """Points that nobody could judge: neither earned nor lost."""
        return sum(r.points for r in self.results if r.verdict == ERROR)

    @property
    def run_again(self) -> bool:
        """Whether the lab failed, at all of it or at one task, or grading was ended before its turn."""
        return self.verdict in (ERROR, PENDING) or self.undecided > 0

    @property
    def total(self) -> str:
        """Its points in words."""
        if self.verdict == REJECTED:
            return "not graded"
        more = f", {self.undecided} undecided: run it again" if self.run_again else ""
        return f"{self.earned} of {self.points}{more}"

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        submission = self.submission
        return {
            "submission": submission.name,
            "file": plain(submission.path, 1000),
            "stem": submission.stem,
            "edition": labelled(submission.notebook).get("edition") if submission.notebook else None,
            "verdict": self.verdict,
            "why": self.why,
            "earned": self.earned,
            "points": self.points,
            "undecided": self.undecided,
            "run_again": self.run_again,
            "notes": self.notes,
            "results": [r.as_json() for r in self.results],
            "seconds": round(self.seconds, 1),
        }
