"""The files that a learner's notebook reads: what lies beside it is copied into the folder where it runs.

Whose a file is, its folder says: a folder with one notebook of an exercise is one learner's. Nothing is taken
from a folder with several, where a submission could read what others have handed in.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from labkit.grading.intake import NOTEBOOK, place_of, searched, why_closed
from labkit.grading.submission import Submission

COUNT_CAP, SIZE_CAP = 200, 20_000_000
"""How many files are copied for one submission, and how many bytes all of them may have."""

LOOKED_AT_CAP = 5_000
"""How much a folder may hold before it is taken for something else than a submission's."""

WORK = "work"
"""Where in its workspace's folder a notebook runs, and files from beside it are."""

NOBODYS = "several notebooks of this exercise lie in its folder, and it is not known whose they are"
TOO_MUCH = f"they are more than {COUNT_CAP}, or larger than {SIZE_CAP // 1_000_000} MB"


@dataclass(frozen=True)
class Beside:
    """What lies in a folder of notebooks.

    Attributes:
        files: those that are no notebooks, by their place in it.
        notebooks: the names of those right in it.
        is_too_much: whether there are more files than are copied.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    notebooks: tuple[str, ...] = ()
    is_too_much: bool = False


def attached(submissions: Iterable[Submission], out: Path | None = None) -> list[Submission]:
    """Submissions with the files beside them, or a note why those are not used.

    Args:
        submissions: all that are graded together.
        out: the folder of reports, whose files are nobody's.
    """
    given = list(submissions)
    homes = {s.name: place_of(s.path).parent for s in given if s.stem}
    folders = {home: beside(home, out) for home in set(homes.values())}
    alike = Counter((homes[s.name], s.stem) for s in given if s.stem)
    found = []
    for submission in given:
        if submission.stem:
            home = homes[submission.name]
            named = sum(submission.stem in name.lower() for name in folders[home].notebooks)
            owners = max(alike[home, submission.stem], named)
            submission = with_files(submission, folders[home], is_alone=owners <= 1)
        found.append(submission)
    return found


def with_files(submission: Submission, folder: Beside, is_alone: bool) -> Submission:
    """A submission with its folder's files, or a note why it has none of them."""
    if folder.files and (folder.is_too_much or not is_alone):
        why = TOO_MUCH if folder.is_too_much else NOBODYS
        return replace(submission, notes=(*submission.notes, f"The files beside it were not used: {why}."))
    return replace(submission, files=folder.files)


def beside(folder: Path, out: Path | None) -> Beside:
    """What lies in a folder: files that are no notebooks, those in folders without a notebook too."""
    files: dict[str, Path] = {}
    notebooks, others_folders, size = [], set[Path](), 0
    for looked_at, (path, _) in enumerate(searched(folder, out)):
        if why_closed(path):
            pass  # it is nobody's
        elif NOTEBOOK.search(path.name):
            notebooks += [path.name] if path.parent == folder else []
            others_folders |= {p for p in path.parents if p != folder and p.is_relative_to(folder)}
        elif path.is_file():
            files[path.relative_to(folder).as_posix()] = path
        if looked_at == LOOKED_AT_CAP:
            return Beside(files, tuple(notebooks), is_too_much=True)
    ours = {place: path for place, path in files.items() if others_folders.isdisjoint(path.parents)}
    with suppress(OSError):
        size = sum(path.stat().st_size for path in ours.values())
    return Beside(ours, tuple(notebooks), is_too_much=len(ours) > COUNT_CAP or size > SIZE_CAP)


def copy(files: Mapping[str, Path], target: Path) -> list[str]:
    """Copies files into a folder; returns the places of those that cannot be read, or are links by now.

    Args:
        files: by their place in it.
        target: the folder, made if needed.
    """
    target.mkdir(exist_ok=True)
    left, unread = SIZE_CAP, []
    for place, path in files.items():
        try:
            data = content(path, left)
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            (target / place).write_bytes(data)
        except OSError:
            unread.append(place)
        else:
            left -= len(data)
    return unread


def content(path: Path, most: int) -> bytes:
    """What a file holds.

    Raises:
        OSError: it cannot be read, is no file of its own, or is larger than it was.
    """
    how = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, how), "rb") as f:
        if not stat.S_ISREG(os.fstat(f.fileno()).st_mode):
            raise OSError("It is no file.")
        data = f.read(most + 1)
    if len(data) > most:
        raise OSError("It has grown.")
    return data
