"""Who owns the engines of grading: a Lab of its own, so that resetting a chapter takes none of them away.

What a killed run has left is found by the next one: a run holds a lock for as long as it lives.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit.lab.lab import Lab
from labkit.lab.sessions import STEM, lock_of, sweep
from labkit.lab.workspace import Workspace


@contextmanager
def owner() -> Iterator[Lab]:
    """The Lab of one run of grading; at its end, all that it made is removed.

    Raises:
        EngineUnavailable: no Docker daemon answers.
    """
    sweep()
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        workspace = Workspace.fresh(STEM, Path(folder) / "workspace")
        lock = lock_of(workspace.session)
        with lock:
            lab = Lab(STEM, role="proof", workspace=workspace)
            try:
                yield lab
            finally:
                lab.close()
        Path(lock.lock_file).unlink(missing_ok=True)
