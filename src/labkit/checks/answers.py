"""What a learner hands in that is no object of engine or cluster: a value, or a function as its source.

A function runs in a process of its own, so that a loop without end, an exit or a crash in it is a wrong
answer and not the end of whoever calls it.
"""

from __future__ import annotations

import inspect
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from labkit.core.errors import BrokenEnvironment, Mismatch, TimedOut, Usage

if TYPE_CHECKING:
    from labkit.lab.lab import Lab

RUNNER = """
import json, os, sys, traceback
source, name, arguments, target = json.loads(sys.stdin.readline())

def tell(word, value):
    message = json.dumps([word, value], allow_nan=False)
    with open(target, "w") as out:
        out.write(message)

try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
except (ImportError, OSError, ValueError):
    pass
if "<docker>" in arguments:
    import docker
    arguments = [docker.from_env() if a == "<docker>" else a for a in arguments]
os.write(1, b"ready\\n")
sys.stdin.readline()
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # it may print without end
word = "raised"
try:
    space = {"__name__": "answer"}
    exec(compile(source, "<your function>", "exec"), space)
    value = space[name](*arguments)
    word = "not plain"
    tell("value", value)
except BaseException as e:
    reason = traceback.format_exception_only(e)[-1].strip()[:300]
    lines = [f.lineno for f in traceback.extract_tb(e.__traceback__) if f.filename == "<your function>"]
    if word == "raised" and lines:
        reason += f" (line {lines[-1]}: {source.splitlines()[lines[-1] - 1].strip()[:100]})"
    tell(word, [type(e).__name__, reason])
"""
MEMORY, FILE = 4 * 2**30, 2**27
"""What a function may take: bytes of address space, and of one file."""

RUNNER = RUNNER.replace("MEMORY", str(MEMORY)).replace("FILE", str(FILE))
DOCKER = "<docker>"
"""Stands for a `docker.DockerClient` of the workspace's engine among a function's arguments."""

LOAD_SECONDS = 60.0
"""How long a process may take until it could call a function: the machine's time, not the function's."""

CAP = 200_000
"""The largest answer, in bytes of JSON."""

PLAIN = "numbers, texts, True or False, None, lists or dicts of them"


def packed(name: str, value: Any) -> Any:
    """An answer as JSON can hold it.

    Raises:
        Usage: it is neither a value that JSON can hold nor a function whose source is known.
    """
    plain = function(name, value) if callable(value) else value
    try:
        size = len(json.dumps(plain, allow_nan=False, ensure_ascii=False).encode())
    except (TypeError, ValueError, RecursionError) as e:
        raise Usage(f"The answer {name!r} cannot be kept.", wanted=PLAIN, found=str(e)[:300]) from None
    if size > CAP:
        raise Usage(f"The answer {name!r} is too large.", wanted=f"at most {CAP} bytes", found=size)
    return plain


def function(name: str, value: Any) -> dict[str, str]:
    """A function as its name and its source.

    Raises:
        Usage: it is another thing that can be called, or its source is not known.
    """
    if not inspect.isfunction(value) or value.__name__ == "<lambda>":
        kind = "a lambda" if inspect.isfunction(value) else f"a {type(value).__name__}"
        raise Usage(f"The answer {name!r} is no function made by def.", wanted="a def in a cell", found=kind)
    try:
        if value.__code__.co_filename == "<string>":  # made by exec; `python -c` has that name, too
            raise OSError
        return {"function": value.__name__, "source": textwrap.dedent(inspect.getsource(value))}
    except (OSError, TypeError):
        raise Usage(f"The source of the answer {name!r} is not known.", wanted="a def in a cell") from None


