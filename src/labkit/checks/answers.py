"""What a learner hands in that is no object of engine or cluster: a value, or a function as its source.

A function runs in a process of its own, so that a loop without end, an exit or a crash in it is a wrong
answer and not the end of whoever calls it.
"""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.core.errors import BrokenEnvironment, Mismatch, TimedOut, Usage

if TYPE_CHECKING:
    from labkit.lab.lab import Lab

RUNNER = """
import json, sys, traceback
source, name, arguments, target = json.load(sys.stdin)

def tell(word, value):
    message = json.dumps([word, value], allow_nan=False)
    with open(target, "w") as out:
        out.write(message)

tell("begun", None)
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
except (ImportError, OSError, ValueError):
    pass
if "<docker>" in arguments:
    import docker
    arguments = [docker.from_env() if a == "<docker>" else a for a in arguments]
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
            timeout: seconds.

        Raises:
            Mismatch: it raised something, ended its process, or returned what JSON cannot hold.
            TimedOut: it did not end in time.
            BrokenEnvironment: it was not even begun.
        """
        with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
            target = Path(folder) / "answer.json"
            request = json.dumps([self.source, self.function, arguments, str(target)])
            status = run_to_end(request, folder, self.env, timeout)
            if status is None:
                raise TimedOut(f"{self.function} did not return within {timeout:g} s.")
            word, value = read_outcome(target)
        if word == "value":
            return value
        if word == "raised":
            hint = "What it needs, imports too, must stand inside of it." if value[0] == "NameError" else None
            raise Mismatch(f"{self.function} raised an error.", found=value[1], hint=hint)
        if word == "not plain":
            raise Mismatch(f"{self.function} returned no plain value.", wanted=PLAIN, found=value[1])
        if word == "large":
            raise Mismatch(f"{self.function} returned too much.", wanted=f"at most {CAP} bytes", found=value)
        if word == "nothing":
            raise BrokenEnvironment("The function could not be called.", found=f"exit status {status}")
        raise Mismatch(f"{self.function} ended its own process.", found=f"exit status {status}")


def run_to_end(request: str, folder: str, env: dict[str, str], timeout: float) -> int | None:
    """Runs the runner to its end; its exit status, or None if it took too long and was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER],
        cwd=folder,
        env={**env, "HOME": folder},  # what it leaves there goes with it
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,  # it may print without end
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            process.communicate(request, timeout=timeout)
        except BaseException as e:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)  # what it has started, too
            process.kill()
            if isinstance(e, subprocess.TimeoutExpired):
                return None
            raise
    return process.returncode


def read_outcome(target: Path) -> tuple[str, Any]:
    """What the runner, or a function in its place, has written: a word, and what goes with it."""
    try:
        if (size := target.stat().st_size) > CAP:
            return "large", size
        word, value = json.loads(target.read_text())
    except FileNotFoundError:
        return "nothing", None
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
