"""The small package under the course: the lab, waiting, proving.

What a notebook may use is in ``__all__``; it is loaded when it is first asked for.
"""

from __future__ import annotations

import importlib

_ERRORS = (
    "BrokenEnvironment",
    "Busy",
    "ClusterUnavailable",
    "CommandFailed",
    "EngineUnavailable",
    "Failure",
    "ImageUnavailable",
    "LabkitError",
    "LedgerError",
    "Mismatch",
    "Missing",
    "NotOurs",
    "TimedOut",
    "Unsupported",
    "Usage",
)
_HOMES = {
    "Lab": "labkit.lab.lab",
    "beliefs": "labkit.learner.predict",
    "measured": "labkit.book.measured",
    "predict": "labkit.learner.predict",
    "prove": "labkit.book.ledger",
    "until": "labkit.wait.until",
    **dict.fromkeys(("answer", "check", "hint", "progress", "start"), "labkit.learner.exercise"),
    **dict.fromkeys(("COLOURS", "figure", "show"), "labkit.book.figures"),
    **dict.fromkeys(_ERRORS, "labkit.core.errors"),
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"labkit has no {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value  # looked up once
    return value


def __dir__() -> list[str]:
    return __all__
