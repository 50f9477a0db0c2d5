"""Private engines, warm and clean, lent to one run at a time: where proofs and graded notebooks run.

This is the one place where a run of somebody else's work is given its engine. An engine here is a privileged
container on the course's engine: it keeps names and counts apart, and is no sandbox against hostile code.
"""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

from labkit.home import REGISTRY
from labkit.other_engine import OtherEngine
from labkit.seat import Engine, Seat

BASE = "debian:trixie-slim"
HELPER = "python:3.13"
BUILT_IN = ("bridge", "host", "none")


class Pool:
    """A number of private engines of one stem; a with-block.

    Args:
        lab: whose they are: a Lab of the role proof.
        images: the course's images that each has, such as ``web:1.0``, beside the base and the helper's.
        size: how many; 0 makes none, and seats are on the course's engine, for exercises that use none.
    """

    def __init__(self, lab: Any, images: Sequence[str], size: int):
        self.lab, self.stem = lab, lab.stem
        self.names = [BASE, *(f"{REGISTRY}/{name}" for name in dict.fromkeys((HELPER, *images)))]
        self.size = size
        self._free: queue.Queue[OtherEngine] = queue.Queue()
        self._lent: dict[str, OtherEngine | None] = {}
        self._dead: set[str] = set()
        self._made = 0

    def __enter__(self) -> Pool:
        with ThreadPoolExecutor(2) as threads:
            for engine in threads.map(lambda _: self._make(), range(self.size)):
                self._free.put(engine)
        return self

    def __exit__(self, *error: object) -> None:
        while not self._free.empty():
            self._free.get().stop()

    def _make(self) -> OtherEngine:
        """A new engine, with its images."""
        self._made += 1
        engine = self.lab.engine(f"seat-{self._made}").start()
        engine.load(*self.names)
        return engine

    @contextmanager
    def seat(self, **options: Any) -> Iterator[Seat]:
        """A seat on a private engine; what was made there is removed at the end.

        Args:
            **options: as for `Seat` (``judged``, ``seed``, ``kubeconfig``).
        """
        engine = self._free.get() if self.size else None
        with tempfile.TemporaryDirectory(prefix="labkit-seat-") as folder:
            where = Engine(engine.docker_host, str(engine.certificates)) if engine else None
            seat = Seat.fresh(self.stem, Path(folder), engine=where, **options)
            seat.write()
            self._lent[seat.session] = engine
            try:
                yield seat
            finally:
                del self._lent[seat.session]
                if seat.session in self._dead:
                    engine.stop()
                elif engine:
                    self._give_back(engine)

    def kill(self, seat: Seat) -> None:
        """Kills a seat's engine, as a power cut would; it is not lent again."""
        self._lent[seat.session].container.kill()
        self._dead.add(seat.session)

    def _give_back(self, engine: OtherEngine) -> None:
        """Empties an engine and lends it again; one that cannot be emptied is replaced."""
        try:
            empty(engine.docker, self.names)
        except Exception:
            engine.stop()
            engine = self._make()
        self._free.put(engine)


def empty(api: Any, kept: Sequence[str]) -> None:
    """Removes everything from an engine except images of these names.

    Raises:
        docker.errors.DockerException: something cannot be removed.
    """
    for box in api.containers.list(all=True, ignore_removed=True):
        gone(box.remove, force=True, v=True)
    for network in api.networks.list():
        if network.name not in BUILT_IN:
            gone(network.remove)
    for volume in api.volumes.list():
        gone(volume.remove, force=True)
    for found in api.images.list(all=True):
        tags = found.tags or [found.id]
        for tag in tags:
            if tag not in kept:
                gone(api.images.remove, tag, force=True)
    api.api.prune_builds()


def gone(remove: Any, *arguments: Any, **options: Any) -> None:
    """Removes something; that it is gone already, or is going, is fine."""
    try:
        remove(*arguments, **options)
    except NotFound:
        pass
    except APIError as e:
        if e.status_code != 409:
            raise
