"""The local registry: one container that the cluster's nodes pull the course's images from.

Images are named ``localhost:5001/…`` everywhere. On the host that is this registry's published port; in the
cluster, containerd is told to look for that name at the container itself, over the cluster's own network.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
from collections.abc import Callable
from typing import Any, cast

import docker
from docker.errors import APIError, ImageNotFound, NotFound
from docker.models.containers import Container

from labkit.core import engine
from labkit.core.errors import CommandFailed, ImageUnavailable, NotOurs, TimedOut
from labkit.core.labels import LABEL, labels
from labkit.core.paths import REGISTRY, lab_id
from labkit.provision import images, kind_cluster, push
from labkit.wait.until import until

PORT = int(REGISTRY.rpartition(":")[2])
IMAGE = f"{REGISTRY}/registry:2"
ANSWER_SECONDS = 20
LISTENS = "listening on"
"""What the registry's log says when it is ready."""

Say = Callable[[str], None]


def name() -> str:
    """The name of the container, and of the volume that holds its images."""
    return kind_cluster.registry_name()


def wanted() -> set[str]:
    """The repositories that the registry ought to hold, without tags."""
    return {image.partition(":")[0] for image in push.PUSHED}


def find(client: docker.DockerClient) -> Container | None:
    """The registry's container, running or not, or None.

    Raises:
        NotOurs: a container of that name is somebody else's.
    """
    try:
        container = client.containers.get(name())
    except NotFound:
        return None
    must_be_ours("container", container.labels)
    return container


def address() -> str:
    """Where the registry answers on the host, ``localhost:<port>``; empty if it does not run.

    Raises:
        NotOurs: a container of its name is somebody else's.
    """
    container = find(engine.client())
    return f"localhost:{published(container)}" if container and container.status == "running" else ""


def ensure(say: Say = lambda _: None) -> str:
    """Makes sure that the registry runs and holds the course's images; returns where it answers on the host.

    Args:
        say: told in a line what is being done, and about a port other than the usual one.

    Raises:
        NotOurs: a container, network or volume of its name is somebody else's; it is left alone.
        ImageUnavailable: an image has not been built.
        CommandFailed: it does not start, or does not answer.
    """
    client = engine.client()
    container = find(client)
    if not container or container.status != "running" or is_outdated(client, container):
        if container:
            container.remove(force=True)  # nothing is lost: its images are on the volume
            images.forget(client, [container.attrs["Image"]])
        container = start(client)
    port = published(container)
    try:
        until(lambda: answers(port), timeout=ANSWER_SECONDS, what=f"the registry answers on 127.0.0.1:{port}")
    except TimedOut as e:
        log = container.logs(tail=5).decode(errors="replace").strip()
        if LISTENS in log:
            raise CommandFailed(
                "The registry runs, and its published port cannot be reached from here.",
                wanted=f"the engine's published ports on 127.0.0.1 (here: {port})",
                found=f"no answer, while the registry says: {log.splitlines()[-1]}",
                fix="run the course on the engine's own machine, or in a container with --network=host",
            ) from None
        raise CommandFailed(e.message, found=log or "an empty log", fix="make up") from None
    push.push(client, port, say=say)
    say(f"localhost:{port}" if port == PORT else f"localhost:{port} (port {PORT} is taken by something else)")
    return f"localhost:{port}"


def stop() -> bool:
    """Stops the registry; True if it was running. Its images stay on its volume."""
    container = find(engine.client())
    if not container or container.status != "running":
        return False
    container.stop(timeout=2)
    return True


def is_outdated(client: docker.DockerClient, container: Container) -> bool:
    """Whether the registry's image was built anew since this container was made."""
    try:
        return bool(client.images.get(IMAGE).id != container.attrs["Image"])
    except ImageNotFound:
        return False


def start(client: docker.DockerClient) -> Container:
    """Starts a new container, on the usual port or else on a free one.

    Raises:
        CommandFailed: it starts on none; the engine's last reason is in the error.
    """
    reason = ""
    for port in (PORT, free_port(), free_port()):
        container = create(client, port)
        try:
            container.start()
        except APIError as e:  # mostly the port is somebody else's; engines say so in words of their own
            container.remove(force=True)
            reason = e.explanation or str(e)
            continue
        container.reload()
        return container
    raise CommandFailed(
        "The local registry did not start.",
        wanted=f"127.0.0.1:{PORT}, or any other port",
        found=reason,
        fix="make up",
    )


def create(client: docker.DockerClient, port: int) -> Container:
    """Makes the container, not yet started.

    Its address is the last one of the network, so that it never takes one that a resting node had.
    """
    network = kind_cluster.network(client)
    subnet = client.networks.get(network).attrs["IPAM"]["Config"][0]["Subnet"]
    last = ipaddress.ip_network(subnet).broadcast_address - 1
    try:
        return client.containers.create(
            IMAGE,
            name=name(),
            labels=labels(),
            network=network,
            networking_config={network: client.api.create_endpoint_config(ipv4_address=str(last))},
            ports={"5000/tcp": ("127.0.0.1", port)},
            volumes={volume(client): {"bind": "/var/lib/registry", "mode": "rw"}},
            restart_policy=cast(Any, {"Name": "unless-stopped"}),  # a count is for on-failure alone
        )
    except ImageNotFound:
        raise ImageUnavailable("The registry's image is not there.", wanted=IMAGE, fix="make up") from None


def volume(client: docker.DockerClient) -> str:
    """Makes the volume for the registry's images, if it is missing, and returns its name."""
    try:
        volume = client.volumes.get(name())
    except NotFound:
        volume = client.volumes.create(name(), labels=labels())
    must_be_ours("volume", volume.attrs["Labels"])
    return name()


def must_be_ours(kind: str, labels: dict[str, str] | None) -> None:
    """Raises `NotOurs` unless these are the labels of something that this lab made."""
    if (labels or {}).get(LABEL) != lab_id():
        raise NotOurs(
            f"There is a {kind} called {name()}, and this lab did not make it.",
            wanted=f"the label {LABEL}={lab_id()}",
            found=f"{LABEL}={labels[LABEL]}" if labels and LABEL in labels else "no such label",
            fix="export LABKIT_CLUSTER=<another name>, then: make up",
        )


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has at this moment.

    Chosen here because Docker, left to choose, takes another one at every start.
    """
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def published(container: Container) -> int:
    """The host port on which the container is, or will be, published."""
    return int(container.attrs["HostConfig"]["PortBindings"]["5000/tcp"][0]["HostPort"])


def answers(port: int) -> bool:
    """Whether a registry answers there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
