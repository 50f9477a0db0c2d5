"""What grades one submission, in a process of its own: runs its cells in a kernel, and judges outside of it.

It is forked from a server that has loaded the checks before the first submission is run: what judges is not
read again from files that may have changed.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from contextlib import nullcontext
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

from labkit.core.errors import BrokenEnvironment, LabkitError
from labkit.core.fork_server import FORKS, ForkServer, Spawner
from labkit.core.process_tree import end_descendants
from labkit.grading import seal
from labkit.grading.kernel import Kernel
from labkit.grading.kernel_environment import KernelEnvironment
from labkit.grading.merge import COURSE, Step
from labkit.grading.scoring import COURSE_SECONDS, Scorer
from labkit.grading.submission import plain
from labkit.grading.support_files import WORK
from labkit.lab.workspace import Workspace
from labkit.learner import scene_channel

BUDGET = 10
"""How many times the time of one cell all cells of a learner may take together."""

HAND_IN = 3
"""How many times the time of a learner's cell the part of a graded one may take that runs in the kernel."""

KERNELS = 6
"""How many kernels one submission may use up."""

NOTES_CAP = 100
"""How many things may be noted."""


class Run:
    """One submission's run.

    Args:
        workspace: where.
        steps: what is run.
        seconds: how long one cell of the learner's may take.
        server: what starts the processes of checks.

    Raises:
        BrokenEnvironment: the engine cannot be reached.
    """

    def __init__(self, workspace: Workspace, steps: list[Step], seconds: float, server: ForkServer | Spawner):
        self.notes: list[str] = []
        self.server, self.scorer = server, Scorer(workspace, self.say, server)
        self.steps, self.seconds, self.left = steps, seconds, BUDGET * seconds
        cells = [new_code_cell(s.source, metadata={"tags": [s.origin]}) for s in steps]
        self.notebook = new_notebook(cells=cells)
        self.folder, self.kernels = workspace.folder / WORK, 0
        self.folder.mkdir(exist_ok=True)  # files from beside the notebook may be there
        self.environment, self._is_machine_sound = KernelEnvironment(workspace.folder / "environment"), False

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
                    with kernel.halted() if kernel else nullcontext():  # nothing of theirs runs meanwhile
                        self.scorer.judge(step.check)
        finally:
            if kernel is not None:
                await kernel.end()
            listener.close()

    async def cell(self, kernel: Kernel | None, i: int, step: Step) -> Kernel | None:
        """Runs one cell; returns the kernel that the next one runs in, or None where a new one is needed."""
        limit = COURSE_SECONDS if step.origin == COURSE else min(self.seconds, self.left)
        if step.check is not None:  # it hands in, and its check is run outside
            limit = min(limit, HAND_IN * self.seconds)
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
                await self.try_machine(i)
        except DeadKernelError as e:
            self.say(f"{step.name} {e}.")
            await kernel.end()
            await self.try_machine(i)
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
        kernel = await self.kernel(self.environment, self.folder)
        if self.kernels > 1:
            self.say("It went on in a new kernel, which knows nothing of the cells before.")
            for k, earlier in enumerate(self.steps[:i]):
                if earlier.prepares:
                    await kernel.run(self.notebook.cells[k], k, COURSE_SECONDS)
        return kernel

    async def kernel(self, environment: KernelEnvironment, folder: Path) -> Kernel:
        """A new kernel in a folder.

        Raises:
            BrokenEnvironment: it does not start.
        """
        theirs = self.scorer.theirs
        theirs.write()  # whatever an earlier kernel has made of it
        env = {**os.environ, **theirs.env(), "LABKIT_PROGRESS": str(theirs.folder / "progress")}
        return await Kernel(self.notebook, environment, env, folder, [self.server.pid]).start()

    async def try_machine(self, i: int) -> None:
        """After a course's cell that only prepares has failed: tells a fault of this machine from theirs.

        The course's cells are run as far as that one, in an environment and a folder where nothing is that
        was handed in. What fails there too is nobody's mistake.

        Raises:
            BrokenEnvironment: one of them fails there.
        """
        is_needed = self.steps[i].prepares and any(step.check for step in self.steps[i:])
        if not is_needed or self._is_machine_sound:
            return
        with tempfile.TemporaryDirectory(prefix="labkit-", ignore_cleanup_errors=True) as place:
            work = Path(place) / WORK
            work.mkdir()
            kernel = await self.kernel(KernelEnvironment(Path(place) / "environment"), work)
            try:
                for k in (k for k in range(i + 1) if self.steps[k].prepares):
                    try:
                        said = await kernel.run(new_code_cell(self.steps[k].source), k, COURSE_SECONDS)
                    except DeadKernelError as e:
                        said = str(e)
                    if said:
                        found = f"{self.steps[k].name} {said}"
                        raise BrokenEnvironment("The course's own cells do not run here.", found=found)
            finally:
                await kernel.kill()  # and nothing else: their own kernel may be at work
        self._is_machine_sound = True


def outcome_of(request: dict[str, Any], server: ForkServer | Spawner) -> dict[str, Any]:
    """What comes of a submission; ``broken`` says why it could not be graded."""
    try:
        steps = [Step(**step) for step in request["steps"]]
        run = Run(Workspace.read(Path(request["workspace"])), steps, request["seconds"], server)
        asyncio.run(run.all())
        results = [r.as_json() for r in run.scorer.results.values()]
        return {"results": results, "notes": run.notes, "notebook": json.dumps(run.notebook)}
    except LabkitError as e:
        return {"broken": f"{e.message} {plain(e.found or '')}".strip()}
    except Exception as e:
        return {"broken": f"{type(e).__name__}: {plain(e)}"}


def work(line: Connection, request: dict[str, Any]) -> None:
    """Grades one submission and sends back what came of it; the whole life of its process.

    Args:
        line: where the outcome is sent, as JSON.
        request: the workspace's file, the steps, the seconds of a cell.
    """
    seal.close_up()
    seal.give_up_looking()
    server = ForkServer.fork() if FORKS else Spawner()  # now, while this process has no other threads
    outcome = outcome_of(request, server)
    server.close()
    end_descendants()
    line.send_bytes(json.dumps(outcome).encode())
