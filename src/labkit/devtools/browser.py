"""A Chromium for the site's tests: the machine's, else Debian's package where nothing else would change."""

from __future__ import annotations

import os
import shutil

from labkit.core.errors import CommandFailed, Unsupported
from labkit.core.process import run
from labkit.provision.debian_root import apt_would_change, sudo

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Without these, Chromium asks the network for things of its own."""


def find() -> str | None:
    """The path of a Chromium or Chrome, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def ensure() -> str:
    """The path of a Chromium; installs Debian's where there is none.

    Raises:
        Unsupported: none is there and none can be installed without changing something else.
    """
    if path := find():
        return path
    fix = "install Chromium or Chrome, then: make test"
    if not shutil.which("apt-get"):
        raise Unsupported("The site's tests need a browser.", wanted=", ".join(NAMES), fix=fix)
    try:
        changed = apt_would_change(["chromium"])
    except CommandFailed:
        run([*sudo(), "apt-get", "update"], fix="check the machine's apt sources")
        changed = apt_would_change(["chromium"])
    if changed:
        raise Unsupported(
            "Installing Chromium would change other packages.", found=", ".join(changed), fix=fix
        )
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run([*sudo(), "apt-get", "install", "--yes", "--no-install-recommends", "chromium"], env=env)
    if path := find():
        return path
    raise Unsupported("Chromium was installed and cannot be found.", wanted=", ".join(NAMES), fix=fix)
