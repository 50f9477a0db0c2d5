"""requirements.txt: one lock for each Python and each kind of machine that the course promises.

uv resolves for all of them at once, from the oldest Python's first release on, and writes a marker where two
of them need different pins. Wheels alone count, for a learner's machine need not have a compiler. For the
machines of pyproject.toml (`required-environments`) uv holds that itself; for each Python it is asked then.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator

from labkit.core import pythons
from labkit.core.errors import CommandFailed
from labkit.core.paths import repo
from labkit.core.process import run

LOCK = "requirements.txt"

MACHINES = {
    "x86_64-unknown-linux-gnu": "Linux on x86-64",
    "aarch64-unknown-linux-gnu": "Linux on ARM",
    "aarch64-apple-darwin": "macOS on ARM",
    "x86_64-apple-darwin": "macOS on Intel",
}
"""The machines of `required-environments`, as uv calls them here; Windows runs the course in WSL2's Linux."""


def uv(*arguments: str) -> list[str]:
    """A call of the lock's own uv."""
    return [sys.executable, "-m", "uv", "pip", *arguments]


def pin(*, upgrade: bool = False) -> None:
    """Writes the lock; what is pinned and still fits stays as it is.

    Args:
        upgrade: takes the newest versions of all instead.

    Raises:
        CommandFailed: nothing satisfies requirements.in.
    """
    options = ["--quiet", "--universal", "--only-binary", ":all:", "--generate-hashes"]
    options += ["--no-header", "--no-emit-index-url"]
    # from the oldest Python's first release on: Debian 12 has 3.11.2
    options += ["--python-version", pythons.named(pythons.tested()[0])]
    options += ["--upgrade"] if upgrade else []
    run(uv("compile", *options, "requirements.in", "--output-file", LOCK), cwd=repo())


def not_to_be_had() -> Iterator[str]:
    """Where a package of the lock has no wheel or takes no such Python: one line each, in uv's words."""
    for machine, name in MACHINES.items():
        for version in map(pythons.named, pythons.tested()):
            if reason := missing(version, machine):
                yield f"Python {version}, {name}: {reason}"


def missing(version: str, machine: str) -> str:
    """Why the lock cannot be installed there from wheels alone; empty if it can. Nothing is installed."""
    with tempfile.TemporaryDirectory() as nowhere:
        options = ["--dry-run", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
        options += ["--python-version", version, "--python-platform", machine, "--target", nowhere]
        try:
            run(uv("install", *options, "-r", LOCK), cwd=repo())
        except CommandFailed as e:
            said = re.sub(r"\s+", " ", str(e.found))
            because = re.search(r"Because (.+?), we can conclude", said)
            return because[1] if because else said
    return ""
