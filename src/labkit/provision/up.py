"""From whatever is there to a whole lab: engine, base image, images, registry, cluster.

Images and the cluster's programs are built side by side; nothing that is there already is made again.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from labkit.core import endpoint, engine
from labkit.core.errors import EngineAbsent, EngineUnavailable
from labkit.provision import debian_root, default_bridge, images, kind_cluster, node_image, registry
from labkit.provision.progress import Say, Steps


def bring_up(only: str | None = None, steps: Steps | None = None) -> None:
    """Brings the lab up.

    Args:
        only: ``docker`` leaves out the registry and the cluster.
        steps: where progress is shown.

    Raises:
        LabkitError: what could not be done, and what to do about it.
    """
    with steps or Steps() as show:
        with show.step("engine", 30) as say:
            say(engine_up(say))
            if only != "docker":
                kind_cluster.nodes(engine.client())  # a foreign cluster of our name is told at once
        with show.step("base image", 20) as say:
            foundation = images.ensure_base(say)
        with ThreadPoolExecutor(2) as pool:
            # The course's images are needed by the registry, the node image by the cluster: two chains.
            jobs: list[Future[None]] = [pool.submit(course_images, show, only)]
            if only != "docker":
                jobs.append(pool.submit(kubernetes, show, foundation))
            for job in jobs:
                job.result()


def engine_up(say: Say) -> str:
    """Finds the daemon to use, or starts the course's own where none is named and none answers; says which.

    Raises:
        EngineUnavailable: one is named, or answers, and cannot be used; it is not worked around. Or its
            default bridge has lost its interface.
    """
    try:
        found = endpoint.choose()
    except EngineAbsent:
        say("starting the course's own Docker engine (first time: about 200 MB of Debian packages)")
        return f"started {debian_root.start()}{without_overlay()}"
    is_own = found.url == endpoint.own_host()
    if name := default_bridge.gone(engine.client(), is_own):
        again = started_again(name, is_own, say)
        return f"started again {again}{without_overlay()}"
    return f"its own: {found}" if is_own else f"found one: {found}"


def started_again(name: str, is_own: bool, say: Say) -> str:
    """Starts the course's own daemon again, which makes the interface of its bridge anew; returns its URL.

    Raises:
        EngineUnavailable: the engine is not the course's, so somebody else must do that.
    """
    if not is_own:
        raise EngineUnavailable(
            f"The engine's interface {name} is gone, so its containers have no network.",
            wanted="the interface that its default bridge names",
            found="none: a second dockerd that was started with --bridge none removes it, for example",
            fix="sudo systemctl restart docker (or restart it as you start it), then: make up",
        )
    say(f"its interface {name} is gone; the daemon is started again, and makes it anew")
    debian_root.stop()
    return debian_root.start()


def without_overlay() -> str:
    """What is said of an engine whose file system has no overlay: it copies layers. Empty for all others."""
    if engine.client().info().get("Driver") != "vfs":
        return ""
    return " (no overlay here, so layers are copied: LABKIT_HOME on ext4, xfs or btrfs shares them)"


def course_images(show: Steps, only: str | None) -> None:
    """Builds the course's images and, with a cluster, puts them into the registry its nodes pull from."""
    with show.step("images", 150) as say:
        built = images.ensure(report=lambda name, state, seconds: say(f"{name} {state}"))
        say(f"{len(built)} built, the others were there")
    if only != "docker":
        with show.step("registry", 20) as say:
            say(registry.ensure(say))


def kubernetes(show: Steps, foundation: str) -> None:
    """Gets a node image and brings the cluster up."""
    with show.step("node image", 800) as say:
        image = node_image.ensure(foundation, say)
        say("there")
    with show.step("cluster", 40) as say:
        say(kind_cluster.ensure(image, say))
