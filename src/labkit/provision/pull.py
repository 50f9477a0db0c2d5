"""Pulling from Docker Hub, or from the mirror that stands in for it: one way for all images."""

from __future__ import annotations

import os
from typing import Any

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException

from labkit.core.errors import root

VARIABLE = "LABKIT_MIRROR"
HELPER_GONE = "Credentials store error"
"""What docker-py says where ``config.json`` names a program for logins that cannot be run."""

ASK_SECONDS = 8.0
"""How long a registry may take to say that it has the image; the download itself has no limit."""


class BrokenOff(DockerException):
    """A download that had begun has failed: the engine says so at the end of its answer, with status 200."""


def mirror() -> str:
    """The registry, with a folder if it needs one, that is asked in place of Docker Hub; empty for none."""
    return os.environ.get(VARIABLE, "").rstrip("/")


def source_of(name: str) -> str:
    """The name under which an image of Docker Hub is pulled.

    Args:
        name: as ``docker pull`` takes it, with a tag: ``debian:trixie-slim``, ``kindest/node:v1.37.0``.

    Returns:
        The same, or its name at the mirror, where an official image is in ``library/`` as it is on Docker Hub
        (Docker's documentation, "Mirror the Docker Hub library").
    """
    if not mirror():
        return name
    return f"{mirror()}/{name}" if "/" in name else f"{mirror()}/library/{name}"


def pull(client: docker.DockerClient, name: str, ask_seconds: float = ASK_SECONDS) -> str | None:
    """Pulls an image, which the engine then has as `source_of` its name.

    The registry is first only asked about the image, with a time limit, so that a machine without a way to
    it learns that in seconds, and a slow line may still take its time for the download.

    Args:
        client: the engine's.
        name: as on Docker Hub, with a tag.
        ask_seconds: how long the registry may take to say that it has the image.

    Returns:
        None when that worked, else the reason in one line.
    """
    api: Any = client.api  # seconds may have a fraction, though its type says whole ones
    usual, source = api.timeout, source_of(name)
    repository, _, tag = source.rpartition(":")
    limit, login = ask_seconds, dict[str, Any]()

    def attempt() -> None:
        nonlocal limit
        limit = api.timeout = ask_seconds
        client.images.get_registry_data(source, **login)
        limit = api.timeout = usual
        for told in api.pull(repository, tag, stream=True, decode=True, **login):
            if "error" in told:  # `images.pull` overlooks it, and hands out an older image of that name
                raise BrokenOff(told["error"])

    try:
        try:
            attempt()
        except DockerException as e:
            if HELPER_GONE not in str(e):
                raise
            login = {"auth_config": {}}  # the images are public
            attempt()
    except BrokenOff as e:
        return str(e)
    except APIError as e:
        return str(e.explanation or e).strip().rpartition(": ")[2]
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, DockerException) as e:
        timed_out = isinstance(e, requests.exceptions.Timeout) or isinstance(root(e), TimeoutError)
        return f"no answer within {limit:g} s" if timed_out else type(e).__name__
    finally:
        api.timeout = usual
    return None
