"""The result of a check: one record, shown as text, as HTML, or kept as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from labkit.checks.model import Check
from labkit.core.theme import SIGNS

PASS, FAIL, SKIP, ERROR = "pass", "fail", "skip", "error"
COLUMNS = ("state", "what is asked for", "points")
NO_FAULT = "The lab is at fault here, not your work. It costs no points."


@dataclass(frozen=True)
class Result:
    """What a check found.

    Attributes:
        name: the check's.
        title: what it asks for.
        task: do, transfer or repair.
        points: what it is worth.
        verdict: pass, fail, skip (it could not begin) or error (the lab is at fault).
        message: one sentence; empty for a pass.
        wanted: what was asked for, if that adds something.
        found: what was there.
        hint: where to look, for a foreseen mistake.
        fix: what to do next.
        evidence: last states, events or log lines.
        seconds: how long it took.
    """

    name: str
    title: str
    task: str
    points: int
    verdict: str
    message: str = ""
    wanted: str | None = None
    found: str | None = None
    hint: str | None = None
    fix: str | None = None
    evidence: str = ""
    seconds: float = 0.0

    @classmethod
    def of(cls, check: Check, verdict: str, **parts: Any) -> Result:
        """The result of a check.

        Args:
            check: which.
            verdict: pass, fail, skip or error.
            **parts: the other attributes, from ``message`` on.
        """
        return cls(check.name, check.title, check.task, check.points, verdict, **parts)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Result:
        """A result from what `as_json` has made of it."""
        return cls(**{field.name: record[field.name] for field in fields(cls)})

    @property
    def earned(self) -> int:
        """Its points, if it passed."""
        return self.points if self.verdict == PASS else 0

    @property
    def details(self) -> list[tuple[str, str]]:
        """What is said beside the message, in words and texts."""
        pairs = [("wanted", self.wanted), ("found", self.found), ("hint", self.hint), ("next", self.fix)]
        return [(word, str(said)) for word, said in pairs if said is not None]

    @property
    def head(self) -> str:
        """Verdict, title and points in one line."""
        return f"{SIGNS[self.verdict]} {self.verdict}: {self.title} ({self.earned} of {self.points} points)"

    def as_json(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {**asdict(self), "earned": self.earned}

    def __repr__(self) -> str:
        lines = [self.head]
        if self.message:
            told = [self.message, *(f"{word}: {said}" for word, said in self.details)]
            lines += [f"  {line}" for text in told for line in text.splitlines()]
        if self.verdict == ERROR:
            lines.append(f"  {NO_FAULT}")
        return "\n".join(lines + [f"  {line}" for line in self.evidence.splitlines()])

    def _repr_html_(self) -> str:
        from labkit.core.html import render  # Jinja2 is loaded when something is shown

        return render("checks/templates/result.html.j2", result=self, no_fault=NO_FAULT)


class Progress:
    """The state of a whole exercise, check by check.

    Args:
        rows: title, points and the verdict (None where there is none yet) of each check.
    """

    def __init__(self, rows: Iterable[tuple[str, int, str | None]]):
        self.rows = list(rows)

    @property
    def earned(self) -> int:
        """Points so far."""
        return sum(points for _, points, verdict in self.rows if verdict == PASS)

    @property
    def points(self) -> int:
        """All points."""
        return sum(points for _, points, _ in self.rows)

    def lines(self) -> list[tuple[str, str, str]]:
        """A sign with a word, a title and points, for each check."""
        return [
            (
                f"{SIGNS[verdict]} {verdict}" if verdict else "· open",
                title,
                f"{points if verdict == PASS else 0} of {points}",
            )
            for title, points, verdict in self.rows
        ]

    def __repr__(self) -> str:
        lines = [f"{said:8}{points:>8}  {title}" for said, title, points in self.lines()]
        return "\n".join([f"{self.earned} of {self.points} points", *lines])

    def _repr_html_(self) -> str:
        from labkit.core.html import render

        return render("checks/templates/progress.html.j2", progress=self, columns=COLUMNS)
