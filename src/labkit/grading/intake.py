"""The files behind what was typed: the notebooks to grade, and all others, so that each is told of.

Links are not followed: a link may lead anywhere, to the file of somebody else or around in a circle. What
grading itself has written is not taken for something handed in.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from labkit.core.errors import Usage
from labkit.grading import own_files
from labkit.grading.submission import plain

NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.IGNORECASE)
"""How a notebook's name ends; some browsers add an ending of their own when they save one."""

ARCHIVE = re.compile(r"\.(zip|7z|rar|tar|t?gz|tar\.\w+)$", re.IGNORECASE)
HIDDEN, LINK = "It is hidden, and not searched.", "It is a link, and links are not followed."
NO_NOTEBOOK = "It is no notebook."
LEFT_OUT, USED = "left out", "used"


@dataclass
class Other:
    """A file that is not graded.

    Attributes:
        name: what reports call it.
        why: the reason.
        state: left out, or used by a submission beside which it lies.
    """

    name: str
    why: str
    state: str = LEFT_OUT


@dataclass
class Intake:
    """All files that were handed in; each is in one of the two.

    Attributes:
        notebooks: what is to be graded, by the name that reports give it.
        others: all else.
    """

    notebooks: dict[str, Path] = field(default_factory=dict)
    others: dict[Path, Other] = field(default_factory=dict)


def find(paths: Iterable[Path], out: Path | None = None) -> Intake:
    """The files behind what was typed.

    Args:
        paths: files, or folders that are searched.
        out: the folder of reports: where it lies in a searched folder, nothing in it was handed in.

    Raises:
        Usage: there is no notebook.
    """
    notebooks: dict[Path, tuple[str, Path]] = {}
    others: dict[Path, Other] = {}
    for given in paths:
        if not given.is_dir() or NOTEBOOK.search(given.name):
            notebooks.setdefault(place_of(given), (name_of(Path(given.name)), given))
            continue
        for path, why in searched(given, out):
            inside = path.relative_to(given)
            if why:
                others.setdefault(place_of(path), Other(plain(inside.as_posix()), why))
            else:
                notebooks.setdefault(place_of(path), (name_of(inside), path))
    if not notebooks and not any(NOTEBOOK.search(path.name) for path in others):
        raise Usage("There is no notebook to grade.", wanted="files that end in .ipynb, or a folder of them")
    return Intake(named(notebooks.values()), {p: o for p, o in others.items() if p not in notebooks})


def place_of(path: Path) -> Path:
    """Where a file is, whatever way it was reached; a link is where it is itself, not where it leads."""
    return Path(os.path.realpath(path.parent)) / path.name


def searched(folder: Path, out: Path | None) -> Iterator[tuple[Path, str]]:
    """All that a folder holds, in order: each path, and why it is not graded, or nothing if it is to be."""
    faults: list[OSError] = []
    ours: set[Path] = set()
    for here, folders, files in os.walk(folder, onerror=faults.append):
        place = Path(here)
        ours |= own_files.written_to(place)
        ours |= {place / name for name in folders if out and is_same(place / name, out)}
        paths = [place / name for name in sorted([*folders, *files])]
        into = [p.name for p in paths if p.name in folders and p not in ours and not why_closed(p)]
        for path in paths:
            if path not in ours and (path.name not in into or NOTEBOOK.search(path.name)):
                yield path, why_not(path)
        folders[:] = into
    for fault in faults:
        yield Path(fault.filename), f"It cannot be searched: {fault.strerror}."


def why_closed(path: Path) -> str:
    """Why a path is not looked into; empty if it is."""
    if path.is_symlink():
        return LINK
    return HIDDEN if path.name.startswith(".") else ""


def why_not(path: Path) -> str:
    """Why a path in a searched folder is not graded; empty if it is to be."""
    if closed := why_closed(path):
        return closed
    if NOTEBOOK.search(path.name):
        return ""
    return "It is an archive: unpack it." if ARCHIVE.search(path.name) else NO_NOTEBOOK


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths are of one folder; one that is not there is no other's."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def name_of(path: Path) -> str:
    """What reports call a notebook: where it is, without the ending."""
    return NOTEBOOK.sub("", path.as_posix())


def named(notebooks: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    """Notebooks by name, no two alike, however alike their files' names are."""
    pairs = sorted(notebooks)
    several = Counter(short for short, _ in pairs)
    found: dict[str, Path] = {}
    for short, path in pairs:
        name = word = plain(short if several[short] == 1 else name_of(path))
        number = 1
        while name in found:
            number += 1
            name = f"{word} ({number})"
        found[name] = path
    return found
