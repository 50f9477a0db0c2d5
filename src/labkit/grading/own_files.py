"""What grading itself has written, so that a later run does not take it for something handed in.

A folder of reports lists its files with their digests: what is listed and unchanged is a report. A list of
somebody else's can make nothing of theirs vanish whose content they do not know.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

LIST = "written.json"
LIST_CAP = 10_000_000
"""The largest list that is read, in bytes."""


def digest(path: Path) -> str:
    """What tells a file's content from another's; empty where it is no file that can be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    except OSError:
        return ""


def listed(folder: Path, paths: Iterable[Path]) -> str:
    """The list of a folder of reports, with files that were written into it now, as JSON."""
    files = noted(folder) | {p.relative_to(folder).as_posix(): digest(p) for p in paths}
    return json.dumps({"files": files}, indent=1) + "\n"


def noted(folder: Path) -> dict[str, str]:
    """The digests of a folder's reports by their place in it; empty where nothing is listed."""
    path = folder / LIST
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LIST_CAP:
            return {}
        files = json.loads(path.read_bytes())["files"]
        return {place: told for place, told in files.items() if isinstance(told, str) and told}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def written_to(folder: Path) -> set[Path]:
    """The files in a folder and below it that are reports, and their list."""
    told = {folder / place: is_told for place, is_told in noted(folder).items() if is_inside(Path(place))}
    unchanged = {path for path, is_told in told.items() if digest(path) == is_told}
    return {*unchanged, folder / LIST} if unchanged else set()


def is_inside(place: Path) -> bool:
    """Whether a place leads to nothing outside of the folder that it is joined to."""
    return not place.is_absolute() and ".." not in place.parts
