"""The verbs a person types into a shell, on the lab that is up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labkit.core.paths import cluster_name, repo

pytestmark = [pytest.mark.engine, pytest.mark.cluster]


def shell(command: str) -> str:
    """Runs a line in a shell that has nothing but the system's PATH."""
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(Path.home())}
    done = subprocess.run(["bash", "-c", command], env=env, cwd=repo(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


EXPORTS = f'eval "$({sys.executable} -m labkit env)"'


def test_the_exports_make_kubectl_kind_and_docker_work():
    said = shell(
        f"{EXPORTS}; kubectl get nodes -o name; kind get clusters; docker ps --format '{{{{.Names}}}}'"
    )
    assert said.count(f"node/{cluster_name()}-") == 3
    assert f"\n{cluster_name()}\n" in said
    assert f"{cluster_name()}-control-plane" in said


def test_labkit_is_a_command():
    assert "Usage: labkit " in shell(f"{EXPORTS}; cd /; labkit reset --help")


def test_compose_and_buildx_are_there():
    said = shell(f"{EXPORTS}; docker compose version; docker buildx version")
    assert "Compose" in said
    assert "buildx" in said


def test_the_kubectl_is_the_one_that_fits_the_cluster():
    said = shell(f"{EXPORTS}; kubectl version -o json | tr -d ' \\n'")
    assert said.count('"gitVersion":"v1.37') == 2


def test_engine_names_the_daemon():
    assert "://" in shell(f"{sys.executable} -m labkit engine")


@pytest.mark.times
def test_up_twice_is_quick_and_says_so():
    assert "already up" in shell(f"{sys.executable} -m labkit up")
