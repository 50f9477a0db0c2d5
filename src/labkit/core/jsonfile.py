"""Small JSON files that outlive a process: written whole or not at all, and mended when damaged."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock


def read(path: Path) -> dict[str, Any]:
    """What a file keeps; nothing if it is not there or damaged.

    A damaged file is renamed, never overwritten, and the reader is told on standard error.
    """
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError) as e:
        return _set_aside(path, str(e))
    return contents if isinstance(contents, dict) else _set_aside(path, "it holds no JSON object")


def update(path: Path, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Reads a file, lets `change` edit what it keeps, and replaces it in one step.

    Two processes that do so at the same time do it one after the other.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        contents = read(path)
        change(contents)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as f:
                json.dump(contents, f, ensure_ascii=False, indent=1, sort_keys=True)
                f.write("\n")
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    return contents


def _set_aside(path: Path, why: str) -> dict[str, Any]:
    """Renames a damaged file to the next free name and says so."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    try:
        path.rename(aside)
        outcome = f"It is kept as {aside.name}; what follows begins anew."
    except OSError:
        outcome = "It could not be set aside."
    print(f"labkit: {path} cannot be read ({why}). {outcome}", file=sys.stderr)
    return {}
