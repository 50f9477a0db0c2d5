"""The doctor's checks of the user's own settings: what the course sets back, and what stands in its way."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from labkit.core import engine
from labkit.core.endpoint import config, config_folder, own_host
from labkit.core.paths import home
from labkit.provision.doctor.finding import FAIL, WARN, Finding, finding

INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_WANTED = 128
"""Linux's own default; three nodes need about half of it."""


def docker_command() -> Iterator[Finding]:
    """The docker command on PATH is Docker's, and can read the lab's files."""
    found = shutil.which("docker")
    trouble = engine.cli_trouble(found) if found else None
    if trouble:
        has_own = (home() / "bin" / "docker").exists()
        text = f"{trouble.message} ({trouble.found})" + (" The course uses its own." if has_own else "")
        yield Finding("docker", WARN if has_own else FAIL, text, str(trouble.wanted), trouble.fix or "")


def logins() -> Iterator[Finding]:
    """Programs for logins that config.json names are there: else each pull and push by hand fails."""
    settings, file = config(), config_folder() / "config.json"
    helpers = {settings.get("credsStore"), *(settings.get("credHelpers") or {}).values()} - {None, ""}
    gone = sorted(name for name in helpers if not shutil.which(f"docker-credential-{name}"))
    if gone:
        text = f"{file} names docker-credential-{', docker-credential-'.join(gone)}, not on PATH"
        fix = f"take credsStore and credHelpers out of {file} (the course goes on without logins)"
        yield Finding("logins", WARN, text, "a program that is there, or none", fix)


def builder() -> Iterator[Finding]:
    """The builder that `docker buildx build` uses: the course names its own."""
    folder = Path(os.environ.get("BUILDX_CONFIG") or config_folder() / "buildx")
    try:
        chosen = re.search(r'"Name":\s*"([^"]*)"', (folder / "current").read_text(encoding="utf-8"))
    except OSError:
        chosen = None
    name = chosen[1] if chosen else ""
    if name not in ("", "default"):
        fix = "nothing to do: the course names the engine's own; by hand: docker buildx use default"
        yield Finding("builder", WARN, f"{name} is chosen", "the engine's own", fix)


def variables() -> Iterator[Finding]:
    """Variables that would change what docker and kind do, such as the platform of all images."""
    named = {name: os.environ[name] for name in engine.SET_BACK if os.environ.get(name)}
    for name in [name for name, value in named.items() if value != engine.SET_BACK[name]]:
        fix = f"nothing to do: the course sets it back; by hand: unset {name}"
        yield Finding(name, WARN, f"{name}={named[name]}", "unset", fix)


def proxy() -> Iterator[Finding]:
    """A proxy: what is on this machine, and the lab's registry, are reached past it."""
    if used := engine.proxies():
        text = ", ".join(f"{name}={re.sub('//[^@/]*@', '//', value)}" for name, value in used.items())
        yield Finding("proxy", "ok", f"{text}; this machine and the lab's registry are reached past it", "")


def kuberc() -> Iterator[Finding]:
    """Preferences of kubectl that would make a command ask, or act otherwise than the page says."""
    file = Path(os.environ.get("KUBERC") or os.path.expanduser("~/.kube/kuberc"))
    if os.environ.get("KUBERC") != "off" and file.is_file():
        fix = 'nothing to do: the course calls kubectl without it; by hand: eval "$(labkit env)"'
        yield Finding("kuberc", WARN, str(file), "KUBERC=off", fix)


def python_path() -> Iterator[Finding]:
    """Packages of other programs that come before the course's own."""
    listed = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    src = Path(__file__).resolve().parents[3]
    others = [p for p in listed if p and Path(p).resolve() != src]
    if others:
        text = f"PYTHONPATH={os.pathsep.join(others)}"
        yield Finding("PYTHONPATH", WARN, text, "unset", "unset PYTHONPATH")


def inotify() -> Iterator[Finding]:
    """How many inotify instances a user may have, which nodes need."""
    if platform.system() != "Linux" or not INOTIFY.exists():
        return
    limit = int(INOTIFY.read_text())
    fix = "sudo sysctl -w fs.inotify.max_user_instances=512"
    if limit < INOTIFY_WANTED:
        wanted = f"{INOTIFY_WANTED} or more"
        yield Finding("inotify", FAIL, f"fs.inotify.max_user_instances is {limit}", wanted, fix)


def engine_named() -> Iterator[Finding]:
    """What names an engine, which is worth a line only where something does."""
    named = [name for name in ("DOCKER_HOST", "DOCKER_CONTEXT") if os.environ.get(name)]
    if named and os.environ.get("DOCKER_HOST") != own_host():
        yield Finding("named engine", "ok", ", ".join(f"{n}={os.environ[n]}" for n in named), "")


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "docker": docker_command,
    "named engine": engine_named,
    "logins": logins,
    "builder": builder,
    "variables": variables,
    "proxy": proxy,
    "kuberc": kuberc,
    "PYTHONPATH": python_path,
    "inotify": inotify,
}
"""Each says something only where there is something to say."""


def none_set(found: list[Finding]) -> list[Finding]:
    """The findings, or one that says that there is nothing to say."""
    return found or [finding("settings", True, "none in the way", "", "")]
