"""Brings the course's images into the local registry: those that it does not have as they are now."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterable

import docker
from docker.errors import APIError

from labkit.core.errors import CommandFailed, ImageUnavailable
from labkit.core.paths import REGISTRY
from labkit.provision import images
from labkit.provision.image_table import IMAGES

PUSHED = tuple(n for n in IMAGES if n not in ("base:trixie", "registry:2", "engine:26.1"))
"""The images that Pods use."""

MANIFESTS = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    )
)
"""Every form of a manifest, so that the registry sends it as it was pushed."""


def push(
    client: docker.DockerClient,
    port: int,
    names: Iterable[str] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Pushes images, layers that are there already excepted, and returns the names of those pushed.

    Args:
        client: the engine that has the images.
        port: the registry's port on this host.
        names: images, as in `IMAGES`; None means `PUSHED`.
        say: told which one is being pushed.

    Raises:
        ImageUnavailable: an image has not been built.
        CommandFailed: the registry refused it.
    """
    names = list(PUSHED if names is None else names)
    local, there, pushed = images.present(client), stored(port, names), []
    for name in names:
        reference = f"{REGISTRY}/{name}"
        if reference not in local:
            raise ImageUnavailable(
                "An image for the local registry is missing.", wanted=reference, fix="make up"
            )
        if local[reference]["Id"] not in there[name]:
            say(f"pushing {name}")
            push_one(client, name, f"localhost:{port}")
            pushed.append(name)
    return pushed


def stored(port: int, names: Iterable[str]) -> dict[str, set[str]]:
    """By image name, the digests that the registry has under it: of the manifest and of the config in it.

    One of them is the id of the same image in an engine: which, depends on how the engine stores images.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    digests: dict[str, set[str]] = {}
    for name in names:
        repository, _, tag = name.partition(":")
        connection.request("GET", f"/v2/{repository}/manifests/{tag}", headers={"Accept": MANIFESTS})
        answer = connection.getresponse()
        body, digests[name] = answer.read(), set()
        if answer.status == 200:
            config = json.loads(body).get("config", {}).get("digest")
            digests[name] = {answer.headers["Docker-Content-Digest"], config}
    connection.close()
    return digests


def push_one(client: docker.DockerClient, name: str, registry: str) -> None:
    """Pushes one image; where the registry has not the usual port, by another name for that moment."""
    repository, _, tag = name.partition(":")
    target = f"{registry}/{repository}"
    if registry != REGISTRY:
        client.images.get(f"{REGISTRY}/{name}").tag(target, tag)
    try:
        # the lab's registry asks for no login, and the user's may need a helper that is gone
        for line in client.api.push(target, tag=tag, auth_config={}, stream=True, decode=True):
            if "error" in line:
                raise refused(name, line["error"])
    except APIError as e:
        raise refused(name, e.explanation or e) from None
    finally:
        if registry != REGISTRY:
            client.images.remove(f"{target}:{tag}", noprune=True)


def refused(name: str, why: object) -> CommandFailed:
    """The error for a push that did not work."""
    return CommandFailed(f"{name} could not be pushed to the local registry.", found=why, fix="make up")
