"""Conditions of containers, from the daemon's event stream."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import requests
import urllib3
from docker.errors import DockerException, NotFound
from docker.models.containers import Container

from labkit.errors import EngineUnavailable, Usage
from labkit.wait import Deadline, follow

BROKEN = (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError)
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


def wait(container: Container, condition: str | Callable[[Container], bool], timeout: float) -> Container:
    """Waits for a container.

    Args:
        container: which.
        condition: a name of `CONDITIONS`, or a predicate of the container.
        timeout: seconds.

    Returns:
        The container as it was when the condition held.

    Raises:
        TimedOut: with its last state and log lines.
        EngineUnavailable: the daemon cannot be reached.
        Usage: no such condition.
    """
    if callable(condition):
        test, word = (
            (lambda c: c is not None and bool(condition(c))),
            getattr(condition, "__name__", "as wanted"),
        )
    elif condition in CONDITIONS:
        test, word = CONDITIONS[condition], condition
    else:
        raise Usage(f"A container has no condition {condition!r}.", wanted=", ".join(CONDITIONS))
    client, name = container.client, container.name
    if condition == "healthy" and not container.attrs["Config"].get("Healthcheck"):
        raise Usage(
            f"The container {name} has no health check, so it never becomes healthy.",
            fix='wait for "running"',
        )

    def look() -> Container | None:
        try:
            container.reload()
        except NotFound:
            return None
        except (DockerException, *BROKEN) as e:
            raise EngineUnavailable("The Docker daemon does not answer.", found=e, fix="make up") from None
        return container

    def stream(deadline: Deadline) -> Iterator[Any]:
        try:
            events = client.events(filters={"container": container.id, "type": "container"}, decode=True)
        except (DockerException, *BROKEN) as e:
            raise EngineUnavailable("The Docker daemon does not answer.", found=e, fix="make up") from None
        alarm = threading.Timer(deadline.left(), events.close)
        alarm.daemon = True
        alarm.start()
        try:
            yield None
            for _ in events:
                yield look()
        except (DockerException, *BROKEN):
            return  # the stream broke: subscribe again
        finally:
            alarm.cancel()
            events.close()

    return follow(
        f"The container {name}", word, test, look, stream, evidence, Deadline(timeout), f"docker logs {name}"
    )


def evidence(container: Container | None) -> str:
    """The container's state, and the last lines it wrote."""
    if container is None:
        return "last state: removed"
    state = container.attrs["State"]
    said = f"last state: {state['Status']}, exit code {state['ExitCode']}"
    if health := state.get("Health"):
        last = (health.get("Log") or [{}])[-1].get("Output", "").strip()
        said += f", {health['Status']}" + (f" ({last[:200]})" if last else "")
    try:
        lines = container.logs(tail=LOG_LINES).decode(errors="replace").strip()
    except (DockerException, *BROKEN):
        lines = ""
    return said + (f"\nlast lines of its log:\n{lines}" if lines else "\nits log is empty")
