"""Where a submission's run is started: the one place that decides in what a stranger's notebook runs.

Today that is a process on this machine, with a private engine or a namespace of its own, and bounds. It is no
sandbox. What replaces it takes the same steps to a safer place, and brings back the same outcome.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import psutil

from labkit.checks.faults import AGAIN
from labkit.checks.model import Suite
from labkit.core.errors import BrokenEnvironment
from labkit.grading import scoring, worker
from labkit.grading.kernel import end_descendants
from labkit.grading.merge import Step
from labkit.lab.workspace import FILE, VARIABLE, Workspace

OUTCOME_CAP = 64_000_000
"""The largest outcome, in bytes."""

START_SECONDS = 300.0

RUNNING: set[int] = set()
"""The processes of the runs that are under way."""

STOPPED = threading.Event()
"""Set when all is to end."""


def warm(stems: list[str]) -> None:
    """Loads all that judges, before anything is run that could change it.

    Args:
        stems: whose checks are loaded.
    """
    STOPPED.clear()
    os.environ[worker.STEMS] = ",".join(stems)
    if "forkserver" in multiprocessing.get_all_start_methods():
        multiprocessing.get_context("forkserver").set_forkserver_preload([worker.__name__])


def run(workspace: Workspace, suite: Suite, steps: list[Step], seconds: float) -> dict[str, Any]:
    """Runs a submission in a workspace, in a process of its own, and waits for what comes of it.

    Args:
        workspace: where.
        suite: the checks that it is judged by.
        steps: the cells.
        seconds: how long one cell of the learner's may take.

    Returns:
        ``results``, ``notes`` and the ``notebook`` with its outputs.

    Raises:
        BrokenEnvironment: it could not be graded.
    """
    has_server = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if has_server else "spawn")
    ours, theirs = context.Pipe(duplex=False)
    told = {
        "workspace": str(workspace.folder / FILE),
        "steps": [asdict(s) for s in steps],
        "seconds": seconds,
    }
    process = context.Process(target=worker.work, args=(told, theirs), daemon=True)
    process.start()
    theirs.close()
    RUNNING.add(process.pid)
    if STOPPED.is_set():
        end(process.pid)
    try:
        if not ours.poll(longest(suite, steps, seconds)):
            raise BrokenEnvironment("Grading it took too long.", fix=AGAIN)
        outcome = json.loads(ours.recv_bytes(OUTCOME_CAP))
    except (EOFError, OSError) as e:
        raise BrokenEnvironment("The process that graded it was ended.", found=e or None, fix=AGAIN) from None
    finally:
        RUNNING.discard(process.pid)
        end(process.pid)
        process.join()
        ours.close()
        end_all_of(workspace)
    if "broken" in outcome:
        raise BrokenEnvironment(outcome["broken"], fix=AGAIN)
    return outcome


def stop() -> None:
    """Ends all runs, and those that would begin."""
    STOPPED.set()
    for pid in list(RUNNING):
        end(pid)


def end(pid: int) -> None:
    """Ends a run's process, and first what it has started: while it is there, that can be found."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        end_descendants(process)
        process.kill()


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
