"""The doctor's checks of the machine: Python, engine, disk, memory, cgroups, CA, images."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker

from labkit.core import engine as engines
from labkit.core import pythons
from labkit.core.endpoint import OLDEST_API, own_host
from labkit.core.errors import EngineUnavailable
from labkit.core.paths import repo
from labkit.provision import default_bridge
from labkit.provision.base_image import CA_VARIABLES, kept_bundle
from labkit.provision.doctor.finding import FAIL, WARN, Finding, finding

DISK_WANTED, DISK_NEEDED = 12, 3
MEMORY_WANTED, MEMORY_NEEDED = 6, 3
GIB = 2**30


def python(version: tuple[int, ...] = sys.version_info[:2], lock: Path | None = None) -> Iterator[Finding]:
    """Python's version, and that each installed package is the one in the lock."""
    oldest, newest = pythons.tested()[0], pythons.tested()[-1]
    yield finding(
        "python",
        oldest <= version <= newest,
        pythons.named(version),
        pythons.span(),
        f"python{pythons.named(newest)} src/labkit up",
        bad=FAIL if version < oldest else WARN,  # a newer one may do: nobody has tried
    )
    pins = re.findall(
        r"^([A-Za-z0-9._-]+)==(\S+?)(?: ;.*)? \\$", (lock or repo() / "requirements.txt").read_text(), re.M
    )
    here: dict[str, str] = {}
    for d in importlib.metadata.distributions():  # as an import: of two on the path, the first one counts
        here.setdefault(re.sub(r"[-_.]+", "-", d.name).lower(), d.version)
    locked: dict[str, set[str]] = {}
    for name, pin in pins:  # a universal lock may pin one package twice, for two Pythons
        locked.setdefault(name, set()).add(pin)
    wrong = [
        f"{n} {here[n]} (lock: {', '.join(sorted(v))})"
        for n, v in locked.items()
        if n in here and here[n] not in v
    ]
    top = re.findall(r"^([A-Za-z0-9._-]+)", (repo() / "requirements.in").read_text(), re.M)
    wrong += [f"{n} missing" for n in top if re.sub(r"[-_.]+", "-", n).lower() not in here]
    yield finding(
        "packages",
        not wrong,
        "; ".join(wrong) or f"{len(here)} installed",
        "as in requirements.txt",
        mend_packages(),
    )


def mend_packages() -> str:
    """What brings the locked packages back."""
    if os.environ.get("PYTHONPATH"):
        return "unset PYTHONPATH"
    is_ours = (Path(sys.prefix) / "labkit-python").exists()
    return f"rm -r {sys.prefix} && make up" if is_ours else "make up"


def engine() -> Iterator[Finding]:
    """A daemon that answers and is new enough, and a CLI that can build with BuildKit."""
    try:
        client = engines.client()
    except EngineUnavailable as e:
        yield Finding(
            "engine", FAIL, str(e.found or e.message), "a Docker daemon that answers", e.fix or "make up"
        )
        return
    yield from engine_version(client.version())
    yield from plugins()


def plugins() -> Iterator[Finding]:
    """The docker command has the plugins that builds and the pages use."""
    try:
        command = engines.docker_cmd()
    except EngineUnavailable as e:
        yield Finding("docker", FAIL, e.message, str(e.wanted), e.fix or "make up")
        return
    for plugin in ("buildx", "compose"):
        asked = subprocess.run(
            [*command, plugin, "version"],
            env=engines.cli_env(),
            capture_output=True,
            text=True,
            errors="replace",
        )
        version = re.search(r"v?(\d+\.\d+\S*)", asked.stdout) if asked.returncode == 0 else None
        found = version[1].rstrip(",") if version else f"no {plugin} plugin"
        fix = f"apt-get install docker-{plugin} (of Docker's own packages: docker-{plugin}-plugin)"
        yield finding(plugin, version is not None, found, "any version", fix)


def engine_version(version: dict[str, Any]) -> Iterator[Finding]:
    """Compares the daemon's API version with the oldest one that the chapters are run against."""
    number = tuple(map(int, version["ApiVersion"].split(".")))
    oldest = tuple(map(int, OLDEST_API.split(".")))
    yield finding(
        "engine",
        number >= oldest,
        f"Docker {version['Version']} (API {version['ApiVersion']})",
        f"API {OLDEST_API} or newer (Docker 24)",
        "update Docker: https://docs.docker.com/engine/install/",
    )


