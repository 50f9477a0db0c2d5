"""A kernel for somebody else's notebook: bounded in time, memory and output, ended with all it started."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import zmq.asyncio
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output

from labkit.core.errors import BrokenEnvironment, TimedOut
from labkit.core.process_tree import end_descendants
from labkit.grading.kernel_environment import CourseKernel, KernelEnvironment
from labkit.grading.submission import plain
from labkit.wait.until import until

HALT_SECONDS = 60.0
"""How long it may take until all that descends from a kernel stands still."""

STANDING = (
    psutil.STATUS_STOPPED,
    psutil.STATUS_TRACING_STOP,
    psutil.STATUS_ZOMBIE,
    psutil.STATUS_DEAD,
)
"""States in which a process that was sent SIGSTOP runs none of its code."""

GRACE = 10.0
"""Seconds that an interrupted cell has, before its kernel is killed."""

KEPT_CAP, STREAM_CAP = 50_000, 20_000_000
"""Characters of a cell's output that are kept, and after how many the cell is stopped."""

MESSAGE_CAP, QUEUE_CAP = 4_000_000, 100
"""The largest message that a kernel may send, in bytes, and how many may wait."""

MEMORY_CAP, FILE_CAP = 6 * 2**30, 2**30
"""A kernel's address space and the largest file it may write, in bytes."""

TEXTS = {"stream": "text", "error": "evalue", "execute_result": "data", "display_data": "data"}


