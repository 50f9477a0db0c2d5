"""Which runs go on: each holds a lock on a file named by its session, and the system lets go when it dies.

What belongs to such a run is left alone by a reset of its chapter: a proof, or the grading of a class.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, Any

import docker
from filelock import FileLock, Timeout

from labkit.core.labels import LABEL
from labkit.core.paths import home, lab_id
from labkit.lab import cleanup
from labkit.lab.clients import docker_client

if sys.platform == "win32":  # under WSL2 it is there
    fcntl = None
else:
    import fcntl


def folder() -> Path:
    """Where the files are."""
    path = home() / "locks" / "sessions"
    path.mkdir(parents=True, exist_ok=True)
    return path


class Run:
    """One part of a run that goes on, until `end`; several may hold the same session.

    Args:
        session: the run's.
    """

    def __init__(self, session: str):
        self.path = folder() / session
        self._handle: IO[str] | None = None
        while fcntl and self._handle is None:
            handle = self.path.open("a")
            fcntl.flock(handle, fcntl.LOCK_SH)
            if same(handle, self.path):
                self._handle = handle
            else:  # somebody took the file for a dead run's, and removed it
                handle.close()

    def end(self) -> None:
        """Lets go; the last one removes the file."""
        if self._handle is not None:
            if not is_held(self._handle):
                self.path.unlink(missing_ok=True)
            self._handle.close()
            self._handle = None


def same(handle: IO[str], path: Path) -> bool:
    """Whether an open file is the one that is at a path."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def is_held(handle: IO[str]) -> bool:
    """Whether somebody else holds the lock of an open file; if not, it is ours alone from now on."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def sessions() -> set[str]:
    """The sessions of runs that go on; files of dead ones are removed."""
    held = set()
    for path in folder().iterdir() if fcntl else ():
        try:
            with path.open("a") as handle:
                if is_held(handle):
                    held.add(path.name)
                elif same(handle, path):
                    path.unlink(missing_ok=True)
        except OSError:
            continue
    return held


STEM = "grade_engines"
"""The stem of what the owner of a grading's engines makes (`labkit.grading.engine_owner`)."""


def lock_of(session: str) -> FileLock:
    """The lock that a run holds."""
    folder = home() / "locks"
    folder.mkdir(exist_ok=True)
    return FileLock(folder / f"{STEM}-{session}.lock")


def sweep() -> list[str]:
    """Removes what runs have left that were killed; returns their sessions."""
    labels = {LABEL: lab_id(), "labkit.stem": STEM}
    api = docker_client({})
    swept = []
    try:
        with cleanup.engine_errors():
            for session in sorted(sessions_of(api, labels)):
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


def sessions_of(api: docker.DockerClient, labels: dict[str, str]) -> set[str]:
    """The runs of which something is there."""
    ours: dict[str, Any] = {"label": [f"{k}={v}" for k, v in labels.items()]}
    things = [
        *api.containers.list(all=True, filters=ours, ignore_removed=True),
        *api.volumes.list(filters=ours),
    ]
    return {session for t in things if (session := cleanup.session_of(t))}
