"""Where the lab keeps its things, and the labels that prove what is ours.

One folder holds everything that outlives a process (caches, the engine's data, the cluster's kubeconfig):
the user's cache folder, or ``LABKIT_HOME``. ``labkit down --all`` removes it.
"""

from __future__ import annotations

import getpass
import os
import re
import secrets
from pathlib import Path

import platformdirs

from labkit.core.errors import Usage

REGISTRY = "localhost:5001"
"""The name of the local registry inside image names, on the host and in the cluster."""


def repo() -> Path:
    """The course's own folder (the one with ``_toc.yml``), relative to this file."""
    return Path(__file__).resolve().parents[3]


def home() -> Path:
    """The folder for caches and state, created if needed.

    Raises:
        Usage: this user has no home folder, and ``LABKIT_HOME`` is not set.
    """
    path = Path(
        os.environ.get("LABKIT_HOME") or platformdirs.user_cache_dir("containers-proven", appauthor=False)
    )
    if path.parts[:1] == ("~",):
        raise Usage("This user has no home folder.", fix="export LABKIT_HOME=<a folder for the lab>")
    path.mkdir(parents=True, exist_ok=True)
    return path


def progress_folder() -> Path:
    """The folder for what a learner has done (``LABKIT_PROGRESS``, or in `home`), created if needed."""
    path = Path(os.environ.get("LABKIT_PROGRESS") or home() / "progress")
    path.mkdir(parents=True, exist_ok=True)
    return path


def lab_id() -> str:
    """This user's lab on this machine: 8 hex digits, made once and kept in `home`."""
    path = home() / "lab-id"

    def known() -> str:
        return path.read_text().strip() if path.exists() else ""

    if not known():
        from filelock import FileLock

        with FileLock(f"{path}.lock"):  # an empty id would make every other lab's things ours
            if not known():
                path.write_text(secrets.token_hex(4))
    return known()


def user() -> str:
    """The user's name, or their number where it has none, cut down to what a DNS label allows."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # Python 3.13 raises the latter
        name = str(os.getuid())
    return re.sub(r"[^a-z0-9]+", "-", name.lower())[:20].strip("-") or "user"


def cluster_name() -> str:
    """The kind cluster's name: ``LABKIT_CLUSTER``, or ``proven-<user>``."""
    return os.environ.get("LABKIT_CLUSTER") or f"proven-{user()}"


def kubeconfig() -> Path:
    """The course's own kubeconfig file; the user's is never written."""
    return home() / f"{cluster_name()}.kubeconfig"
