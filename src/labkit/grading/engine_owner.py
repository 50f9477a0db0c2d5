"""Who owns the engines of grading: a Lab of its own, so that resetting a chapter takes none of them away.

What a killed run has left is found by the next one: a run holds a lock for as long as it lives.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from labkit.core import paths
from labkit.lab import cleanup
from labkit.lab.lab import Lab
from labkit.lab.clients import docker_client
from labkit.lab.workspace import Seat

STEM = "grade_engines"


def lock_of(session: str) -> FileLock:
    """The lock that a run holds."""
    folder = paths.home() / "locks"
    folder.mkdir(exist_ok=True)
    return FileLock(folder / f"{STEM}-{session}.lock")


@contextmanager
def owner() -> Iterator[Lab]:
    """The Lab of one run of grading; at its end, all that it made is removed.

    Raises:
        EngineUnavailable: no Docker daemon answers.
    """
    sweep()
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        seat = Seat.fresh(STEM, Path(folder) / "seat")
        lock = lock_of(seat.session)
        with lock:
            lab = Lab(STEM, role="proof", seat=seat)
            try:
                yield lab
            finally:
                lab.close()
        Path(lock.lock_file).unlink(missing_ok=True)


def sweep() -> list[str]:
    """Removes what runs have left that were killed; returns their sessions."""
    labels = {paths.LABEL: paths.lab_id(), "labkit.stem": STEM}
    api = docker_client({})
    swept = []
    try:
        with cleanup.engine_errors():
            for session in sorted(sessions(api, labels)):
                lock = lock_of(session)
                try:
                    lock.acquire(timeout=0)
                except Timeout:
                    continue  # it lives
                cleanup.remove(api, {**labels, "labkit.session": session}, None)
                lock.release()
                Path(lock.lock_file).unlink(missing_ok=True)
                swept.append(session)
    finally:
        api.close()
    return swept


def sessions(api: object, labels: dict[str, str]) -> set[str]:
    """The runs of which something is there."""
    ours = {"label": [f"{k}={v}" for k, v in labels.items()]}
    things = [
        *api.containers.list(all=True, filters=ours, ignore_removed=True),
        *api.volumes.list(filters=ours),
    ]
    found = (getattr(t, "labels", None) or t.attrs.get("Labels") or {} for t in things)
    return {told["labkit.session"] for told in found if "labkit.session" in told}
