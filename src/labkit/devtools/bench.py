"""The lab's figures, each measured side by side with what it is compared to, in a second lab of its own.

The user's lab is not touched: the second one has its own home, cluster, registry and labels. Only
``--with-engine`` stops the course's own daemon, to count its start as well.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labkit.core import engine
from labkit.core.errors import Usage
from labkit.core.paths import home, repo
from labkit.devtools.second_lab import labkit, second_lab
from labkit.provision import debian_root, node_image
from labkit.wait.until import until

NAME = "proven-bench"


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        what: what was measured.
        value: in `unit`; the median of the runs.
        unit: s, ratio, MiB or ms.
        bound: what it must not exceed; None where there is none.
        runs: the single values.
    """

    what: str
    value: float
    unit: str
    bound: float | None
    runs: tuple[float, ...] = ()

    @property
    def good(self) -> bool:
        """Whether it is within its bound."""
        return self.bound is None or self.value <= self.bound


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def figure(what: str, runs: list[float], unit: str, bound: float | None) -> Figure:
    """The median of several runs."""
    return Figure(what, statistics.median(runs), unit, bound, tuple(round(r, 2) for r in runs))


def bare_create(env: dict[str, str]) -> None:
    """What the lab is compared to: ``kind create cluster`` with the same image and configuration."""
    image = node_image.ensure("localhost:5001/base:trixie")
    config = repo() / "k8s/cluster/kind.yaml"
    scratch = str(Path(env["LABKIT_HOME"]) / "bare.kubeconfig")
    kind = str(home() / "bin" / "kind")
    command = [kind, "create", "cluster", "--name", f"{NAME}-bare", "--image", image, "--config", str(config)]
    subprocess.run([*command, "--kubeconfig", scratch], env=env, check=True, capture_output=True)


def bare_delete(env: dict[str, str]) -> None:
    """Removes the bare cluster."""
    kind = str(home() / "bin" / "kind")
    scratch = str(Path(env["LABKIT_HOME"]) / "bare.kubeconfig")
    command = [kind, "delete", "cluster", "--name", f"{NAME}-bare", "--kubeconfig", scratch]
    subprocess.run(command, env=env, check=True, capture_output=True)


def metrics_served(env: dict[str, str]) -> bool:
    """Whether metrics.k8s.io lists the nodes."""
    kubectl, config = home() / "bin" / "kubectl", Path(env["LABKIT_HOME"]) / f"{NAME}.kubeconfig"
    question = ["get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes"]
    out = subprocess.run([kubectl, "--kubeconfig", config, *question], capture_output=True, text=True).stdout
    return out.count('"usage"') == 3


def idle_memory() -> float:
    """MiB that the second lab's containers use, without the page cache: what `docker stats` shows."""
    command = [*engine.docker_cmd(), "stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}"]
    out = subprocess.run(command, env=engine.cli_env(), capture_output=True, text=True, check=True).stdout
    units = {"GiB": 1024.0, "MiB": 1.0, "KiB": 1 / 1024, "B": 2**-20}
    total = 0.0
    for line in out.splitlines():
        name, used = line.split()[:2]
        unit = next(u for u in units if used.endswith(u))
        total += float(used.removesuffix(unit)) * units[unit] if name.startswith(f"{NAME}-") else 0
    return total


def measure(runs: int, with_engine: bool, folder: Path) -> list[Figure]:
    """Measures all figures of the lab.

    Args:
        runs: how often each is measured.
        with_engine: stop the course's own daemon before each ``up``.
        folder: an empty folder for the second lab.

    Raises:
        Usage: ``with_engine`` where the daemon is not the course's own.
    """
    if with_engine and not debian_root.pid():
        raise Usage("--with-engine stops the Docker daemon, and this one is not the course's own.")
    bare, up, served, rest, resume, again, down = ([] for _ in range(7))
    with second_lab(folder / "home", NAME) as env:
        memory = 0.0
        labkit(env, "up")  # fills this lab's registry, so that its caches are warm
        labkit(env, "down", "--keep-engine")
        for _ in range(runs):
            bare.append(seconds(lambda: bare_create(env)))
            bare_delete(env)
            if with_engine:
                debian_root.stop()
            up.append(seconds(lambda: labkit(env, "up")))
            served.append(seconds(lambda: until(lambda: metrics_served(env), timeout=120, what="metrics")))
            again.append(seconds(lambda: labkit(env, "up")))
            memory = idle_memory()
            rest.append(seconds(lambda: labkit(env, "stop")))
            resume.append(seconds(lambda: labkit(env, "up")))
            down.append(seconds(lambda: labkit(env, "down", "--keep-engine")))
    base = statistics.median(bare)
    return [
        figure("bare kind create cluster", bare, "s", None),
        figure("up, warm caches", up, "s", None),
        Figure("up against bare create", statistics.median(up) / base, "ratio", 1.3),
        figure("metrics served after up", served, "s", 60),
        figure("stop", rest, "s", None),
        figure("up after stop", resume, "s", None),
        Figure("up after stop against bare create", statistics.median(resume) / base, "ratio", 0.7),
        figure("up when all is up", again, "s", 2),
        figure("down", down, "s", 15),
        Figure("memory of the idle lab", memory, "MiB", 1024),
    ]
