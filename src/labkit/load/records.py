"""What became of requests: one record each, and the numbers that are read from them."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass

from labkit.core.errors import Mismatch

LOST = "lost"
"""What `Requests.outcomes` calls a request without an answer."""

MANY = 10**9
"""`Requests.missing` where the time is not over."""


@dataclass(frozen=True)
class Request:
    """One request and its outcome.

    Attributes:
        number: counted for each target, from 0.
        sent: when it was sent, in seconds since the epoch.
        seconds: until the outcome.
        target: where it went, by the name that the generator was given.
        status: of the answer; None where none came.
        answer: what was answered, as far as it is kept.
        error: why there is no answer in time: the exception's name, or ``late``.
    """

    number: int
    sent: float
    seconds: float
    target: str
    status: int | None
    answer: str = ""
    error: str | None = None

    @property
    def lost(self) -> bool:
        """Whether it got no answer of status 200 in time."""
        return self.status != 200 or self.error is not None

    @property
    def outcome(self) -> str:
        """``lost``, or what was answered."""
        return LOST if self.lost else self.answer


def parse(log: str) -> Requests:
    """The records of a generator's log, in the order of their outcomes.

    Raises:
        Mismatch: a line is no record.
    """
    return Requests(record(line) for line in log.splitlines())


def record(line: str) -> Request:
    """One record.

    Raises:
        Mismatch: it is none; a sender that has failed says why in such a line.
    """
    try:
        number, sent, seconds, target, status, answer, error = json.loads(line)
        return Request(int(number), float(sent), float(seconds), target, status, answer, error)
    except (ValueError, TypeError):
        raise Mismatch(
            "The log of a load generator has a line that is no record.",
            wanted="[number, sent, seconds, target, status, answer, error]",
            found=line[:200],
        ) from None


class Requests(tuple[Request, ...]):
    """Some records, and what is asked of them."""

    __slots__ = ()

    def of(self, target: str) -> Requests:
        """Those to one target."""
        return Requests(r for r in self if r.target == target)

    def between(self, began: float, ended: float) -> Requests:
        """Those that were sent from one moment on and before another."""
        return Requests(r for r in self if began <= r.sent < ended)

    @property
    def targets(self) -> list[str]:
        """The targets that occur, sorted."""
        return sorted({r.target for r in self})

    @property
    def lost(self) -> Requests:
        """Those without an answer of status 200 in time."""
        return Requests(r for r in self if r.lost)

    @property
    def answered(self) -> Requests:
        """Those with one."""
        return Requests(r for r in self if not r.lost)

    @property
    def outcomes(self) -> Counter[str]:
        """How often each outcome came: ``lost``, or what was answered."""
        return Counter(r.outcome for r in self)

    def last(self, n: int) -> Requests:
        """The n whose outcomes came last."""
        return Requests(self[max(0, len(self) - n) :])

    @property
    def longest_outage(self) -> float:
        """Seconds from the first of a row of losses to the next answered request, of the longest such row.

        A row that nothing answered follows is as long as to its last loss. To be asked of one target's.
        """
        longest, began = 0.0, None
        for r in sorted(self, key=lambda r: r.sent):
            if r.lost and began is None:
                began = r.sent
            if began is not None:
                longest = max(longest, r.sent - began)
            if not r.lost:
                began = None
        return longest

    def missing(self, began: float, ended: float) -> int:
        """How many requests of this time have no record: under way still, or skipped by a late sender.

        The numbers of a target have no gap, so what lies between the last one before this time and the first
        one after it should be here. Without one after it, there is no saying, and more than any is missing.
        """
        without = 0.0
        for target in self.targets:
            rows = self.of(target)
            before = max(((r.sent, r.number) for r in rows if r.sent < began), default=(0.0, -1))[1]
            after = min(((r.sent, r.number) for r in rows if r.sent >= ended), default=(0.0, math.inf))[1]
            without += after - before - 1 - len(rows.between(began, ended))
        return int(without) if math.isfinite(without) else MANY

    def undisturbed(self, control: str, began: float, ended: float) -> bool:
        """Whether the time can be judged: the control got requests and lost none, and no record is missing.

        Args:
            control: a target that nobody changes.
            began: when the time began.
            ended: when it ended.
        """
        calm = self.of(control).between(began, ended)
        return bool(calm) and not calm.lost and not self.missing(began, ended)
