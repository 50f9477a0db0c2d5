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

REGISTRY = "localhost:5001"
"""The name of the local registry inside image names, on the host and in the cluster."""


def repo() -> Path:
    """The course's own folder (the one with ``_toc.yml``), relative to this file."""
    return Path(__file__).resolve().parents[3]


def home() -> Path:
    """The folder for caches and state, created if needed."""
    path = Path(
        os.environ.get("LABKIT_HOME") or platformdirs.user_cache_dir("containers-proven", appauthor=False)
    )
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
    """The user's name, cut down to what a DNS label allows."""
    return re.sub(r"[^a-z0-9]+", "-", getpass.getuser().lower()).strip("-")[:20] or "user"


def cluster_name() -> str:
    """The kind cluster's name: ``LABKIT_CLUSTER``, or ``proven-<user>``."""
    return os.environ.get("LABKIT_CLUSTER") or f"proven-{user()}"


def kubeconfig() -> Path:
    """The course's own kubeconfig file; the user's is never written."""
    return home() / f"{cluster_name()}.kubeconfig"
