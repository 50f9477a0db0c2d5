"""`down` in the presence of everything it must leave alone: other people's objects, and another lab's."""

from __future__ import annotations

import secrets
import subprocess
import sys

import docker
import pytest

from labkit.core import engine
from labkit.core.labels import LABEL
from labkit.core.paths import lab_id
from labkit.devtools.second_lab import labkit, second_lab

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
BASE = "debian:trixie-slim"
FOREIGN_CLUSTER = {"io.x-k8s.kind.cluster": "somebody", "io.x-k8s.kind.role": "control-plane"}


@pytest.fixture
def foreign():
    """A container, a network, a volume, an image and a kind cluster's node that are somebody else's."""
    client, mark = engine.client(), f"foreign-{secrets.token_hex(3)}"
    made = [
        client.networks.create(f"{mark}-net"),
        client.volumes.create(f"{mark}-vol"),
        client.containers.create(BASE, "true", name=mark),
        client.containers.create(BASE, "true", name=f"{mark}-control-plane", labels=FOREIGN_CLUSTER),
    ]
    client.images.get(BASE).tag(mark, "1")
    yield made
    for thing in reversed(made):
        thing.remove(force=True) if not isinstance(thing, docker.models.networks.Network) else thing.remove()
    client.images.remove(f"{mark}:1", noprune=True)


def labelled(lab: str, role: str = "infra") -> set[str]:
    """Ids of containers, networks and volumes that carry a lab's label and are no test's."""
    client, ours = engine.client(), {"label": [f"{LABEL}={lab}", f"labkit.role={role}"]}
    listed = [*client.containers.list(all=True, filters=ours, ignore_removed=True)]
    return {
        thing.id
        for thing in [*listed, *client.networks.list(filters=ours), *client.volumes.list(filters=ours)]
    }


MAKE = f"""
from labkit.core import engine
from labkit.core.labels import labels
c = engine.client()
c.networks.create("proven-down-net", labels=labels())
c.volumes.create("proven-down-vol", labels=labels())
c.containers.run({BASE!r}, "true", detach=True, name="proven-down-box", labels=labels(),
                 network="proven-down-net", volumes={{"proven-down-vol": {{"bind": "/v", "mode": "rw"}}}})
"""


@pytest.mark.parametrize("verb", [("down", "--keep-engine"), ("down", "--all", "--keep-engine")])
def test_down_removes_its_own_and_nothing_else(tmp_path, foreign, verb):
    with second_lab(tmp_path / "home", "proven-down") as env:
        subprocess.run([sys.executable, "-c", MAKE], env=env, check=True)
        lab = (tmp_path / "home" / "lab-id").read_text()
        others = labelled(lab_id())
        assert len(labelled(lab)) == 3
        assert "1 containers, 1 networks, 1 volumes" in labkit(env, *verb).stdout
        assert labelled(lab) == set()
        assert others <= labelled(lab_id())
    for thing in foreign:
        thing.reload()  # NotFound if it is gone
    assert engine.client().images.get(foreign_image(foreign))


def foreign_image(made: list) -> str:
    """The foreign image's name: that of the foreign container, which has the same."""
    return f"{next(m.name for m in made if m.name.endswith('-net')).removesuffix('-net')}:1"


def test_down_twice_says_that_all_was_gone(tmp_path):
    with second_lab(tmp_path / "home", "proven-down") as env:
        assert "nothing: all was gone" in labkit(env, "down", "--keep-engine").stdout


def test_a_foreign_cluster_of_our_name_is_refused_and_left_alone(tmp_path):
    client = engine.client()
    labels = {"io.x-k8s.kind.cluster": "proven-taken", "io.x-k8s.kind.role": "control-plane"}
    theirs = client.containers.create(BASE, "true", name="proven-taken-control-plane", labels=labels)
    try:
        with second_lab(tmp_path / "home", "proven-taken") as env:
            done = labkit(env, "up", check=False)
            assert done.returncode == 1
            assert "this lab did not make it" in done.stderr
            assert "LABKIT_CLUSTER" in done.stderr
        theirs.reload()
    finally:
        theirs.remove(force=True)
