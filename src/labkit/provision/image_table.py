"""The table of the course's images, and what each is made of: files, parent, build arguments."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from labkit.core.errors import Usage
from labkit.core.paths import REGISTRY, repo


@dataclass(frozen=True)
class Image:
    """One image of the course.

    Attributes:
        name: name and tag, without the registry.
        folder: where its files are, below ``images``.
        parent: the course image that it stands on; None for the base itself.
        args: build arguments, as ``NAME=value``.
    """

    name: str
    folder: str
    parent: str | None = "base:trixie"
    args: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """The name by which Docker and Kubernetes know it."""
        return f"{REGISTRY}/{self.name}"

    @property
    def context(self) -> Path:
        """The folder that is its build context."""
        return repo() / "images" / self.folder


IMAGES: dict[str, Image] = {
    image.name: image
    for image in (
        Image("base:trixie", "base", parent=None),
        Image("python:3.13", "python"),
        Image("web:1.0", "web", parent="python:3.13", args=("VERSION=1.0",)),
        Image("web:2.0", "web", parent="python:3.13", args=("VERSION=2.0",)),
        Image("worker:1.0", "worker", parent="python:3.13"),
        Image("postgres:17", "postgres"),
        Image("redis:8", "redis"),
        Image("nginx:1.26", "nginx"),
        Image("registry:2", "registry"),
        Image("engine:26.1", "engine"),
    )
}
"""Every image of the course, by name."""


def with_parents(names: Iterable[str] | None = None) -> list[Image]:
    """The images of these names and what they stand on, parents first; None means all.

    Args:
        names: with or without the registry in front.

    Raises:
        Usage: there is no image of that name.
    """
    wanted = list(IMAGES) if names is None else [n.removeprefix(f"{REGISTRY}/") for n in names]
    if unknown := [n for n in wanted if n not in IMAGES]:
        raise Usage(f"No course image is called {unknown[0]}.", wanted=", ".join(IMAGES))
    graph: dict[str, set[str]] = {}
    while wanted:
        parent = IMAGES[name := wanted.pop()].parent
        graph[name] = {parent} if parent else set()
        wanted += graph[name] - graph.keys()
    return [IMAGES[n] for n in TopologicalSorter(graph).static_order()]


def files_hash(folder: Path) -> str:
    """A hash of the names, modes and contents of all files of a folder."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        mode = "x" if path.stat().st_mode & 0o100 else "-"
        total.update(f"{path.relative_to(folder).as_posix()}\0{mode}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def hashes(source_id: str, ca: str) -> dict[str, str]:
    """What each image ought to be made of, by name.

    Args:
        source_id: the id of `base.SOURCE` in the engine.
        ca: `base.ca_hash` of this machine's bundle.
    """
    by_name: dict[str, str] = {}
    for image in with_parents():
        below = by_name[image.parent] if image.parent else f"{source_id} {ca}"
        recipe = "\n".join([image.name, below, *image.args, files_hash(image.context)])
        by_name[image.name] = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    return by_name
