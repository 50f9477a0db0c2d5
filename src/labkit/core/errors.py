"""Every error of the course, in one tree.

::

    LabkitError
    ├── BrokenEnvironment      the lab is at fault, never the learner (verdict: error)
    │   ├── EngineUnavailable  no Docker daemon answers that can be used
    │   │   ├── EngineAbsent       none is named, and none answers
    │   │   └── EngineForbidden    one is there, and refuses this user
    │   ├── ClusterUnavailable the kind cluster does not answer, or is not healthy
    │   ├── ImageUnavailable   an image the course needs is neither here nor to be had
    │   ├── CommandFailed      a program we called ended with a non-zero exit status
    │   ├── NotOurs            an object with our name exists and the course did not make it
    │   └── Busy               another process holds this stem's lab
    ├── Unsupported            this machine needs something installed by hand (exit code 3)
    ├── Usage                  the call itself is wrong: unknown stem, bad manifest, bad option
    ├── LedgerError            a claim and its proof disagree
    └── Failure                the work under test is not (yet) right (verdict: fail)
        ├── Missing            the object is not there
        ├── Mismatch           it is there and differs
        └── TimedOut           the condition did not come true in time

Each message says what was wanted, what was found and what to do next.
"""

from __future__ import annotations

from typing import Any


class LabkitError(Exception):
    """Base of all errors of the course.

    Args:
        message: one sentence that says what is wrong.
        wanted: what was expected, if that adds something.
        found: what was there instead.
        fix: what to do next, a command where there is one.
    """

    exit_code = 1

    def __init__(self, message: str, *, wanted: object = None, found: object = None, fix: str | None = None):
        super().__init__(message)
        self.message, self.wanted, self.found, self.fix = message, wanted, found, fix

    def __str__(self) -> str:
        lines = [self.message]
        for word, value in (("wanted", self.wanted), ("found", self.found), ("next", self.fix)):
            if value is not None:
                lines.append(f"  {word}: {value}")
        return "\n".join(lines)


def _message_alone(e: LabkitError) -> list[str]:
    """What a notebook shows in place of a traceback, where the message says all."""
    return f"{type(e).__name__}: {e}".splitlines()


class BrokenEnvironment(LabkitError):
    """The lab is at fault; a learner is never blamed for it."""

    _render_traceback_ = _message_alone


class EngineUnavailable(BrokenEnvironment):
    """No Docker daemon answers, or the one that does cannot be used."""


class EngineAbsent(EngineUnavailable):
    """No Docker engine is named, and none answers: one may be started."""


class EngineForbidden(EngineUnavailable):
    """A Docker daemon is there, and this user may not use its socket."""


class ClusterUnavailable(BrokenEnvironment):
    """The course's kind cluster does not answer or is not healthy."""


class ImageUnavailable(BrokenEnvironment):
    """An image that the course needs is neither here nor to be had."""


class CommandFailed(BrokenEnvironment):
    """A program that the course called ended with a non-zero exit status."""


class NotOurs(BrokenEnvironment):
    """An object with our name exists and does not carry our labels: it is left alone."""


class Busy(BrokenEnvironment):
    """Another process holds this stem's lab."""


class Unsupported(LabkitError):
    """The machine needs something that only its owner can install."""

    exit_code = 3


class Usage(LabkitError):
    """The call itself is wrong: an unknown stem, a bad manifest, a bad option."""

    exit_code = 2
    _render_traceback_ = _message_alone


class LedgerError(LabkitError):
    """A claim in ``chapters/claims.yml`` and its proof disagree."""


class Failure(LabkitError):
    """The work under test is not (yet) right; only these blame the learner.

    Args:
        message: one sentence that says what is wrong.
        hint: where to look, for a mistake that was foreseen; never the answer.
        **fields: as for `LabkitError`.
    """

    def __init__(self, message: str, *, hint: str | None = None, **fields: Any):
        super().__init__(message, **fields)
        self.hint = hint

    def __str__(self) -> str:
        return super().__str__() + (f"\n  hint: {self.hint}" if self.hint else "")


class Missing(Failure):
    """The object is not there."""


class Mismatch(Failure):
    """The object is there and differs from what was asked."""


class TimedOut(Failure):
    """A condition did not come true in time.

    Args:
        message: one sentence that says what was waited for, and how long.
        evidence: last state, recent events or logs, newest last.
        **fields: as for `LabkitError`.
    """

    def __init__(self, message: str, *, evidence: str = "", **fields: Any):
        super().__init__(message, **fields)
        self.evidence = evidence

    def __str__(self) -> str:
        return super().__str__() + (f"\n{self.evidence}" if self.evidence else "")


def root(e: BaseException) -> BaseException:
    """What an error of a connection comes from: the system's own error, where one is behind it."""
    import requests  # late: whoever only raises errors does not wait for it

    chain = [e]
    while (inner := chain[-1].__cause__ or chain[-1].__context__) and inner not in chain:
        chain.append(inner)
    wrappers = requests.exceptions.RequestException
    return next((x for x in reversed(chain) if isinstance(x, OSError) and not isinstance(x, wrappers)), e)
