"""The command ``labkit`` for a terminal of JupyterLab, or for a shell after ``eval "$(labkit env)"``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from labkit.core.paths import home


def ensure() -> Path:
    """Writes ``labkit`` into ``home()/bin``, which `labkit.core.engine.exports` puts first on PATH."""
    target = home() / "bin" / "labkit"
    text = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m labkit "$@"\n'
    if not target.exists() or target.read_text() != text:
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
        target.chmod(0o755)
    return target
