"""What one check of the doctor found."""

from __future__ import annotations

from dataclasses import asdict, dataclass

OK, WARN, FAIL, SKIPPED = "ok", "warn", "fail", "skipped"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        name: what was looked at.
        state: ``ok``, ``warn`` (works, with a limit), ``fail`` or ``skipped`` (cannot be known; says why).
        found: what is there.
        wanted: what the course needs.
        fix: the command that mends it; empty where nothing is broken.
    """

    name: str
    state: str
    found: str
    wanted: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        """For ``--json``."""
        return asdict(self)


def finding(name: str, good: bool, found: object, wanted: object, fix: str, *, bad: str = FAIL) -> Finding:
    """A finding from a yes or no."""
    return Finding(name, OK if good else bad, str(found), str(wanted), "" if good else fix)
