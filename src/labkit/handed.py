"""What a learner hands in that is no object of engine or cluster: a value, or a function as its source.

A function runs in a process of its own, so that a loop without end, an exit or a crash in it is a wrong
answer and not the end of whoever calls it.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.errors import Mismatch, TimedOut, Usage

RUNNER = """
import json, sys
source, name, arguments, target = json.load(sys.stdin)
space = {"__name__": "answer"}
exec(compile(source, "<your function>", "exec"), space)
if "<docker>" in arguments:
    import docker
    arguments = [docker.from_env() if a == "<docker>" else a for a in arguments]
with open(target, "w") as out:
    json.dump(space[name](*arguments), out)
"""
DOCKER = "<docker>"
"""Stands for a `docker.DockerClient` of the seat's engine among a function's arguments."""

CAP = 200_000
"""The largest answer, in characters of JSON."""


def packed(name: str, value: Any) -> Any:
    """An answer as JSON can hold it.

    Raises:
        Usage: it is neither a value that JSON can hold nor a function whose source is known.
    """
    if callable(value):
        try:
            return {"function": value.__name__, "source": textwrap.dedent(inspect.getsource(value))}
        except (OSError, TypeError, AttributeError):
            raise Usage(
                f"The source of the answer {name!r} is not known.", wanted="a def in a cell"
            ) from None
    try:
        size = len(json.dumps(value))
    except (TypeError, ValueError) as e:
        wanted = "numbers, texts, True or False, lists or dicts of them, or a function"
        raise Usage(f"The answer {name!r} cannot be kept.", wanted=wanted, found=str(e)) from None
    if size > CAP:
        raise Usage(f"The answer {name!r} is too large.", wanted=f"at most {CAP} characters", found=size)
    return value


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
            Mismatch: it raised something, ended the process, or returned what JSON cannot hold.
            TimedOut: it did not end in time.
        """
        with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
            target = Path(folder) / "answer.json"
            given = json.dumps([self.source, self.function, arguments, str(target)])
            options = {
                "input": given,
                "env": self.env,
                "timeout": timeout,
                "capture_output": True,
                "text": True,
            }
            try:
                done = subprocess.run([sys.executable, "-c", RUNNER], cwd=folder, **options)
            except subprocess.TimeoutExpired:
                raise TimedOut(f"{self.function} did not return within {timeout:g} s.") from None
            said = target.read_text() if target.exists() else ""
        if done.returncode or not said or len(said) > CAP:
            last = (done.stderr.strip().splitlines() or ["it ended its process, or returned too much"])[-1]
            hint = "What it needs, imports too, must stand inside of it." if "NameError" in last else None
            raise Mismatch(f"{self.function} did not return an answer.", found=last[:300], hint=hint)
        return json.loads(said)


def unpacked(value: Any, env: dict[str, str]) -> Any:
    """An answer as a check gets it: the value, or a `Function`."""
    if isinstance(value, dict) and set(value) == {"function", "source"}:
        return Function(**value, env=env)
    return value
