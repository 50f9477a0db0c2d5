"""Where an exercise runs: on which engine, in which namespace, from which seed, and where its state is kept.

A learner's own workspace lies in the progress folder and outlives the kernel, until `reset`. Whoever runs
somebody else's notebook (a grader, a proof) makes a workspace and names its file in ``LABKIT_WORKSPACE``:
this is the one seam between an exercise and the place where it runs.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter

from labkit.core import jsonfile, schema
from labkit.core.errors import Usage
from labkit.core.paths import progress_folder
from labkit.core.schema import Text, strict

VARIABLE = "LABKIT_WORKSPACE"
FILE = "workspace.json"
FORMER = "seat.json"
"""What `FILE` was called in earlier editions; a learner's own is taken over."""

STATE = ("scenes", "answers", "results", "hints")
"""The files of a workspace's folder, without suffix, in which an exercise keeps what was done."""

PASSED = ("HOME", "LABKIT_HOME", "LABKIT_CLUSTER")
"""Variables without which a program would not find the lab, or would leave its caches where it runs."""

Session = Annotated[str, StringConstraints(pattern="^[0-9a-f]{6}$")]
"""It stands in labels and in a namespace's name."""


@strict
@dataclass(frozen=True)
class Engine:
    """A Docker engine that is not the course's.

    Attributes:
        url: such as ``tcp://127.0.0.1:32768``.
        certificates: a folder with ca.pem, cert.pem and key.pem.
    """

    url: Text
    certificates: Text


@strict
@dataclass(frozen=True)
class Workspace:
    """One place where an exercise runs.

    Attributes:
        stem: whose exercise.
        session: what tells its objects from those of another run.
        seed: from which broken states are drawn.
        folder: where answers and results are kept.
        engine: None is the course's.
        kubeconfig: a file; None is the course's.
        judged: True if the verdicts come from somebody else, so that the notebook's own say nothing.
        own: True if it is the learner's own, at which one process works at a time.
    """

    stem: Annotated[str, StringConstraints(pattern="_")]
    session: Session
    seed: int
    folder: Path
    engine: Engine | None = None
    kubeconfig: str | None = None
    judged: bool = False
    own: bool = False

    @classmethod
    def fresh(cls, stem: str, folder: Path, **options: Any) -> Workspace:
        """A new workspace: its own session, its own seed, an empty folder."""
        options.setdefault("seed", secrets.randbelow(2**31))
        folder.mkdir(parents=True, exist_ok=True)
        return cls(stem, secrets.token_hex(3), folder=folder, **options)

    @classmethod
    def here(cls, stem: str) -> Workspace:
        """The workspace that ``LABKIT_WORKSPACE`` names, else the learner's own, made when first asked for.

        Raises:
            Usage: the named workspace is another chapter's.
        """
        if os.environ.get(VARIABLE):
            workspace = cls.given()
            if workspace.stem != stem:
                raise Usage(
                    f"This workspace is for {workspace.stem}.",
                    wanted=stem,
                    fix="run the notebook that it is for",
                )
            return workspace
        folder = progress_folder() / stem
        if (folder / FORMER).exists() and not (folder / FILE).exists():
            (folder / FORMER).rename(folder / FILE)
        if (folder / FILE).exists():
            return cls.read(folder / FILE)
        workspace = cls.fresh(stem, folder, own=True)
        workspace.write()
        return workspace

    @classmethod
    def given(cls) -> Workspace:
        """The workspace that ``LABKIT_WORKSPACE`` names.

        Raises:
            Usage: its file is damaged, or not there.
        """
        return cls.read(Path(os.environ[VARIABLE]))

    @classmethod
    def read(cls, path: Path) -> Workspace:
        """A workspace from its file.

        Its folder is where the file is: a progress folder may be moved.

        Raises:
            Usage: the file is damaged, or not there.
        """
        try:
            workspace = schema.load(path, WORKSPACE)
        except Usage as e:
            raise Usage(
                "The file of this exercise's state is damaged.",
                wanted=e.wanted,
                found=f"{path}: {e.message} {e.found}",
                fix=f"labkit reset {path.parent.name.split('_')[0]}",
            ) from None
        return replace(workspace, folder=path.parent)

    def write(self) -> Path:
        """Writes the workspace into its folder; returns the file."""
        jsonfile.update(self.folder / FILE, lambda state: state.update(asdict(self), folder=str(self.folder)))
        return self.folder / FILE

    def random(self, word: str) -> Random:
        """A source of random numbers that is the same for the same workspace and word."""
        return Random(f"{self.seed}:{word}")

    def note(self, what: str, name: str, value: Any) -> None:
        """Keeps something here: scenes, answers, results or hints."""
        jsonfile.update(self.folder / f"{what}.json", lambda notes: notes.update({name: value}))

    def noted(self, what: str) -> dict[str, Any]:
        """What is kept here, by name: scenes that were started, answers, last results, hints given."""
        return jsonfile.read(self.folder / f"{what}.json")

    def env(self) -> dict[str, str]:
        """Variables with which a program works in this workspace: ours, docker's, kubectl's."""
        from labkit.core.engine import (
            exports,  # late: it loads the SDK, and who only reads a workspace does not
        )

        variables = {name: os.environ[name] for name in PASSED if name in os.environ}
        variables |= {**exports(self.engine.url if self.engine else None), VARIABLE: str(self.folder / FILE)}
        if self.kubeconfig:
            variables["KUBECONFIG"] = self.kubeconfig
        if self.engine:
            variables |= {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": self.engine.certificates}
        return variables

    def clear(self) -> None:
        """Forgets answers, results and the workspace itself; predictions stay."""
        clear(self.folder)


WORKSPACE = TypeAdapter(Workspace)


def clear(folder: Path, names: Sequence[str] = ("workspace", *STATE)) -> None:
    """Empties a workspace's folder of all that a workspace keeps, damaged or not; predictions stay."""
    for name in names:
        for suffix in (".json", ".json.lock"):
            (folder / f"{name}{suffix}").unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def cleared(stem: str) -> None:
    """Forgets what was done in the workspace that ``LABKIT_WORKSPACE`` names, else in the learner's own."""
    if not (given := os.environ.get(VARIABLE)):
        clear(progress_folder() / stem)
    elif Workspace.read(Path(given)).stem == stem:
        clear(Path(given).parent, STATE)
