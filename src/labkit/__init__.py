"""What a page of the course uses: the lab, waiting, proving.

The names in ``__all__`` are all that a notebook may use. Each is loaded when it is first used; type checkers
and editors read the imports below.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.book.figures import COLOURS, figure, show
    from labkit.book.ledger import prove
    from labkit.book.measured import measured
    from labkit.book.tables import table
    from labkit.core.engine import cli_env, docker_cmd
    from labkit.core.errors import (
        BrokenEnvironment,
        Busy,
        ClusterUnavailable,
        CommandFailed,
        EngineAbsent,
        EngineForbidden,
        EngineUnavailable,
        Failure,
        ImageUnavailable,
        LabkitError,
        LedgerError,
        Mismatch,
        Missing,
        NotOurs,
        TimedOut,
        Unsupported,
        Usage,
    )
    from labkit.lab.lab import Lab
    from labkit.learner.exercise import answer, check, hint, progress, start
    from labkit.learner.predict import beliefs, predict
    from labkit.load.client import PodClient
    from labkit.load.generator import LoadGenerator
    from labkit.load.plots import Interval, plot_lanes, plot_requests, plot_timeline
    from labkit.load.pods import PodWatch
    from labkit.observe.commands import output_of, succeeds
    from labkit.wait.until import until

_ERRORS = (
    "BrokenEnvironment",
    "Busy",
    "ClusterUnavailable",
    "CommandFailed",
    "EngineAbsent",
    "EngineForbidden",
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
    "LoadGenerator": "labkit.load.generator",
    "PodClient": "labkit.load.client",
    "PodWatch": "labkit.load.pods",
    "beliefs": "labkit.learner.predict",
    "measured": "labkit.book.measured",
    "predict": "labkit.learner.predict",
    "prove": "labkit.book.ledger",
    "table": "labkit.book.tables",
    "until": "labkit.wait.until",
    **dict.fromkeys(("answer", "check", "hint", "progress", "start"), "labkit.learner.exercise"),
    **dict.fromkeys(("COLOURS", "figure", "show"), "labkit.book.figures"),
    **dict.fromkeys(("Interval", "plot_lanes", "plot_requests", "plot_timeline"), "labkit.load.plots"),
    **dict.fromkeys(("cli_env", "docker_cmd"), "labkit.core.engine"),
    **dict.fromkeys(("output_of", "succeeds"), "labkit.observe.commands"),
    **dict.fromkeys(_ERRORS, "labkit.core.errors"),
}

__all__ = [  # noqa: RUF022  sorted as `dir` does
    "BrokenEnvironment",
    "Busy",
    "COLOURS",
    "ClusterUnavailable",
    "CommandFailed",
    "EngineAbsent",
    "EngineForbidden",
    "EngineUnavailable",
    "Failure",
    "ImageUnavailable",
    "Interval",
    "Lab",
    "LabkitError",
    "LedgerError",
    "LoadGenerator",
    "Mismatch",
    "Missing",
    "NotOurs",
    "PodClient",
    "PodWatch",
    "TimedOut",
    "Unsupported",
    "Usage",
    "answer",
    "beliefs",
    "check",
    "cli_env",
    "docker_cmd",
    "figure",
    "hint",
    "measured",
    "output_of",
    "plot_lanes",
    "plot_requests",
    "plot_timeline",
    "predict",
    "progress",
    "prove",
    "show",
    "start",
    "succeeds",
    "table",
    "until",
]

if not TYPE_CHECKING:  # to a type checker, another name than those above is an error

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"labkit has no {name!r}")
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value  # looked up once
        return value


def __dir__() -> list[str]:
    return __all__
