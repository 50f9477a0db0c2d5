"""What lint finds: where, what, and whether it is a breach of the rules or work that is still to be done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a finding means for the exit status of ``labkit lint``."""

    BREACH = auto()
    """A rule is broken: it must be mended."""

    OPEN = auto()
    """Work that is still to be done: it is told, and lint passes."""


@dataclass(frozen=True)
class Finding:
    """One thing that lint has found; as text, it is one line.

    Attributes:
        where: a file, or a stem with its folder, such as ``solutions/ch01_docker_manages``.
        text: what is wrong there, for people.
        kind: whether it is a breach.
    """

    where: str
    text: str
    kind: Kind = Kind.BREACH

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"

    @property
    def is_open(self) -> bool:
        """Whether it is work to be done, and no breach."""
        return self.kind is Kind.OPEN
