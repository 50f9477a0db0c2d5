"""How long after a condition has come true a wait ends: ours, `kubectl wait`, and a poll each second."""

from __future__ import annotations

import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kubernetes import client

from labkit.core.engine import cli_env
from labkit.core.paths import home
from labkit.devtools.bench import Figure
from labkit.lab.lab import Lab
from labkit.wait import objects

RUNS = 30
BOUND = 0.05
AFTER = (0.30, 1.15)
"""The condition comes true between these many seconds after the wait began, evenly spread over the runs."""


def overshoot(runs: int = RUNS) -> dict[str, list[float]]:
    """Seconds from the moment the change was sent until the wait returned, per way of waiting.

    The write itself, some milliseconds, counts against every way: the figures are upper bounds.

    Args:
        runs: how often each way is measured; all ways take turns in one run.
    """
    seconds: dict[str, list[float]] = {"lab.wait": [], "kubectl wait": [], "a poll each second": []}
    of_containers: list[float] = []
    with Lab("ch00_bench_wait", role="test") as lab:
        core = client.CoreV1Api(lab.kube)
        ways = dict(zip(seconds, (ours, by_kubectl, by_poll), strict=True))
        for run in range(runs):
            for number, (way, wait) in enumerate(ways.items()):
                name = f"mark-{run}-{number}"
                metadata = client.V1ObjectMeta(name=name)
                before = client.V1ConfigMap(metadata=metadata, data={"now": "no"})
                core.create_namespaced_config_map(lab.namespace, before)
                delay = AFTER[0] + (AFTER[1] - AFTER[0]) * run / max(1, runs - 1)
                patch = partial(
                    core.patch_namespaced_config_map, name, lab.namespace, {"data": {"now": "yes"}}
                )
                seconds[way].append(one(patch, delay, partial(wait, lab, name)))
            of_containers.append(one_container(lab, f"ch00-bench-{lab.session}-{run}"))
    return {**seconds, "lab.wait, a container": of_containers}


def one(change: Callable[[], Any], delay: float, wait: Callable[[], Any]) -> float:
    """One wait: seconds that it took beyond the moment at which the change was sent."""
    sent: list[float] = []

    def later() -> None:
        sent.append(time.monotonic())
        change()

    timer = threading.Timer(delay, later)
    timer.start()
    wait()
    ended = time.monotonic()
    timer.join()
    return ended - sent[0]


def one_container(lab: Lab, name: str) -> float:
    """One wait for a container's event: the engine tells of a new name at once, unlike of an end."""
    box = lab.docker.containers.create("debian:trixie-slim", "true")
    twin = lab.docker.containers.get(str(box.id))
    try:
        return one(partial(twin.rename, name), 0.1, partial(lab.wait, box, lambda c: c.name == name, 30))
    finally:
        box.remove()


def ours(lab: Lab, name: str) -> None:
    """The course's wait."""
    target = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": lab.namespace}}
    objects.wait(lab.dynamic, target, lambda o: o["data"]["now"] == "yes", 30)


def by_kubectl(lab: Lab, name: str) -> None:
    """kubectl's own."""  # noqa: D403
    command: list[str | Path] = [
        home() / "bin/kubectl",
        "wait",
        f"configmap/{name}",
        "-n",
        lab.namespace,
        "--timeout=30s",
    ]
    subprocess.run(
        [*command, "--for=jsonpath={.data.now}=yes"], env=cli_env(), check=True, capture_output=True
    )


def by_poll(lab: Lab, name: str) -> None:
    """What the course never does."""
    core, pause = client.CoreV1Api(lab.kube), threading.Event()
    while (core.read_namespaced_config_map(name, lab.namespace).data or {}).get("now") != "yes":
        pause.wait(1.0)


def figures(runs: int = RUNS) -> list[Figure]:
    """The medians, in milliseconds."""
    overshoots = overshoot(runs)
    return [
        Figure(
            f"overshoot of {way}, median of {runs}",
            1000 * statistics.median(seconds),
            "ms",
            1000 * BOUND if way.startswith("lab.wait") else None,
        )
        for way, seconds in overshoots.items()
    ]
