"""The grader's half of a run: it sets up scenes and runs checks, outside of the notebook that it judges.

What the notebook says of itself is not asked for. From its folder only what it hands in is read, with care.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any

from labkit.checks import loader
from labkit.checks.faults import AGAIN
from labkit.checks.result import ERROR, FAIL, SKIP, Result
from labkit.checks.runner import Runner
from labkit.core.errors import BrokenEnvironment, LabkitError
from labkit.core.fork_server import ForkServer, Spawner
from labkit.core.paths import REGISTRY
from labkit.grading.course_images import CourseImages
from labkit.grading.submission import plain
from labkit.lab.engine_pool import BASE, HELPER
from labkit.lab.lab import Lab
from labkit.lab.workspace import Workspace
from labkit.learner.exercise import begin

COURSE_SECONDS = 180.0
"""How long a cell of the course's own may take, scenes included."""

ANSWERS_CAP = 1_000_000
"""The largest file of answers, in bytes."""

OUTPUT_CAP = 8_000_000
"""How much a command in a learner's container may print to a check, in bytes."""

MOVED = "An image that the check runs was replaced while it ran."


@dataclass(frozen=True)
class GraderWorkspace(Workspace):
    """A workspace as its grader knows it: scenes and answers are in memory, where nobody writes."""

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    def note(self, what: str, name: str, value: Any) -> None:
        """As a workspace's, in memory."""
        self.kept.setdefault(what, {})[name] = value

    def noted(self, what: str) -> dict[str, Any]:
        """As a workspace's, from memory."""
        return self.kept.get(what, {})


class Scorer:
    """Where one submission is judged.

    Args:
        workspace: where it runs.
        say: takes what whoever grades should know.
        server: what starts the processes of checks; None is the one that this process has.

    Raises:
        BrokenEnvironment: the engine cannot be reached.
    """

    def __init__(
        self, workspace: Workspace, say: Callable[[str], None], server: ForkServer | Spawner | None = None
    ):
        self.suite, self.say, self._server = loader.load(workspace.stem), say, server
        self.workspace = GraderWorkspace(**{f.name: getattr(workspace, f.name) for f in fields(workspace)})
        self.theirs = replace(workspace, seed=0)  # what is drawn for a scene is not for its solver to know
        self.lab = Lab(workspace.stem, role="exercise", workspace=self.workspace)
        self.lab.docker.api.most_output = OUTPUT_CAP
        self.images: CourseImages | None = None
        if workspace.engine:  # on the course's engine, names are not the submission's to give
            names = [f"{REGISTRY}/{name}" for name in dict.fromkeys((HELPER, *self.suite.images))]
            self.images = CourseImages(self.lab.docker, [BASE, *names])
        self.results: dict[str, Result] = {}
        self._broken: dict[str, str] = {}
        self._turn = threading.Lock()

    def begin(self, name: str) -> None:
        """Sets up a scene, when the notebook asks for it."""
        with self._alone():
            try:
                self._lead_back()
                begin(self.lab, self.suite, name)
            except Exception as e:
                self._broken[name] = str(e)
                raise
            self._broken.pop(name, None)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One thing at a time: a scene that is set up, or a check.

        Raises:
            BrokenEnvironment: the other one does not end.
        """
        if not self._turn.acquire(timeout=COURSE_SECONDS):
            raise BrokenEnvironment("The lab was busy for too long.", fix=AGAIN)
        try:
            yield
        finally:
            self._turn.release()

    def judge(self, name: str) -> None:
        """Runs a check on the state of engine and cluster, and on what was handed in."""
        check = self.suite.find("checks", name)
        try:
            with self._alone():
                self._lead_back()
                self.workspace.kept["answers"] = self._answers()
                result = Runner(self.suite, self.lab, self._server).run(name)
                if result.verdict != ERROR and self.images and (moved := self.images.moved()):
                    result = Result(name, check.title, check.task, check.points, FAIL, MOVED, found=moved[0])
        except LabkitError as e:
            result = Result(name, check.title, check.task, check.points, ERROR, e.message, fix=AGAIN)
        broken = [self._broken[n.name] for n in check.needs if n.name in self._broken]
        if result.verdict == SKIP and broken:
            message = "The scene could not be set up."
            result = replace(result, verdict=ERROR, message=message, found=plain(broken[0]), fix=AGAIN)
        self.results[name] = result

    def _lead_back(self) -> None:
        """Has the names of the course's images lead to the course's images.

        Raises:
            BrokenEnvironment: an engine does not answer.
        """
        for name in self.images.restore() if self.images else ():
            self.say(f"The name `{name}` led to another image, or to none: the course's own was used.")

    def _answers(self) -> dict[str, Any]:
        """What the notebook has handed in, from a file that anybody may have written."""
        path, how = self.theirs.folder / "answers.json", os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)
        try:
            with os.fdopen(os.open(path, how), "rb") as f:
                raw = f.read(ANSWERS_CAP + 1) or b""
            found = json.loads(raw) if len(raw) <= ANSWERS_CAP else None
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            self.say("What it handed in is damaged, or too large: it counts as nothing.")
            return {}
        return found
