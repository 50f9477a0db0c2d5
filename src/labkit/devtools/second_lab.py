"""A second lab beside the user's own, on the same engine: what is broken on purpose is never theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager

from labkit.core.endpoint import choose
from labkit.core.paths import home, repo


@contextmanager
def second_lab(folder, name: str = "proven-test"):
    """Environment variables of a lab with its own home, cluster name and labels; taken down at the end.

    Programs that were built already are shared, so that only what is under test is made anew.
    """
    (folder / "bin").mkdir(parents=True)
    for shared in ("programs", "docker"):
        if (home() / shared).exists():
            (folder / shared).symlink_to(home() / shared)
    env = {**os.environ, **choose().variables(), "LABKIT_HOME": str(folder), "LABKIT_CLUSTER": name}
    try:
        yield env
    finally:
        labkit(env, "down", "--all", "--keep-engine")


def labkit(
    env: dict[str, str], *verb: str, check: bool = True, timeout: int = 400
) -> subprocess.CompletedProcess:
    """Runs a verb as a person would, in another lab."""
    command = [sys.executable, "-m", "labkit", *verb]
    done = subprocess.run(command, env=env, cwd=repo(), capture_output=True, text=True, timeout=timeout)
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done
