"""Answers with which graders are tested: wrong ones that must be rejected, right ones that must not be.

``tests/graders/<stem>.py`` holds functions that do what a learner would do. Each is for one check; its
parameters are ``lab`` and the scenes (by name, their facts) that it starts from.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.checks.model import Check, Scene, Suite
from labkit.core.engine import docker_cmd
from labkit.core.errors import Usage
from labkit.core.paths import repo
from labkit.core.process import run

FOLDER = "tests/graders"
LEAST_WRONG, LEAST_RIGHT = 4, 2
"""How many answers each task must have."""


@dataclass(frozen=True)
class Answer:
    """One answer to one check.

    Attributes:
        check: the check's name.
        words: the mistake, or the road taken.
        is_right: whether it must be accepted.
        call: does it.
    """

    check: str
    words: str
    is_right: bool
    call: Callable[..., None]

    @property
    def key(self) -> str:
        """What it is called in snapshots and records."""
        return f"{self.check}: {self.words}"

    def scenes(self, suite: Suite) -> list[Scene]:
        """The scenes that are started before it: those that its check needs, directly or not, and its own."""
        found: dict[str, Scene] = {}

        def visit(thing: Check | Scene) -> None:
            if isinstance(thing, Scene):
                found[thing.name] = thing
            else:
                for needed in thing.needs:
                    visit(needed)

        visit(suite.find("checks", self.check))
        for name in inspect.signature(self.call).parameters:
            if name != "lab":
                found[name] = suite.find("scenes", name)
        return list(found.values())

    def do(self, lab: Any, facts: dict[str, Any]) -> None:
        """Does what the answer does."""
        wanted = inspect.signature(self.call).parameters
        self.call(**{name: value for name, value in {"lab": lab, **facts}.items() if name in wanted})


def wrong(check: str, words: str) -> Callable[[Callable[..., None]], Answer]:
    """Marks a function as a wrong answer that learners plausibly give.

    Args:
        check: the check that must reject it.
        words: the mistake.
    """
    return lambda call: Answer(check, words, False, call)


def right(check: str, words: str) -> Callable[[Callable[..., None]], Answer]:
    """Marks a function as a right answer.

    Args:
        check: the check that must accept it.
        words: the road that it takes.
    """
    return lambda call: Answer(check, words, True, call)


def cli(lab: Any, line: str) -> str:
    """Runs lines of shell with the docker command of a lab's seat, for an answer that takes that road.

    Args:
        lab: whose seat.
        line: the lines; each ``docker`` in them is the course's docker command.

    Returns:
        What they printed.

    Raises:
        CommandFailed: a line failed.
    """
    return run(["bash", "-ec", line.replace("docker ", f"{docker_cmd()[0]} ")], env=lab.seat.env())


def answers(suite: Suite, root: Path | None = None) -> list[Answer]:
    """The answers for a stem's checks.

    Raises:
        Usage: there are none, two are called the same, or a task has too few.
    """
    path = (root or repo()) / FOLDER / f"{suite.stem}.py"
    if not path.is_file():
        raise Usage(f"No answers test the graders of {suite.stem}.", wanted=f"{FOLDER}/{suite.stem}.py")
    spec = importlib.util.spec_from_file_location(f"labkit_answers_{suite.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    names = re.findall(r"^def (\w+)", path.read_text(encoding="utf-8"), re.M)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Usage(f"{path.name}: {twice[0]} is defined twice, and the second hides the first.")
    found = [a for a in vars(module).values() if isinstance(a, Answer)]
    keys = [a.key for a in found]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise Usage(f"{path.name} has two answers of one name.", found=twice[0])
    enough(suite, found)
    return found


def enough(suite: Suite, found: list[Answer]) -> None:
    """Every task has its wrong and right answers, and every check at least one of each.

    Raises:
        Usage: it has not.
    """
    for is_right, least, word in ((False, LEAST_WRONG, "wrong"), (True, LEAST_RIGHT, "right")):
        names = [a.check for a in found if a.is_right is is_right]
        for name in names:
            suite.find("checks", name)
        if bare := [name for name in suite.checks if name not in names]:
            raise Usage(f"The check {bare[0]} of {suite.stem} has no {word} answer.", wanted="at least one")
        for task in sorted({c.task for c in suite.checks.values()}):
            count = sum(suite.checks[name].task == task for name in names)
            if count < least:
                wanted = f"at least {least} {word} answers to the task {task}"
                raise Usage(f"{suite.stem} has too few answers.", wanted=wanted, found=count)
