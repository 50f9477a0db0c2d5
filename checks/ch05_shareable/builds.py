"""One Dockerfile, built in two worlds on another engine: whether the builds differ, and on which level."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any

from docker.models.containers import Container

from labkit import Mismatch, until
from labkit.observe.containers import shell

from .engine import archive, build, files, inspected

BAKED = "/baked"
"""Where the course's Dockerfiles write the time of their build."""


class Twice:
    """A Dockerfile, built once in each of two worlds, each of which has a package archive of its own.

    A with-block: its images are removed at the end.

    Args:
        lab: whose.
        box: the engine's container.
        text: the Dockerfile, as it was handed in.
        worlds: for each world what it is called, and name, version and text of the packages that it offers.
        image: what serves the archive; see `engine.archive`.

    Raises:
        Mismatch: it is no Dockerfile, or cannot be built in one of the worlds.
    """

    def __init__(self, lab: Any, box: Container, text: Any, worlds: dict[str, Sequence[Any]], image: str):
        if not isinstance(text, str) or "FROM" not in text:
            raise Mismatch("The answer is no Dockerfile.", wanted="its text", found=type(text).__name__)
        self.lab, self.box, self.text, self.worlds, self.image = lab, box, text, worlds, image
        self.folder = f"labkit-probe-{secrets.token_hex(4)}"
        self.tags = [f"{self.folder}:{world.lower()}" for world in worlds]

    def __enter__(self) -> Twice:
        for n, (world, packages) in enumerate(self.worlds.items()):
            name, address = self.tags[n].replace(":", "-"), f"127.0.0.{3 + n}"
            served = archive(self.lab, self.box, address, packages, name, self.image)
            try:
                status, said = build(self.box, self.text, self.tags[n], address)
            finally:
                served.remove(force=True)
            later()
            if status:
                self.__exit__()
                lines = [line.split("E: ")[-1] for line in said.splitlines() if "E: " in line]
                hint = f"Which versions did {world}'s image have?" if n == 0 and lines else None
                found = "; ".join(lines[:2]) or said[-200:]
                message = f"It cannot be built where the archive is {world}'s."
                raise Mismatch(message, found=found, hint=hint)
        return self

    def __exit__(self, *error: object) -> None:
        shell(self.box, f"docker image rm --force {' '.join(self.tags)}; rm -r /root/{self.folder}")

    def said(self, n: int) -> str:
        """What a container of the image of one world prints."""
        return shell(self.box, f"timeout 20 docker run --rm {self.tags[n]}")[1]

    def differ(self) -> None:
        """Holds the two images against each other.

        Raises:
            Mismatch: they are not equal bit for bit; it says on which level.
        """
        one, other = (inspected(self.box, "image", tag) for tag in self.tags)
        if one["Id"] == other["Id"]:
            return
        first, second = (files(self.box, tag) for tag in self.tags)
        unlike = sorted(p for p in first.keys() | second.keys() if first.get(p) != second.get(p))
        raise unequal(unlike, one["RootFS"] == other["RootFS"])


def later() -> None:
    """Returns in another second: logs and file times count in seconds, and two builds must differ in them."""
    now = int(time.time())
    until(lambda: int(time.time()) > now, timeout=5, what="the next second")


def unequal(unlike: Sequence[str], layers: bool) -> Mismatch:
    """On which level two images differ.

    Args:
        unlike: the files whose contents differ.
        layers: whether the layers are equal.
    """
    if BAKED in unlike:
        hint = "Does the program need it?"
        return Mismatch("A file holds the time of the build.", found=BAKED, hint=hint)
    if unlike:
        hint = "What apt knows of the archive changes with the archive."
        if any(path.startswith("/var/log") for path in unlike):
            hint = "Logs tell when something was installed."
        found = ", ".join(unlike[:4])
        return Mismatch("Files of the two images differ in contents.", found=found, hint=hint)
    if not layers:
        hint = "Equal contents with other times are another layer. Which step writes into a folder?"
        return Mismatch("All contents are equal, the layers are not.", hint=hint)
    return Mismatch("The layers are equal, the configs are not.", hint="Which time does the config name?")