def disk() -> Iterator[Finding]:
    """Free space where the engine keeps its data."""
    client = engines.client()
    folder = client.info()["DockerRootDir"]
    if engines.host().startswith("unix://") and Path(folder).exists():
        free = shutil.disk_usage(folder).free
    else:  # the engine is elsewhere (a VM, another machine): ask it, from a container on its own disk
        out = client.containers.run("debian:trixie-slim", ["df", "--output=avail", "-B1", "/"], remove=True)
        free = int(out.split()[-1])
    yield disk_finding(free)


def disk_finding(free: int) -> Finding:
    """Judges free bytes."""
    return finding(
        "disk",
        free >= DISK_WANTED * GIB,
        f"{free / GIB:.1f} GiB free",
        f"{DISK_WANTED} GiB free",
        "docker system prune (removes stopped containers and unused images, not only the course's)",
        bad=WARN if free >= DISK_NEEDED * GIB else FAIL,
    )


def memory() -> Iterator[Finding]:
    """Memory the engine's machine has."""
    yield memory_finding(engines.client().info()["MemTotal"])


def memory_finding(total: int) -> Finding:
    """Judges bytes of memory."""
    return finding(
        "memory",
        total >= MEMORY_WANTED * GIB,
        f"{total / GIB:.1f} GiB",
        f"{MEMORY_WANTED} GiB",
        "give Docker more memory (Docker Desktop: Settings, Resources), or: labkit up --only docker",
        bad=WARN if total >= MEMORY_NEEDED * GIB else FAIL,
    )


def storage() -> Iterator[Finding]:
    """How the engine stores layers: without an overlay it copies them."""
    yield storage_finding(engines.client().info().get("Driver", ""))


def storage_finding(driver: str) -> Finding:
    """Judges the engine's storage driver."""
    return finding(
        "storage",
        driver != "vfs",
        driver,
        "a driver that shares layers (overlay2)",
        "LABKIT_HOME on ext4, xfs or btrfs; as it is, layers are copied, and chapters on them differ",
        bad=WARN,
    )


def cgroups() -> Iterator[Finding]:
    """The cgroup version: limits work with both, some figures have other names."""
    yield cgroup_finding(engines.client().info().get("CgroupVersion", "1"))


def cgroup_finding(version: str) -> Finding:
    """Judges the engine's cgroup version."""
    return finding(
        "cgroups",
        version == "2",
        f"version {version}",
        "version 2",
        "nothing to do: limits work, the kubelet is told to accept version 1",
        bad=WARN,
    )


def ca() -> Iterator[Finding]:
    """Where this machine has a CA bundle of its own, builds must trust it too."""
    named = {n: os.environ[n] for n in CA_VARIABLES if os.environ.get(n)}
    if not named:
        kept = kept_bundle()
        found = f"the one named before ({kept})" if kept.is_file() else "none named by the environment"
        yield Finding("CA bundle", "ok", found, "readable, and in the base image")
        return
    gone = [f"{n}={p}" for n, p in named.items() if not Path(p).is_file()]
    fix = "unset the variable or restore the file, then: make up"
    yield finding(
        "CA bundle", not gone, "; ".join(gone) or f"named by {', '.join(named)}", "readable files", fix
    )


def bridge() -> Iterator[Finding]:
    """The interface of the engine's default bridge, which another daemon may have removed."""
    name = default_bridge.gone(engines.client(), engines.host() == own_host())
    yield finding("bridge", name is None, f"{name} is gone" if name else "there", "its interface", "make up")


def images() -> Iterator[Finding]:
    """The base image and the course's images."""
    from labkit.provision.image_table import IMAGES

    client = engines.client()
    try:
        base = client.images.get("debian:trixie-slim")
        origin = "bootstrapped here" if (base.labels or {}).get("labkit.base") else "pulled"
        yield Finding("base image", "ok", origin, "debian:trixie-slim")
    except docker.errors.ImageNotFound:
        yield Finding("base image", FAIL, "missing", "debian:trixie-slim", "make up")
    here = {name for image in client.api.images() for name in image["RepoTags"] or ()}
    wanted = {i.reference for i in IMAGES.values()}
    missing = sorted(wanted - here)
    yield finding("images", not missing, ", ".join(missing) or f"all {len(wanted)}", "all built", "make up")


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "disk": disk,
    "memory": memory,
    "storage": storage,
    "cgroups": cgroups,
    "bridge": bridge,
    "CA bundle": ca,
    "images": images,
}
