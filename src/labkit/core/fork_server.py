"""A process that has imported what a job needs, and forks another one for each job: quick, and easily ended.

A job gets the interpreter as the server has it, and none of the threads, locks or open files of whoever asks
for it. Where there is no fork (Windows itself; under WSL2 there is), each job starts its own interpreter.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

from labkit.core.errors import BrokenEnvironment
from labkit.core.process_tree import adopt_orphans, end_descendants, end_tree

FORKS = hasattr(os, "fork")
CALL, RUN = b"call", b"run"
DONE, RAISED = "done", "raised"
BOOT = "import sys; from labkit.core.fork_server import serve_at; serve_at(*sys.argv[1:])"


@dataclass(eq=False)
class Job:
    """A job that runs in a process of its own.

    Attributes:
        pid: the process's id.
        line: the connection to it; it is at its end when the process is.
    """

    pid: int
    line: Connection
    _over: bool = field(default=False, repr=False)

    def end(self) -> None:
        """Kills it, with all that it has started; calling it again does nothing."""
        if not self._over:
            end_tree(self.pid)
            self.forget()

    def forget(self) -> None:
        """Lets go of one that ends by itself: its line is at its end."""
        self._over = True
        self.line.close()


class ForkServer:
    """The server, as whoever asks it for jobs has it; several threads may ask.

    It ends, and so do its jobs, when it is closed or the process that started it ends.

    Args:
        line: the connection to it.
        pid: its process's id.
        process: what to wait for at its end, if this process started it as a program.
    """

    def __init__(self, line: Connection, pid: int, process: subprocess.Popen[bytes] | None = None):
        self.pid, self._line, self._process = pid, line, process
        self._turn = threading.Lock()

    @classmethod
    def start(cls, *modules: str) -> ForkServer:
        """A new interpreter; returns at once.

        Args:
            *modules: the names of what it imports before it answers.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            argv, fd = [sys.executable, "-c", BOOT], theirs.fileno()
            process = subprocess.Popen(
                [*argv, str(fd), *modules],
                pass_fds=[fd],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for whoever started it
            )
        return cls(Connection(ours.detach()), process.pid, process)

    @classmethod
    def fork(cls) -> ForkServer:
        """A copy of this process as it is now, which must not have other threads."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            ours.close()
            os.setsid()
            leave_with(lambda: serve(Connection(theirs.detach())))
        theirs.close()
        return cls(Connection(ours.detach()), pid)

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Calls something in the server itself, such as what loads modules, for the jobs that follow.

        Args:
            function: of a module.
            *arguments: what can be pickled.

        Raises:
            BrokenEnvironment: it raised something, or the server has ended.
        """
        with self._turn:
            self._ask(CALL, (function, arguments))

    def run(self, function: Callable[..., object], *arguments: Any) -> Job:
        """Starts a job.

        Args:
            function: of a module; its first argument is the connection to whoever waits for it.
            *arguments: its further arguments, which can be pickled.

        Raises:
            BrokenEnvironment: the server has ended.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs, self._turn:
            pid = self._ask(RUN, (function, arguments), theirs.fileno())
            return Job(int(pid), Connection(ours.detach()))

    def _ask(self, kind: bytes, request: tuple[Any, ...], handle: int | None = None) -> Any:
        """Sends a request, and an open file with it; returns the answer."""
        try:
            self._line.send_bytes(kind)
            self._line.send(request)
            if handle is not None:
                reduction.send_handle(self._line, handle, self.pid)
            word, value = self._line.recv()
        except (EOFError, OSError) as e:
            raise BrokenEnvironment("The process that starts others has ended.", found=e or None) from None
        if word == RAISED:
            raise BrokenEnvironment("The process that starts others could not do it.", found=value)
        return value

    @property
    def has_ended(self) -> bool:
        """Whether it has."""
        return self._process is not None and self._process.poll() is not None

    def close(self) -> None:
        """Ends it, and its jobs."""
        self._line.close()
        end_tree(self.pid)
        if self._process is not None:
            self._process.wait()
        elif FORKS:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)


class Spawner:
    """What stands for a server where there is no fork: an interpreter for each job."""

    pid = 0
    has_ended = False

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Does nothing: no job would find it done."""

    def run(self, function: Callable[..., object], *arguments: Any) -> Job:
        """Starts a job; see `ForkServer.run`."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=function, args=(theirs, *arguments), daemon=True)
        process.start()
        theirs.close()
        return Job(process.pid or 0, ours)

    def close(self) -> None:
        """Nothing is to be ended."""


def serve_at(fd: str, *modules: str) -> None:
    """A server's whole life, as a program.

    Args:
        fd: the number of the socket on which it is asked.
        *modules: what it imports first.
    """
    for module in modules:
        importlib.import_module(module)
    serve(Connection(int(fd)))


def serve(line: Connection) -> None:
    """Answers requests until whoever asks hangs up, and then ends all jobs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # jobs that have ended leave no entry
    adopt_orphans()
    with contextlib.suppress(EOFError, OSError):
        while True:
            line.send(answered(line, line.recv_bytes()))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    end_descendants()


def answered(line: Connection, kind: bytes) -> tuple[str, Any]:
    """Does what is asked for next on a line; returns the answer.

    Raises:
        EOFError: whoever asks hung up.
    """
    request = line.recv_bytes()
    handle = reduction.recv_handle(line) if kind == RUN else None
    try:
        function, arguments = pickle.loads(request)
        if handle is None:
            function(*arguments)
            gc.freeze()  # what is there is there for all jobs: none of them goes through it again
            return DONE, None
    except Exception as e:
        if handle is not None:
            os.close(handle)
        return RAISED, f"{type(e).__name__}: {e}"
    pid = os.fork()
    if pid == 0:
        line.close()
        leave_with(lambda: work(Connection(handle), function, arguments))
    os.close(handle)
    return DONE, pid


def work(line: Connection, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    """A job's whole life: alone in its session, and at its end nothing of it is left."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    adopt_orphans()
    try:
        function(line, *arguments)
    finally:
        line.close()
        if has_children():
            end_descendants()


def has_children() -> bool:
    """Whether this process has any; those that have ended are read."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def leave_with(last: Callable[[], None]) -> None:
    """Does the last thing that this process does."""
    status = 1
    try:
        last()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def new_server(*modules: str) -> ForkServer | Spawner:
    """A server, or what stands for one here; see `ForkServer.start`."""
    return ForkServer.start(*modules) if FORKS else Spawner()
