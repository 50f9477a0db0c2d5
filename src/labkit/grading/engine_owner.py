"""Who owns the engines of grading: a Lab of its own, so that resetting a chapter takes none of them away.

What a killed run has left is found by the next one: a run holds a lock for as long as it lives. What a
submission makes in the cluster carries the labels of its own session, so a run keeps those until they are
tidied up.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from filelock import Timeout

from labkit.core.errors import BrokenEnvironment, Busy
from labkit.core.labels import labels
from labkit.core.paths import home, kubeconfig
from labkit.lab import cleanup
from labkit.lab.clients import docker_client, kube_client
from labkit.lab.lab import Lab
from labkit.lab.sessions import STEM, lock_of, sessions, sweep
from labkit.lab.workspace import Workspace

SESSION = re.compile("[0-9a-f]{6}")


def folder() -> Path:
    """Where runs keep their sessions that are not tidied up, each in a folder of its own."""
    return home() / "grading"


class Untidied:
    """The submissions of a run that may have made something which others' engine or cluster holds.

    Args:
        run: the session of the run.
    """

    def __init__(self, run: str):
        self.folder = folder() / run

    def begin(self, session: str, stem: str) -> None:
        """Something may be made by a submission to an exercise from now on."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / session).write_text(stem)

    def end(self, session: str) -> None:
        """All that it made has been removed."""
        (self.folder / session).unlink(missing_ok=True)

    def close(self) -> None:
        """The run is at its end; the folder stays as long as it holds sessions."""
        with suppress(OSError):
            self.folder.rmdir()


def sweep_submissions() -> list[str]:
    """Removes what submissions of runs that live no more have left; returns the sessions where that failed.

    An engine or a cluster that does not answer costs no more than that: the next run tries again.
    """
    left = []
    for place in sorted(folder().glob("*/")):
        lock = lock_of(place.name)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue  # it lives
        run, living = Untidied(place.name), sessions()
        for file in sorted(p for p in place.iterdir() if SESSION.fullmatch(p.name)):
            try:
                if file.name in living:
                    raise Busy("A process is at work there.", found=file.name)
                remove_all_of(file.name, file.read_text())
                run.end(file.name)
            except BrokenEnvironment:
                left.append(file.name)
        run.close()
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
    return left


def remove_all_of(session: str, stem: str) -> None:
    """Removes from the course's engine and cluster what a submission has made there.

    Args:
        session: that of its workspace.
        stem: its exercise.

    Raises:
        BrokenEnvironment: something is left.
    """
    kube = kube_client({}) if kubeconfig().exists() else None  # no cluster holds nothing
    with closing(docker_client({})) as api:
        cleanup.remove(api, labels(stem, "exercise", session), kube)


@contextmanager
def owner() -> Iterator[Lab]:
    """The Lab of one run of grading; at its end, all that it made is removed.

    Raises:
        EngineUnavailable: no Docker daemon answers.
    """
    sweep()
    sweep_submissions()
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        workspace = Workspace.fresh(STEM, Path(folder) / "workspace")
        lock = lock_of(workspace.session)
        with lock:
            lab = Lab(STEM, role="proof", workspace=workspace)
            try:
                yield lab
            finally:
                Untidied(workspace.session).close()
                lab.close()
        Path(lock.lock_file).unlink(missing_ok=True)
