"""The course's own images: built from ``images/<folder>`` when something they are made of has changed.

An image carries three labels: ``labkit.image`` (its name), ``labkit.hash`` (what it was made of) and
``labkit.image-of`` (the lab that built it). It carries no ``labkit.lab``: containers inherit an image's
labels, and that one says whose a container is.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError

from labkit.core import engine
from labkit.core.errors import CommandFailed, NotOurs
from labkit.core.paths import REGISTRY, lab_id
from labkit.core.process import run
from labkit.provision import base_image
from labkit.provision.image_table import IMAGES, Image, hashes, with_parents

Report = Callable[[str, str, float], None]
"""Called with an image's name, its state (current, building, built, failed) and the seconds it took."""

BASE = "base:trixie"
"""The course's own base, on top of `base_image.SOURCE`."""

AT_ONCE = 4
"""Builds side by side: they wait for downloads more than for the CPU."""

NODES = f"{REGISTRY}/node:"
"""How the names of the cluster's node images begin (`labkit.provision.node_image` makes them)."""

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def names() -> list[str]:
    """The full names of all course images, such as ``localhost:5001/web:1.0``."""
    return [image.reference for image in IMAGES.values()]


def present(client: docker.DockerClient) -> dict[str, dict[str, Any]]:
    """The engine's images of our names and of `base.SOURCE`, by reference, in one call."""
    listed = client.api.images(filters={"reference": [base_image.SOURCE, *names()]})
    return {tag: image for image in listed for tag in image["RepoTags"] or []}


def ensure(names: Iterable[str] | None = None, report: Report | None = None) -> list[str]:
    """Builds what is missing or out of date, side by side, and returns the names of what it built.

    Args:
        names: images to see to (and what they stand on); None means all.
        report: told about each image.

    Raises:
        NotOurs: an image of that name is there and the course did not build it.
        CommandFailed: a build failed; its last lines are in the error.
        ImageUnavailable: the base can neither be pulled nor bootstrapped.
    """
    client, report = engine.client(), one_at_a_time(report or (lambda *_: None))
    images, there, ca = with_parents(names), present(client), base_image.ca_bundle()
    if base_image.SOURCE not in there:
        start = time.monotonic()
        report(base_image.SOURCE, "fetching", 0.0)
        source = base_image.source(client, lambda line: report(base_image.SOURCE, line, 0.0))
        report(base_image.SOURCE, "built", time.monotonic() - start)
    else:
        source = there[base_image.SOURCE]["Id"]
    wanted = hashes(source, base_image.ca_hash(ca))
    stale = {i.name: i for i in images if not is_current(there.get(i.reference), i, wanted[i.name])}
    for image in images:
        if image.name not in stale:
            report(image.name, "current", 0.0)
    build_all(stale, wanted, ca, report)
    forget(client, [there[i.reference]["Id"] for i in stale.values() if i.reference in there])
    return list(stale)


def ensure_base(say: Callable[[str], None] = lambda _: None) -> str:
    """Makes sure that the engine has the base of all course images, and returns its name.

    Args:
        say: told in a line what is being done.

    Raises:
        ImageUnavailable: `base_image.SOURCE` can neither be pulled nor bootstrapped on this machine.
        CommandFailed: the build on top of it failed.
    """
    ensure([BASE], report=lambda name, state, _: say(f"{name} {state}"))
    return IMAGES[BASE].reference


def one_at_a_time(report: Report) -> Report:
    """Lets one thread at a time into the callback, so that it need not care."""
    lock = threading.Lock()

    def locked(name: str, state: str, seconds: float) -> None:
        with lock:
            report(name, state, seconds)

    return locked


def is_current(present: dict[str, Any] | None, image: Image, wanted: str) -> bool:
    """Whether the engine's image is made of what it should be.

    Raises:
        NotOurs: it is no image of the course at all.
    """
    if present is None:
        return False
    labels = present.get("Labels") or {}
    if labels.get("labkit.image") != image.name:
        raise NotOurs(
            f"There is another image called {image.reference}; the course did not build it.",
            fix=f"docker tag {image.reference} my-{image.name} && docker rmi {image.reference}, then again",
        )
    return labels.get("labkit.hash") == wanted


def build_all(stale: dict[str, Image], wanted: dict[str, str], ca: Path | None, report: Report) -> None:
    """Builds images side by side, each as soon as what it stands on is there."""
    order = TopologicalSorter({n: {i.parent or ""} & stale.keys() for n, i in stale.items()})
    order.prepare()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running: dict[Future[None], str] = {}
        while order.is_active():
            for name in order.get_ready():
                running[pool.submit(build, stale[name], wanted[name], ca, report)] = name
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                future.result()  # raises the build's error; the pool then waits for those that still run
                order.done(name)


def build(image: Image, wanted: str, ca: Path | None, report: Report) -> None:
    """Builds one image with BuildKit, through the CLI (the SDK's build has no BuildKit)."""
    report(image.name, "building", 0.0)
    start = time.monotonic()
    try:
        run(build_command(image, wanted, ca), env=engine.cli_env())
    except CommandFailed as e:
        report(image.name, "failed", time.monotonic() - start)
        raise CommandFailed(
            f"The image {image.reference} was not built.",
            found=e.found,
            fix=f"look at {image.context / 'Dockerfile'}; if it was the network, run the same command again",
        ) from None
    report(image.name, "built", time.monotonic() - start)


def build_command(image: Image, wanted: str, ca: Path | None) -> list[str]:
    """The docker command that builds an image.

    The builder is named because the user's own choice may be one that cannot see the engine's images.
    """
    labels = {"labkit.image": image.name, "labkit.hash": wanted, "labkit.image-of": lab_id()}
    args = [f"BASE={IMAGES[image.parent].reference if image.parent else base_image.SOURCE}", *image.args]
    args += [name for name in PROXIES if name in os.environ]
    secret = []
    if image.parent is None and ca:
        args.append(f"CA={base_image.ca_hash(ca)}")
        secret = ["--secret", f'id=ca,"src={ca}"']  # a list with commas, and the path may hold some
    return [
        *engine.docker_cmd(), "buildx", "build", "--builder", "default", "--progress", "plain",
        "--provenance=false", "--tag", image.reference, *secret,
        *(o for a in args for o in ("--build-arg", a)),
        *(o for k, v in labels.items() for o in ("--label", f"{k}={v}")),
        str(image.context),
    ]  # fmt: skip


def forget(client: docker.DockerClient, ids: Iterable[str]) -> None:
    """Removes images that newer ones have replaced; one that a container still uses stays."""
    for id_ in ids:
        try:
            if not client.images.get(id_).tags:
                client.images.remove(id_)
        except APIError:
            continue


def remove_all() -> tuple[list[str], dict[str, str]]:
    """Removes the images that this lab built: under the names the course gave them, and those without a name.

    What a learner built FROM a course image inherits its labels, and is told apart by its name: it stays.

    Returns:
        The names removed and, by name, why others could not be (a container uses it).
    """
    client, removed, refusals = engine.client(), list[str](), dict[str, str]()
    ours = {base_image.SOURCE, *names()}
    for image in client.api.images(filters={"label": f"labkit.image-of={lab_id()}"}):
        tags = [t for t in image["RepoTags"] or [] if t != "<none>:<none>"]
        for name in [t for t in tags if t in ours or t.startswith(NODES)] if tags else [image["Id"]]:
            try:
                client.images.remove(name)
                removed.append(name)
            except APIError as e:
                refusals[name] = e.explanation or str(e)
    return removed, refusals
