"""Example answers, wrong and right, with which the checks of a chapter are tried."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.checks.model import Check, Scene, Suite
from labkit.core.engine import docker_cmd
from labkit.core.process import run

if TYPE_CHECKING:
    from labkit.lab.lab import Lab


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
        scenes: dict[str, Scene] = {}

        def visit(thing: Check | Scene) -> None:
            if isinstance(thing, Scene):
                scenes[thing.name] = thing
            else:
                for needed in thing.needs:
                    visit(needed)

        visit(suite.find("checks", self.check))
        for name in inspect.signature(self.call).parameters:
            if name != "lab":
                scenes[name] = suite.find("scenes", name)
        return list(scenes.values())

    def do(self, lab: Lab, facts: dict[str, Any]) -> None:
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


def cli(lab: Lab, line: str) -> str:
    """Runs lines of shell with the docker command of a lab's workspace, for an answer that takes that road.

    Args:
        lab: whose workspace.
        line: the lines; each ``docker`` in them is the course's docker command.

    Returns:
        What they printed.

    Raises:
        CommandFailed: a line failed.
    """
    return run(["bash", "-ec", line.replace("docker ", f"{docker_cmd()[0]} ")], env=lab.workspace.env())
