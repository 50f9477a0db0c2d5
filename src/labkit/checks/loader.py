"""The checks of a stem, found and loaded."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path

from labkit.checks.model import Check, Scene, Suite
from labkit.core.errors import Usage
from labkit.core.paths import repo


@cache
def load(stem: str, root: Path | None = None) -> Suite:
    """The checks of a stem, from ``checks/<stem>.py``.

    Args:
        stem: such as ``ch01_docker_manages``.
        root: the course's folder; None is this one.

    Raises:
        Usage: there is no such file, or it holds no check.
    """
    path = (root or repo()) / "checks" / f"{stem}.py"
    if not path.is_file():
        raise Usage(f"{stem} has no checks.", wanted=f"checks/{stem}.py")
    spec = importlib.util.spec_from_file_location(f"labkit_checks_{stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = vars(module).values()
    suite = Suite(
        stem,
        {c.name: c for c in found if isinstance(c, Check)},
        {s.name: s for s in found if isinstance(s, Scene)},
        tuple(getattr(module, "IMAGES", ())),
        bool(getattr(module, "CLUSTER", False)),
        path,
    )
    if not suite.checks:
        raise Usage(f"{path.name} holds no check.", wanted="functions marked @check(task=…, points=…)")
    return suite
