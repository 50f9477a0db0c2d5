"""The files of the course that a submission's kernel reads, too: whether they are as they were.

What judges is loaded before the first submission is run. A kernel loads the same files when it starts, and
one that is missing by then would cost a learner points.
"""

from __future__ import annotations

from pathlib import Path

from labkit.core.paths import repo

PARTS = ("src/labkit", "checks", "k8s")


class CourseFiles:
    """The course's files as they are now.

    Args:
        root: the course's folder; None is this one.
    """

    def __init__(self, root: Path | None = None):
        self.root = root or repo()
        self._known = self._seen()

    def _seen(self) -> dict[str, tuple[int, int]]:
        """Size and time of the last change of each file, by its place; not of what Python has compiled."""
        seen = {}
        for path in (p for part in PARTS for p in (self.root / part).rglob("*")):
            try:
                if path.is_file() and path.suffix != ".pyc":
                    told = path.stat()
                    seen[path.relative_to(self.root).as_posix()] = told.st_size, told.st_mtime_ns
            except OSError:
                continue  # it is gone, or on its way
        return seen

    def changed(self) -> list[str]:
        """The files that were changed or removed since, or are new."""
        seen = self._seen()
        return sorted(name for name in {*seen, *self._known} if seen.get(name) != self._known.get(name))
