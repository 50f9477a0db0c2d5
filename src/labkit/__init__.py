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
    "Lab": "labkit.lab",
    "beliefs": "labkit.committed",
    "measured": "labkit.measure",
    "predict": "labkit.committed",
    "prove": "labkit.ledger",
    "until": "labkit.retry",
    **dict.fromkeys(("answer", "check", "hint", "progress", "start"), "labkit.exercise"),
    **dict.fromkeys(_ERRORS, "labkit.errors"),
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
