"""Ending a process with all that it has started, and all that those have left behind."""

from __future__ import annotations

import sys
from collections.abc import Collection
from contextlib import suppress

import psutil


def adopt_orphans() -> None:
    """From now on this process inherits what its descendants leave behind, so that it can be ended.

    On Linux alone (prctl(2), PR_SET_CHILD_SUBREAPER); elsewhere orphans go to the system's first process.
    """
    if sys.platform == "linux":
        import ctypes

        PR_SET_CHILD_SUBREAPER = 36
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants(ancestor: psutil.Process | None = None, spared: Collection[int] = ()) -> None:
    """Kills all processes that descend from one, until there are none.

    Args:
        ancestor: None is this process.
        spared: the ids of children that are left alone, with all that they have started.
    """
    ancestor = ancestor or psutil.Process()
    while running := descendants(ancestor, spared):
        for process in running:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(running, timeout=1)


def descendants(ancestor: psutil.Process, spared: Collection[int]) -> list[psutil.Process]:
    """The processes that descend from one and run."""
    found: list[psutil.Process] = []
    for child in ancestor.children():
        if child.pid in spared:
            continue
        found.append(child)
        with suppress(psutil.Error):
            found += child.children(recursive=True)
    return [process for process in found if is_running(process)]


def is_running(process: psutil.Process) -> bool:
    """Whether a process is more than an entry that its parent has not read."""
    with suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def end_tree(pid: int) -> None:
    """Kills a process and all that descends from it; it is halted first, so that it starts nothing more.

    Args:
        pid: its id; of a process that has ended already, nothing is done.
    """
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        process.suspend()
        end_descendants(process)
        process.kill()
