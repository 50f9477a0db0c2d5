"""Faults of an engine or its settings that have a name: said in one sentence, with what helps."""

from __future__ import annotations

import re

from labkit.core.errors import EngineUnavailable

NAMED = {
    "available, non-overlapping IPv4|predefined address pools": (
        "Docker has no free address range for another network.",
        "leave the VPN, or remove networks that nobody uses (docker network prune), or widen Docker's "
        "default-address-pools (daemon.json); then: make up",
    ),
    "Credentials store error|error getting credentials": (
        "Docker's settings name a program for logins that cannot be run.",
        "take credsStore and credHelpers out of Docker's config.json (labkit doctor names the file)",
    ),
    "no space left on device": (
        "The disk of the Docker engine is full.",
        "docker system df shows what takes it; docker system prune removes what is not in use",
    ),
    "too many open files|inotify": (
        "The machine has no more inotify instances or open files for containers.",
        "sudo sysctl -w fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288; then: make up",
    ),
    "no matching manifest|does not match the (?:specified|detected) platform|exec format error": (
        "An image is of another platform than the engine.",
        "unset DOCKER_DEFAULT_PLATFORM; docker rmi the image, then: make up",
    ),
    "proxyconnect|Proxy Authentication Required": (
        "The engine's proxy does not answer.",
        "mend the proxy of the engine (its service's HTTP_PROXY, or Docker Desktop: Settings, Proxies)",
    ),
}
"""What the message of a fault contains (a regular expression) → the sentence, and what to do next."""


def named(error: object) -> EngineUnavailable | None:
    """The fault by its name; None for one that has none.

    Args:
        error: the exception, or what a program printed.
    """
    text = str(error)
    for pattern, (message, fix) in NAMED.items():
        if re.search(pattern, text):
            return EngineUnavailable(message, found=text.strip().splitlines()[-1][:300], fix=fix)
    return None
