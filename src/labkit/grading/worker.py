"""What grades one submission, in a process of its own: runs its cells in a kernel, and judges outside of it.

Loaded before the first submission is run: what judges is not read again from files that may have changed.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

from labkit.checks import loader
from labkit.core.errors import LabkitError
from labkit.grading.kernel import Kernel, adopt, end_descendants
from labkit.grading.merge import COURSE, Step
from labkit.grading.scoring import COURSE_SECONDS, Scorer
from labkit.grading.submission import plain
from labkit.lab.workspace import Workspace
from labkit.learner import scene_channel

STEMS = "LABKIT_GRADED"
"""Names, in the environment, the stems whose checks are loaded with this module."""

BUDGET = 10
"""How many times the time of one cell all cells of a learner may take together."""

KERNELS = 6
"""How many kernels one submission may use up."""

NOTES_CAP = 100
"""How many things may be noted."""

for _stem in filter(None, os.environ.get(STEMS, "").split(",")):
    loader.load(_stem)


class Run:
    """One submission's run.

    Args:
        workspace: where.
        steps: what is run.
        seconds: how long one cell of the learner's may take.

    Raises:
        BrokenEnvironment: the engine cannot be reached.
    """

    def __init__(self, workspace: Workspace, steps: list[Step], seconds: float):
        self.scorer, self.notes = Scorer(workspace, self.say), []
        self.steps, self.seconds, self.left = steps, seconds, BUDGET * seconds
        cells = [new_code_cell(s.source, metadata={"tags": [s.origin]}) for s in steps]
        self.notebook = new_notebook(cells=cells)
        self.folder, self.kernels = workspace.folder / "work", 0
        self.folder.mkdir()

    def say(self, text: str) -> None:
        """Notes something, once."""
        if text not in self.notes and len(self.notes) < NOTES_CAP:
            self.notes.append(text)

    async def all(self) -> None:
        """Runs all cells, and judges where a graded one stands."""
        listener, kernel = scene_channel.listen(self.scorer.theirs, self.scorer.begin), None
        try:
            for i, step in enumerate(self.steps):
                kernel = await self.cell(kernel, i, step)
                if step.check is not None:
                    self.scorer.judge(step.check)
        finally:
            if kernel is not None:
                await kernel.end()
            listener.close()

    async def cell(self, kernel: Kernel | None, i: int, step: Step) -> Kernel | None:
        """Runs one cell; returns the kernel that the next one runs in, or None where a new one is needed."""
        limit = COURSE_SECONDS if step.origin == COURSE else min(self.seconds, self.left)
        if limit <= 0:
            self.say(f"{step.name} was not run, for the time of all cells together was used up.")
            return kernel
        if kernel is None or not await kernel.alive():
            kernel = await self.renewed(kernel, i)
        if kernel is None:
            return None
        started, is_ours = time.monotonic(), step.origin == COURSE
        try:
            if said := await kernel.run(self.notebook.cells[i], i, limit):
                self.say(f"{step.name} {said}.")
        except DeadKernelError as e:
            self.say(f"{step.name} {e}.")
            await kernel.end()
            return await self.cell(None, i, step) if is_ours else None  # its end was prepared earlier
        finally:
            self.left -= 0 if is_ours else time.monotonic() - started
        return kernel

    async def renewed(self, old: Kernel | None, i: int) -> Kernel | None:
        """A kernel in which what prepares has been run; None when no more are given."""
        if old is not None:
            self.say(f"The kernel ended before {self.steps[i].name}.")
            await old.end()
        if self.kernels == KERNELS:
            self.say(f"It used up {KERNELS} kernels: no further cell was run.")
            return None
        self.kernels += 1
        theirs = self.scorer.theirs
        theirs.write()  # whatever an earlier kernel has made of it
        env = {**os.environ, **theirs.env(), "LABKIT_PROGRESS": str(self.folder / "progress")}
        kernel = await Kernel(self.notebook, env, self.folder).start()
        if self.kernels > 1:
            self.say("It went on in a new kernel, which knows nothing of the cells before.")
            for k, earlier in enumerate(self.steps[:i]):
                if earlier.prepares:
                    await kernel.run(self.notebook.cells[k], k, COURSE_SECONDS)
        return kernel


def outcome_of(told: dict[str, Any]) -> dict[str, Any]:
    """What comes of a submission; ``broken`` says why it could not be graded."""
    try:
        run = Run(
            Workspace.read(Path(told["workspace"])), [Step(**s) for s in told["steps"]], told["seconds"]
        )
        asyncio.run(run.all())
        results = [r.as_json() for r in run.scorer.results.values()]
        return {"results": results, "notes": run.notes, "notebook": json.dumps(run.notebook)}
    except LabkitError as e:
        return {"broken": f"{e.message} {plain(e.found or '')}".strip()}
    except Exception as e:
        return {"broken": f"{type(e).__name__}: {plain(e)}"}


def work(told: dict[str, Any], line: Connection) -> None:
    """Grades one submission and sends back what came of it; the whole life of its process.

    Args:
        told: the workspace's file, the steps, the seconds of a cell.
        line: where the outcome is sent, as JSON.
    """
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C is for whoever started all this
    adopt()
    outcome = outcome_of(told)
    end_descendants()
    line.send_bytes(json.dumps(outcome).encode())
    line.close()