class Client(NotebookClient):
    """nbclient, except that output is counted as it streams in, and of its text only the first is kept."""

    def __init__(self, notebook: NotebookNode, km: AsyncKernelManager):
        super().__init__(notebook, km, allow_errors=True, record_timing=False, on_cell_executed=self._ended)
        self.begin()

    def begin(self) -> None:
        """Before each cell."""
        self.streamed, self.kept = 0, 0
        self.flood = asyncio.Event()
        self.reply: dict[str, Any] = {}

    def _ended(self, cell: NotebookNode, cell_index: int, execute_reply: dict[str, Any] | None) -> None:
        self.reply = (execute_reply or {}).get("content", {})

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Counts a message, and keeps its text while there is room."""
        kind, content = msg["msg_type"], msg["content"]
        if kind == "status":
            return super().process_message(msg, cell, cell_index)
        if kind not in TEXTS:
            return None
        said = content[TEXTS[kind]]
        size = sum(len(str(part)) for part in said.values()) if isinstance(said, dict) else len(said)
        self.streamed += size
        if self.streamed > STREAM_CAP:
            self.flood.set()
        text = said.get("text/plain", "") if isinstance(said, dict) else said
        text = plain(text, max(KEPT_CAP - self.kept, 0)) if self.kept < KEPT_CAP else ""
        self.kept += len(text)
        if text and kind == "error":
            cell.outputs.append(new_output("error", ename=plain(content["ename"], 80), evalue=text))
        elif text:
            name = content["name"] if kind == "stream" and content["name"] == "stderr" else "stdout"
            last = cell.outputs[-1] if cell.outputs else {}
            if last.get("name") == name:
                last["text"] += text
            else:
                cell.outputs.append(new_output("stream", name=name, text=text))
        return None


class Kernel:
    """One kernel, from its start to its end.

    Args:
        notebook: what is run in it.
        environment: whose interpreter it is.
        env: its variables, beside those of the environment.
        folder: where it works.
        spared: the processes of this one's that do not end with it, by their ids.
    """

    def __init__(
        self,
        notebook: NotebookNode,
        environment: KernelEnvironment,
        env: dict[str, str],
        folder: Path,
        spared: Collection[int] = (),
    ):
        self.env, self.folder, self.spared = environment.variables(env), folder, spared
        known = CourseKernel(environment.python)
        self.manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=known)
        self.manager.context = zmq.asyncio.Context()
        self.manager.context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_CAP)
        self.manager.context.setsockopt(zmq.RCVHWM, QUEUE_CAP)
        self.client = Client(notebook, self.manager)

    async def start(self) -> Kernel:
        """Starts it and waits until it answers.

        Raises:
            BrokenEnvironment: it does not.
        """
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            await self.client.async_start_new_kernel(env=self.env, cwd=str(self.folder), **silent)
            self.bounded()
            await self.client.async_start_new_kernel_client()
        except (RuntimeError, OSError) as e:
            await self.kill()
            raise BrokenEnvironment("No kernel could be started on this machine.", found=e) from None
        return self

    def bounded(self) -> None:
        """Sets limits that whatever it starts inherits, where the system has them.

        Raises:
            BrokenEnvironment: it is no process of this machine, so that nothing can be limited.
        """
        if sys.platform == "linux":
            import resource

            provisioner = self.manager.provisioner
            if not isinstance(provisioner, LocalProvisioner) or provisioner.pid is None:
                raise BrokenEnvironment("The kernel is no process of this machine.", found=provisioner)
            for what, most in (
                (resource.RLIMIT_AS, MEMORY_CAP),
                (resource.RLIMIT_FSIZE, FILE_CAP),
                (resource.RLIMIT_CORE, 0),
            ):
                resource.prlimit(provisioner.pid, what, (most, most))

    async def alive(self) -> bool:
        """Whether it is."""
        return bool(await self.manager.is_alive())

    async def run(self, cell: NotebookNode, index: int, seconds: float) -> str | None:
        """Runs a cell; returns what went wrong, in words that follow the cell's name, or None.

        Args:
            cell: the cell.
            index: its place in the notebook.
            seconds: how long it may take.

        Raises:
            DeadKernelError: the kernel has ended, or had to be killed; the reason is its text.
        """
        self.client.begin()
        task = asyncio.ensure_future(self.client.async_execute_cell(cell, index))
        flood = asyncio.ensure_future(self.client.flood.wait())
        stopped = None
        try:
            await asyncio.wait({task, flood}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                flooded = self.client.flood.is_set()
                stopped = "printed too much" if flooded else f"did not end within {seconds:g} s"
                await self.manager.interrupt_kernel()
                await asyncio.wait({task}, timeout=GRACE)
            if not task.done():
                raise DeadKernelError(
                    f"{stopped}, and went on when it was interrupted: its kernel was killed"
                )
            await task
        except DeadKernelError as e:
            raise DeadKernelError(str(e) if stopped else "ended its kernel") from None
        except Exception as e:
            raise DeadKernelError(f"broke the connection to its kernel ({type(e).__name__})") from None
        finally:
            flood.cancel()
            task.cancel()
        if stopped:
            return f"{stopped}: it was stopped"
        reply = self.client.reply
        if any(p.get("source") == "ask_exit" and not p.get("keepkernel") for p in reply.get("payload") or []):
            raise DeadKernelError("ended its kernel")  # it answers first, and dies some time later
        if reply.get("status") == "error":
            said = [plain(reply.get(part) or "", 300) for part in ("ename", "evalue")]
            return f"raised {': '.join(filter(None, said))}"
        return None

    @contextmanager
    def halted(self) -> Iterator[None]:
        """In this block it stands still, with all that it has started, also what that has left behind.

        Raises:
            BrokenEnvironment: something does not stand still.
        """
        halted: dict[psutil.Process, bool] = {}

        def all_stand() -> bool:
            found = started(self.spared)
            for process in found:
                if process not in halted:
                    halted[process] = state_of(process) != psutil.STATUS_STOPPED
                    with suppress(psutil.Error):
                        process.suspend()
            # one that was there at the last look only may have started another one in between
            return found == started(self.spared) and all(map(stands, found))

        try:
            until(all_stand, timeout=HALT_SECONDS, what="the kernel and all that it started stand still")
            yield
        except TimedOut as e:
            raise BrokenEnvironment("The kernel could not be halted for its check.", found=e) from None
        finally:
            for process in (p for p, is_ours in halted.items() if is_ours):
                with suppress(psutil.Error):
                    process.resume()

    async def end(self) -> None:
        """Kills it, its process group, and whatever else this process has started since."""
        await self.kill()
        end_descendants(spared=self.spared)

    async def kill(self) -> None:
        """Kills it and its process group."""
        provisioner = self.manager.provisioner
        if isinstance(provisioner, LocalProvisioner) and provisioner.pgid and hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(provisioner.pgid, signal.SIGKILL)
        with suppress(Exception):
            if self.client.kc is not None:
                self.client.kc.stop_channels()
            await self.manager.shutdown_kernel(now=True)


def started(spared: Collection[int]) -> list[psutil.Process]:
    """All processes that descend from this one.

    Those whose first thread has ended are among them, for others of their threads may run.

    Args:
        spared: the ids of those that are left out, with all that they have started.
    """
    found = psutil.Process().children(recursive=True)
    others = set[psutil.Process]()
    for child in (p for p in found if p.pid in spared):
        with suppress(psutil.Error):
            others |= {child, *child.children(recursive=True)}
    return sorted((p for p in found if p not in others), key=lambda p: p.pid)


def stands(process: psutil.Process) -> bool:
    """Whether a process that was sent SIGSTOP runs none of its code.

    One in an uninterruptible wait ends that first. If it waits for a child to start a program (vfork(2)), and
    the child was halted before it could, it stays there until that goes on.
    """
    state = state_of(process)
    if state != psutil.STATUS_DISK_SLEEP:
        return state in STANDING
    with suppress(psutil.NoSuchProcess):
        return any(state_of(child) == psutil.STATUS_STOPPED for child in process.children())
    return True


def state_of(process: psutil.Process) -> str:
    """What a process is doing; one that is gone is dead."""
    try:
        return process.status()
    except psutil.NoSuchProcess:
        return psutil.STATUS_DEAD
