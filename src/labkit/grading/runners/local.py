"""Submissions run on this machine: each in a process of its own, with a private engine or a namespace.

It is no sandbox.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict

import psutil

from labkit.checks import loader
from labkit.checks.faults import AGAIN
from labkit.checks.model import Suite
from labkit.core.errors import BrokenEnvironment
from labkit.core.fork_server import Job, new_server
from labkit.grading import scoring, seal, worker
from labkit.grading.merge import Step
from labkit.grading.runners.base import Outcome
from labkit.lab.workspace import FILE, VARIABLE, Workspace

OUTCOME_CAP = 64_000_000
"""The largest outcome, in bytes."""

START_SECONDS = 300.0


class LocalRunner:
    """Runs submissions on this machine; see `labkit.grading.runners.base.SubmissionRunner`.

    All that judges is loaded now, before anything is run that could change it. From now on no process of a
    submission opens what is open in this one, such as the connection on which outcomes come back.

    Args:
        stems: whose checks are loaded.

    Raises:
        BrokenEnvironment: checks cannot be loaded.
        OSError: this process cannot be closed to others.
    """

    def __init__(self, stems: Iterable[str]):
        seal.close_up()
        self._server = new_server(worker.__name__)
        self._server.call(seal.close_up)
        self._jobs: set[Job] = set()
        self._stopped = threading.Event()
        for stem in stems:
            self._server.call(loader.load, stem)

    def run(self, workspace: Workspace, suite: Suite, steps: list[Step], seconds: float) -> Outcome:
        """Runs one submission in a workspace, and waits for what comes of it.

        Raises:
            BrokenEnvironment: it could not be graded.
        """
        request = {
            "workspace": str(workspace.folder / FILE),
            "steps": [asdict(step) for step in steps],
            "seconds": seconds,
        }
        job = self._server.run(worker.work, request)
        self._jobs.add(job)
        if self._stopped.is_set():
            job.end()
        try:
            if not job.line.poll(longest(suite, steps, seconds)):
                raise BrokenEnvironment("Grading it took too long.", fix=AGAIN)
            outcome = json.loads(job.line.recv_bytes(OUTCOME_CAP))
        except (EOFError, OSError) as e:
            said = "The process that graded it was ended."
            raise BrokenEnvironment(said, found=e or None, fix=AGAIN) from None
        finally:
            self._jobs.discard(job)
            job.end()
            end_all_of(workspace)
        if "broken" in outcome:
            raise BrokenEnvironment(outcome["broken"], fix=AGAIN)
        return Outcome(results=outcome["results"], notes=outcome["notes"], notebook=outcome["notebook"])

    def stop(self) -> None:
        """Ends all runs, and those that would begin."""
        self._stopped.set()
        for job in list(self._jobs):
            job.end()

    def close(self) -> None:
        """Ends what runs were started by."""
        self._server.close()


def longest(suite: Suite, steps: list[Step], seconds: float) -> float:
    """After how many seconds a run is given up: each part has a bound, and this is beyond their sum."""
    judged = sum(3 * c.timeout for c in suite.checks.values())
    course = sum(scoring.COURSE_SECONDS for s in steps if s.origin == "course")
    return START_SECONDS + judged + course + (worker.BUDGET + 1) * seconds


def end_all_of(workspace: Workspace) -> None:
    """Kills every process that was started in a workspace: it has the variable that names it."""
    mark = str(workspace.folder / FILE)
    for process in psutil.process_iter(["environ"]):
        if (process.info["environ"] or {}).get(VARIABLE) == mark and process.pid != os.getpid():
            with suppress(psutil.Error):
                process.kill()
