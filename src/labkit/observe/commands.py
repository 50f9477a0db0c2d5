"""A line of shell in a container or on a private engine's host: what it prints, or whether it succeeds."""

from __future__ import annotations

from docker.models.containers import Container

from labkit.core.errors import CommandFailed
from labkit.lab.private_engine import PrivateEngine
from labkit.observe.containers import CANNOT_RUN, shell


def output_of(where: Container | PrivateEngine, line: str, *, user: str = "") -> str:
    """Runs a line of shell; returns what it printed, errors included, without blanks around it.

    Args:
        where: a container, or a private engine (``lab.engine(…)``), whose container is that engine's host.
        line: what ``sh -c`` is given.
        user: as whom; empty is the container's own.

    Raises:
        CommandFailed: it ended with another status than 0.
        BrokenEnvironment: the engine lost what was printed.
    """
    status, said = shell(container_of(where), line, user)
    if status:
        raise failed(line, status, said)
    return said


def succeeds(where: Container | PrivateEngine, line: str, *, user: str = "") -> bool:
    """Whether a line of shell ends with status 0.

    A line that could not be run at all is no answer: its program is missing, or a signal ended it.

    Args:
        where: a container, or a private engine, whose container is that engine's host.
        line: what ``sh -c`` is given.
        user: as whom; empty is the container's own.

    Raises:
        CommandFailed: it ended with status 126 or above.
        BrokenEnvironment: the engine lost what was printed.
    """
    status, said = shell(container_of(where), line, user)
    if status >= CANNOT_RUN:
        raise failed(line, status, said)
    return status == 0


def container_of(where: Container | PrivateEngine) -> Container:
    """The container in which a line is run."""
    return where.container if isinstance(where, PrivateEngine) else where


def failed(line: str, status: int, said: str) -> CommandFailed:
    """The error for a line that ended with a status."""
    end = said[-300:] or "it printed nothing"
    return CommandFailed(f"A line of shell ended with status {status}.", wanted=line[:200], found=end)
