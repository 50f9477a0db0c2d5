"""Private engines, warm and clean, lent to one run at a time: where proofs and graded notebooks run.

This is the one place where a run of somebody else's work is given its engine. An engine here is a privileged
container on the course's engine: it keeps names and counts apart, and is no sandbox against hostile code.
"""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, NotFound

from labkit.core.errors import EngineUnavailable, NotOurs, Usage
from labkit.core.paths import REGISTRY
from labkit.lab.lab import Lab
from labkit.lab.private_engine import PrivateEngine
from labkit.lab.workspace import Engine, Workspace

BASE = "debian:trixie-slim"
HELPER = "python:3.13"
BUILT_IN = ("bridge", "host", "none")
LOGS = ("--log-opt=max-size=10m", "--log-opt=max-file=2")
"""A container that prints without end fills neither the disk nor whoever reads its log."""


class Pool:
    """A number of private engines of one stem; a with-block.

    Args:
        lab: whose they are: a Lab of the role proof.
        images: the course's images that each has, such as ``web:1.0``, beside the base and the helper's.
        stem: whose workspaces these are; None is the Lab's.
        size: how many; 0 makes none, and workspaces are on the course's engine, for exercises that use none.
    """

    def __init__(self, lab: Lab, images: Sequence[str], size: int, stem: str | None = None):
        self.lab, self.stem = lab, stem or lab.stem
        self.names = [BASE, *(f"{REGISTRY}/{name}" for name in dict.fromkeys((HELPER, *images)))]
        self.size = size
        # None stands for one that is made when it is lent
        self._free: queue.Queue[PrivateEngine | None] = queue.Queue()
        self._contents: dict[str, dict[str, str]] = {}
        self._lent: dict[str, PrivateEngine | None] = {}
        self._dead: set[str] = set()
        self._count = 0

    def __enter__(self) -> Pool:
        with ThreadPoolExecutor(2) as threads:
            for engine in threads.map(lambda _: self._make(), range(self.size)):
                self._free.put(engine)
        return self

    def __exit__(self, *error: object) -> None:
        while not self._free.empty():
            if engine := self._free.get():
                engine.stop()

    def _make(self) -> PrivateEngine:
        """A new engine, with its images."""
        self._count += 1
        engine = self.lab.engine(f"workspace-{self._count}", args=LOGS).start()
        try:
            engine.load(*self.names)
            contents = {name: engine.docker.images.get(name).id or "" for name in self.names}
            self._contents[engine.name] = contents
        except BaseException:
            engine.stop()
            raise
        return engine

    @contextmanager
    def workspace(self, **options: Any) -> Iterator[Workspace]:
        """A workspace on a private engine; what was made there is removed at the end.

        Args:
            **options: as for `Workspace` (``judged``, ``seed``, ``kubeconfig``).
        """
        engine = self._lend() if self.size else None
        with tempfile.TemporaryDirectory(prefix="labkit-workspace-", ignore_cleanup_errors=True) as folder:
            where = Engine(engine.docker_host, str(engine.certificates)) if engine else None
            workspace = Workspace.fresh(self.stem, Path(folder), engine=where, **options)
            workspace.write()
            self._lent[workspace.session] = engine
            try:
                yield workspace
            finally:
                del self._lent[workspace.session]
                if engine:
                    self._give_back(engine, workspace.session in self._dead)

    def kill(self, workspace: Workspace) -> None:
        """Kills a workspace's engine, as a power cut would; it is not lent again.

        Raises:
            Usage: the workspace is on the course's engine, which is nobody's to kill.
        """
        engine = self._lent[workspace.session]
        if engine is None:
            raise Usage(
                "This workspace has no engine of its own.", fix="a pool of size 1 or more has engines"
            )
        engine.container.kill()
        self._dead.add(workspace.session)

    def _lend(self) -> PrivateEngine:
        """The next free engine; one that had to be given up is made anew."""
        engine = self._free.get()
        try:
            return engine or self._make()
        except BaseException:
            self._free.put(None)  # or whoever waits for it would wait for ever
            raise

    def _give_back(self, engine: PrivateEngine, is_dead: bool) -> None:
        """Empties an engine and lends it again; one that cannot be emptied is replaced when it is needed."""
        try:
            if is_dead:
                raise EngineUnavailable("It was killed.")
            empty(engine.docker, self._contents[engine.name])
            self._free.put(engine)
        except Exception:
            self._free.put(None)
            engine.stop()


def empty(api: docker.DockerClient, kept: Mapping[str, str]) -> None:
    """Removes everything from an engine except images of these names, each with its id.

    Raises:
        docker.errors.DockerException: something cannot be removed.
        NotOurs: it is not as it was: something is left, or an image is gone, or another has its name.
    """
    for container in api.containers.list(all=True, ignore_removed=True):
        gone(container.remove, force=True, v=True)
    for network in api.networks.list():
        if network.name not in BUILT_IN:
            gone(network.remove)
    for volume in api.volumes.list():
        gone(volume.remove, force=True)
    for image in api.images.list(all=True):
        for tag in image.tags or [image.id or ""]:
            if kept.get(tag) != image.id:
                gone(api.images.remove, tag, force=True)
    api.api.prune_builds(all=True)
    images = {tag: image.id for image in api.images.list(all=True) for tag in image.tags or [image.id or ""]}
    names = [*(n.name for n in api.networks.list()), *(v.name for v in api.volumes.list())]
    others = [name for name in names if name and name not in BUILT_IN]
    if images != dict(kept) or others or api.api.containers(all=True):
        raise NotOurs("The engine is not as it was.", found=", ".join(others) or sorted(images))


def gone(remove: Callable[..., Any], *arguments: Any, **options: Any) -> None:
    """Removes something; that it is gone already, or is going, is fine."""
    try:
        remove(*arguments, **options)
    except NotFound:
        pass
    except APIError as e:
        if e.status_code != 409:
            raise