@dataclass(frozen=True)
class Function:
    """A function that was handed in.

    Attributes:
        function: its name.
        source: its text.
        env: the variables it runs with.
    """

    function: str
    source: str
    env: dict[str, str]

    def __call__(self, *arguments: Any, timeout: float = 20) -> Any:
        """Calls it in a process of its own; returns what it returned, as JSON has it.

        Args:
            *arguments: values that JSON can hold, or `DOCKER`.
            timeout: seconds that the call may take.

        Raises:
            Mismatch: it raised something, ended its process, or returned what JSON cannot hold.
            TimedOut: it did not end in time.
            BrokenEnvironment: it could not be called.
        """
        with self.at_hand(*arguments) as call:
            return call(timeout)

    @contextmanager
    def at_hand(self, *arguments: Any) -> Iterator[Callable[[float], Any]]:
        """Starts its process, which then waits: a call of what this gives begins at once.

        It is for checks that look at the world before and after a call: less can change between the two.

        Args:
            *arguments: as for a call of this function.

        Yields:
            What calls it, given the seconds that the call may take; it raises what `__call__` does.

        Raises:
            BrokenEnvironment: the process does not start, or its client finds no engine.
        """
        with tempfile.TemporaryDirectory(prefix="labkit-") as folder, runner(folder, self.env) as process:
            target = Path(folder) / "answer.json"
            load(process, json.dumps([self.source, self.function, arguments, str(target)]))

            def call(timeout: float) -> Any:
                go(process)
                try:
                    status = process.wait(timeout)
                except subprocess.TimeoutExpired:
                    raise TimedOut(f"{self.function} did not return within {timeout:g} s.") from None
                return self._returned(*read_outcome(target), status)

            yield call

    def _returned(self, word: str, value: Any, status: int) -> Any:
        """What it returned, by what its process has written and how that ended."""
        if word == "value":
            return value
        if word == "raised":
            hint = "What it needs, imports too, must stand inside of it." if value[0] == "NameError" else None
            raise Mismatch(f"{self.function} raised an error.", found=value[1], hint=hint)
        if word == "not plain":
            raise Mismatch(f"{self.function} returned no plain value.", wanted=PLAIN, found=value[1])
        if word == "large":
            raise Mismatch(f"{self.function} returned too much.", wanted=f"at most {CAP} bytes", found=value)
        raise Mismatch(f"{self.function} ended its own process.", found=f"exit status {status}")


@contextmanager
def runner(folder: str, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that can call a function; if it runs at the end, it is killed with what it has started."""
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER],
        cwd=folder,
        env={**env, "HOME": folder},  # what it leaves there goes with it
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,  # for one word; from then on it writes nowhere
        stderr=subprocess.DEVNULL,
        bufsize=0,  # what one that has ended did not take is not sent again when its pipe is closed
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def load(process: subprocess.Popen[bytes], request: str) -> None:
    """Gives the process its request, and waits until it has loaded what a call needs.

    Raises:
        BrokenEnvironment: it ended before, or took more than `LOAD_SECONDS`.
    """
    to, answers = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
    with suppress(BrokenPipeError):  # it has ended: what follows says so
        to.write(request.encode() + b"\n")
    readable, _, _ = select.select([answers], [], [], LOAD_SECONDS)
    if readable and answers.readline() == b"ready\n":
        return
    found = f"exit status {process.wait()}" if readable else f"no word of it in {LOAD_SECONDS:g} s"
    raise BrokenEnvironment("The function could not be called.", found=found)


def go(process: subprocess.Popen[bytes]) -> None:
    """Lets a process that has loaded call its function."""
    with suppress(BrokenPipeError):
        cast(IO[bytes], process.stdin).close()


def read_outcome(target: Path) -> tuple[str, Any]:
    """What the runner, or a function in its place, has written: a word, and what goes with it."""
    try:
        if (size := target.stat().st_size) > CAP:
            return "large", size
        word, value = json.loads(target.read_text())
    except (ValueError, TypeError, OSError):
        return "ended", None
    known = word == "value" or (
        word in ("raised", "not plain") and isinstance(value, list) and len(value) == 2
    )
    return (word, value) if known else ("ended", None)


def hand_in(lab: Lab, name: str, value: Any) -> None:
    """Keeps an answer in a lab's workspace: a value that JSON can hold, or a function as its source.

    Args:
        lab: whose workspace.
        name: the check's that will look at it.
        value: what is handed in.

    Raises:
        Usage: it can be neither.
    """
    lab.workspace.note("answers", name, packed(name, value))


def unpacked(value: Any, env: dict[str, str]) -> Any:
    """An answer as a check gets it: the value, or a `Function`."""
    if isinstance(value, dict) and set(value) == {"function", "source"}:
        return Function(**value, env=env)
    return value
