"""Checks: what "done" means. Each is a function of ``checks/<stem>/`` that raises a `Failure` or returns.

A parameter of a check is ``lab``; ``answer``, what was handed in under the check's own name; or something
that it needs: another check (the value is what that one returned) or a scene (its facts).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from labkit.core.errors import Usage

if TYPE_CHECKING:
    from labkit.lab.lab import Lab
    from labkit.lab.workspace import Workspace

TASKS = ("do", "transfer", "repair")
GIVEN = ("lab", "answer")


@dataclass(frozen=True, eq=False)
class Scene:
    """Something that a task starts with, often broken.

    Attributes:
        name: the function's.
        title: what is set up, without the fault.
        plan: from a source of random numbers to the facts (JSON) of this run: names, and which fault it is.
        build: given the lab and the facts, makes it.
    """

    name: str
    title: str
    plan: Callable[[Random], dict[str, Any]]
    build: Callable[[Lab, dict[str, Any]], None]

    def facts(self, workspace: Workspace) -> dict[str, Any]:
        """What is so in this workspace; nothing that a learner can change enters it."""
        return self.plan(workspace.random(self.name))


@dataclass(frozen=True, eq=False)
class Check:
    """One thing that is asked for.

    Attributes:
        name: the function's.
        title: its docstring's first line: what is so when it passes.
        task: do, transfer or repair.
        points: what it is worth.
        needs: checks that must pass first, and scenes that must have been started.
        timeout: seconds; a check that takes longer is itself at fault.
        hints: where to look, from far to near; the last is not the answer either.
        call: the function.
        parameters: its parameters' names.
    """

    name: str
    title: str
    task: str
    points: int
    needs: tuple[Check | Scene, ...]
    timeout: float
    hints: tuple[str, ...]
    call: Callable[..., Any]
    parameters: tuple[str, ...]


def check(
    *,
    task: str,
    points: int,
    needs: Check | Scene | Iterable[Check | Scene] = (),
    timeout: float = 30,
    hints: Iterable[str] = (),
) -> Callable[[Callable[..., Any]], Check]:
    """Makes a check of a function.

    Args:
        task: do, transfer or repair.
        points: what it is worth, 1 or more.
        needs: checks and scenes whose values it takes, or that must come first.
        timeout: seconds that it may take.
        hints: where to look, from far to near.

    Raises:
        TypeError: no docstring, an unknown task, need or parameter, no points, hints that are one text: found
            when the file is loaded.
    """

    def make(function: Callable[..., Any]) -> Check:
        name, required = function.__name__, (needs,) if isinstance(needs, Check | Scene) else tuple(needs)
        if task not in TASKS or type(points) is not int or points < 1:
            raise TypeError(
                f"check {name}: task is one of {TASKS}, points 1 or more; got {task!r}, {points!r}"
            )
        if bare := [n for n in required if not isinstance(n, Check | Scene)]:
            raise TypeError(f"check {name}: needs {bare[0]!r}, which is no check and no scene")
        if name in GIVEN or isinstance(hints, str) or not timeout > 0:
            raise TypeError(f"check {name}: another name, a tuple of hints, or a time-out above 0")
        parameters = tuple(inspect.signature(function).parameters)
        known = {*GIVEN, *(n.name for n in required)}
        if unknown := [p for p in parameters if p not in known]:
            raise TypeError(f"check {name}: parameters {unknown} are none of {sorted(known)}")
        return Check(
            name, title_of(function), task, points, required, timeout, tuple(hints), function, parameters
        )

    return make


def scene(plan: Callable[[Random], dict[str, Any]]) -> Callable[[Callable[..., None]], Scene]:
    """Makes a scene of a function that builds what ``plan`` has drawn."""

    def make(build: Callable[..., None]) -> Scene:
        return Scene(build.__name__, title_of(build), plan, build)

    return make


def title_of(function: Callable[..., Any]) -> str:
    """The first line of a docstring.

    Raises:
        TypeError: there is none.
    """
    if not (text := inspect.getdoc(function)):
        raise TypeError(
            f"{function.__name__} has no docstring; its first line is the title that learners see"
        )
    return text.splitlines()[0]


@dataclass(frozen=True)
class Suite:
    """All checks and scenes of a stem, in the order of its tasks.

    Attributes:
        stem: whose.
        checks: by name.
        scenes: by name.
        images: the course's images that an engine must have for this exercise, such as ``web:1.0``.
        cluster: whether it uses the cluster.
        root: the course's folder that it was loaded from; None is this one.
    """

    stem: str
    checks: dict[str, Check] = field(default_factory=dict)
    scenes: dict[str, Scene] = field(default_factory=dict)
    images: tuple[str, ...] = ()
    cluster: bool = False
    root: Path | None = None

    @property
    def points(self) -> int:
        """All points."""
        return sum(c.points for c in self.checks.values())

    @property
    def uses_engine(self) -> bool:
        """Whether it needs a Docker engine of its own."""
        return bool(self.images) or not self.cluster

    def find(self, kind: str, name: str) -> Any:
        """A check or a scene by name.

        Args:
            kind: checks or scenes.
            name: its name.

        Raises:
            Usage: there is none; says which there are.
        """
        known = getattr(self, kind)
        if name not in known:
            one = kind.removesuffix("s")
            raise Usage(f"There is no {one} {name!r} in {self.stem}.", wanted=", ".join(known) or "none")
        return known[name]
