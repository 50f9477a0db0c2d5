"""How a container of the course's web application stops: how soon, and whether the server was asked to."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from docker.models.containers import Container

from labkit.core.errors import Mismatch, TimedOut
from labkit.lab.lab import Lab
from labkit.observe.containers import http
from labkit.observe.replacement import settings
from labkit.wait.conditions import Object
from labkit.wait.until import until

GRACE, DRAIN = 5, 1.5
"""Seconds that a container gets to stop; seconds for which a server drains that is told to."""

PORT = 8080


def answers(lab: Lab, box: Container, port: int, seconds: float = 10) -> Any:
    """What the service at a port of a container says of itself; None if it is silent for so long."""
    page = f"http://127.0.0.1:{port}/"
    with suppress(TimedOut):
        reply = until(lambda: next((r for r in http(lab, box, page) if r.ok), None), timeout=seconds)
        return reply.json() if reply else None
    return None


def stopped(lab: Lab, box: Container) -> tuple[float, Object]:
    """Stops a container and starts it again; the seconds that the stop took, and the state it left."""
    began = time.monotonic()
    box.stop(timeout=GRACE)
    took = time.monotonic() - began
    box.reload()
    state = box.attrs["State"]
    box.start()
    answers(lab, box, PORT)  # the next stop must find it in service
    return took, state


@contextmanager
def temporary(lab: Lab, config: dict[str, Any]) -> Iterator[Container]:
    """A container that is started, and gone at the end of the block."""
    name = f"labkit-probe-{secrets.token_hex(4)}"
    box = lab.docker.containers.get(lab.docker.api.create_container_from_config(config, name)["Id"])
    try:
        box.start()
        yield box
    finally:
        box.remove(force=True, v=True)


def control(lab: Lab, image: str) -> float:
    """The seconds that a container takes which stops as it should, on this machine, now."""
    with temporary(lab, {"Image": image}) as box:
        return stopped(lab, box)[0]


def was_asked(lab: Lab, box: Container) -> None:
    """The server itself is asked to end: in a container like this one it drains first, if it is set to.

    Args:
        lab: whose.
        box: the container.

    Raises:
        Mismatch: it does not drain, though the container stops.
    """
    with temporary(lab, settings(box, DRAIN_SECONDS=str(DRAIN))) as copy:
        took = stopped(lab, copy)[0] if answers(lab, copy, PORT) else 0
    if took < DRAIN:
        hint = "Something ended in order, and took the server along. Whose handler ran?"
        raise Mismatch("The server was never asked to end.", wanted="it drains, if it is set to", hint=hint)
