"""Conditions of containers, from the daemon's event stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3
from docker.errors import DockerException
from docker.models.containers import Container

from labkit.core.errors import EngineUnavailable, Missing, Usage
from labkit.wait.loop import ANSWER, LOOK, Deadline, Predicate, follow

BROKEN = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError, json.JSONDecodeError)
CONNECT = 5.0
"""Seconds for a connection to the daemon."""

LOG_LINES = 5


def is_running(c: Container | None) -> bool:
    """Started, and not yet ended."""
    return bool(c and c.attrs["State"]["Running"] and not c.attrs["State"].get("Restarting"))


def is_healthy(c: Container | None) -> bool:
    """Its health check passed."""
    return bool(c and (c.attrs["State"].get("Health") or {}).get("Status") == "healthy")


def is_exited(c: Container | None) -> bool:
    """It ran and ended (one that was never started has not)."""
    return bool(c and c.attrs["State"]["Status"] in ("exited", "dead"))


CONDITIONS: dict[str, Callable[[Container | None], bool]] = {
    "running": is_running,
    "healthy": is_healthy,
    "exited": is_exited,
    "removed": lambda c: c is None,
    "gone": lambda c: c is None,
}


def wait(
    container: Container, condition: str | Callable[[Container], Any], timeout: float
) -> Container | None:
    """Waits for a container.

    Args:
        container: which.
        condition: a name of `CONDITIONS`, or a predicate of the container.
        timeout: seconds.

    Returns:
        The container as it was when the condition held; None once it is removed.

    Raises:
        TimedOut: with its last state and log lines.
        Missing: it was removed, so that the condition can no longer come true.
        EngineUnavailable: the daemon cannot be reached.
        Usage: no such condition.
    """
    if not callable(condition) and condition not in CONDITIONS:
        raise Usage(f"A container has no condition {condition!r}.", wanted=", ".join(CONDITIONS))
    if condition == "healthy" and not has_check(container):
        raise Usage(
            f"The container {container.name} has no health check, so it never becomes healthy.",
            fix='wait for "running"',
        )
    test = Predicate(condition) if callable(condition) else CONDITIONS[condition]
    watched = Watched(container, may_go=test(None))
    return follow(
        f"The container {container.name}",
        str(test) if callable(condition) else condition,
        test,
        watched.look,
        watched.stream,
        watched.evidence,
        Deadline(timeout),
        f"docker logs {container.name}",
    )


def has_check(container: Container) -> bool:
    """Whether it has a health check (one that its image has can be switched off)."""
    if "Config" not in container.attrs:  # from a short listing
        container.reload()
    test = (container.attrs["Config"].get("Healthcheck") or {}).get("Test") or ["NONE"]
    return bool(test[0] != "NONE")


class Watched:
    """A container's state and what happens to it, each call bounded by a deadline.

    Args:
        container: which; its ``attrs`` are kept up to date.
        may_go: whether its removal is what is waited for.
    """

    def __init__(self, container: Container, may_go: bool):
        self.container, self.may_go = container, may_go
        self.since: float | None = None

    def ask(self, path: str, seconds: float, **options: Any) -> requests.Response:
        """A GET request to the daemon, which docker-py would let wait for minutes.

        Raises:
            EngineUnavailable: no answer, or one that says that the daemon is in trouble.
        """
        api = self.container.client.api  # type: ignore[union-attr]  # every listed container has its client
        try:
            answer = api.get(
                f"{api.base_url}/v{api.api_version}{path}",
                timeout=(min(CONNECT, seconds), seconds),
                **options,
            )
        except BROKEN as e:
            raise EngineUnavailable("The Docker daemon does not answer.", found=e, fix="make up") from None
        if not answer.ok and answer.status_code != requests.codes.not_found:
            raise EngineUnavailable("The Docker daemon is in trouble.", found=answer.text, fix="make doctor")
        return answer

    def look(self, deadline: Deadline) -> Container | None:
        """The container as it is now; None once it was removed.

        Raises:
            Missing: it was removed, and the condition can no longer come true.
        """
        answer = self.ask(f"/containers/{self.container.id}/json", deadline.answer())
        if "Date" in answer.headers:  # the daemon's clock, which may not be ours; it shows whole seconds
            self.since = parsedate_to_datetime(answer.headers["Date"]).timestamp() - 1
        if answer.status_code == requests.codes.not_found:
            if self.may_go:
                return None
            name = self.container.name
            raise Missing(f"The container {name} was removed while its state was waited for.")
        try:
            self.container.attrs = answer.json()
        except BROKEN as e:
            raise EngineUnavailable("The Docker daemon's answer broke off.", found=e, fix="make up") from None
        return self.container

    def stream(self, deadline: Deadline) -> Iterator[Any]:
        """`LOOK`, and again after each event since that look (the daemon keeps 256 for latecomers)."""
        yield LOOK
        if not deadline.left():
            return
        query = {"filters": json.dumps({"container": [self.container.id], "type": ["container"]})}
        if self.since is not None:
            query["since"] = f"{self.since:.0f}"
        try:
            with self.ask("/events", deadline.silence(), params=query, stream=True) as answer:
                socket = getattr(getattr(answer.raw, "connection", None), "sock", None)
                for _ in answer.iter_content(chunk_size=None):
                    yield LOOK
                    if socket is not None:  # from here on, less time is left than when it was opened
                        socket.settimeout(deadline.silence())
        except (DockerException, *BROKEN):
            return  # silent, cut or ended: look again

    def evidence(self, last: Container | None) -> str:
        """The container's state, and the last lines it wrote."""
        if last is None:
            return "last state: removed"
        state = last.attrs["State"]
        text = f"last state: {state['Status']}, exit code {state['ExitCode']}"
        if health := state.get("Health"):
            output = (health.get("Log") or [{}])[-1].get("Output", "").strip()
            text += f", {health['Status']}" + (f" ({output[:200]})" if output else "")
        if state.get("Error"):
            text += f"\nthe engine's error: {state['Error']}"
        lines = self.log()
        return text + (f"\nlast lines of its log:\n{lines}" if lines else "\nits log is empty")

    def log(self) -> str:
        """The last lines of its log; empty where there are none to be had."""
        query = {"stdout": 1, "stderr": 1, "tail": LOG_LINES}
        try:
            raw = self.ask(f"/containers/{self.container.id}/logs", ANSWER, params=query).content
        except (EngineUnavailable, *BROKEN):
            return ""
        if not self.container.attrs["Config"].get("Tty"):
            raw = unframed(raw)
        return raw.decode(errors="replace").strip()


def unframed(raw: bytes) -> bytes:
    """A log without the eight bytes before each piece that name its stream and length (Engine API, Logs)."""
    pieces, at = [], 0
    while at + 8 <= len(raw):
        end = at + 8 + int.from_bytes(raw[at + 4 : at + 8], "big")
        pieces.append(raw[at + 8 : end])
        at = end
    return b"".join(pieces)
