"""The engines of grading: lent as they were, whatever the one before did; swept when a run was killed."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from docker.errors import APIError

from labkit.grading.engine_owner import owner
from labkit.lab.engine_pool import BASE, Pool
from labkit.lab.lab import Lab
from labkit.lab.sessions import sweep

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]
EXERCISE = "ch01_docker_manages"


def spoil_names(client):
    """The base image's name given to another one, and the helper's image removed."""
    client.images.build(fileobj=io.BytesIO(f"FROM {BASE}\nENV A=1\n".encode()), tag=BASE)
    for image in client.images.list():
        for tag in image.tags:
            if tag != BASE:
                client.images.remove(tag, force=True)


def litter(client):
    """Whatever can be left, some of it in use, some of it starting again."""
    client.networks.create("n")
    options = {"detach": True, "restart_policy": {"Name": "always"}, "volumes": ["kept:/v", "/anonymous"]}
    client.containers.run(BASE, "sleep infinity", name="again", network="n", **options)
    client.containers.create(BASE, "true")
    client.images.build(fileobj=io.BytesIO(f"FROM {BASE}\nENV A=1\n".encode()))


def swarm(client):
    """A service, whose containers come again when they are removed."""
    client.swarm.init(advertise_addr="127.0.0.1")
    client.services.create(BASE, ["sleep", "infinity"])


def state(client):
    """What an engine has."""
    return {
        "images": {tag: i.id for i in client.images.list(all=True) for tag in i.tags or [i.id]},
        "containers": len(client.api.containers(all=True)),
        "volumes": len(client.volumes.list()),
        "networks": sorted(n.name for n in client.networks.list()),
        "swarm": client.info()["Swarm"]["LocalNodeState"],
    }


def test_an_engine_is_lent_as_it_was():
    with owner() as lab, Pool(lab, (), 1, EXERCISE) as pool:
        hosts = []

        def visit(does):
            with pool.workspace() as workspace:
                hosts.append(workspace.engine.url)
                client = Lab(EXERCISE, role="exercise", workspace=workspace).docker
                found = state(client)
                does(client)
                client.close()
            return found

        first = visit(litter)
        assert first["containers"] == first["volumes"] == 0
        assert [visit(does) for does in (spoil_names, swarm, lambda client: None)] == [first] * 3
        assert hosts[0] == hosts[1], "emptying it would have done"
        assert len(set(hosts)) == 3


def test_an_engine_that_cannot_be_made_blocks_nobody(monkeypatch):
    with owner() as lab, Pool(lab, (), 1, EXERCISE) as pool:
        with pool.workspace() as workspace:
            pool.kill(workspace)
        broken = APIError("no space left on device")
        monkeypatch.setattr(pool, "_make", lambda: (_ for _ in ()).throw(broken))
        for _ in range(2):
            with pytest.raises(APIError), pool.workspace():
                pass
        monkeypatch.undo()
        with pool.workspace() as workspace:
            Lab(EXERCISE, role="exercise", workspace=workspace).docker.ping()


KILLED = """
import os, signal
from labkit.grading.engine_owner import owner
with owner() as lab:
    lab.docker.volumes.create("grade-left-" + lab.session)
    print(lab.session, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_is_swept_and_what_a_living_one_has_is_not(plain):
    died = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True).stdout.strip()
    names = {f"grade-left-{died}"}
    with owner() as lab:
        assert names.isdisjoint(v.name for v in plain.volumes.list())
        lab.docker.volumes.create(f"grade-lives-{lab.session}")
        assert lab.session not in sweep()
        Lab.reset(EXERCISE)
        assert lab.owned() == {"volumes": [f"grade-lives-{lab.session}"]}
    assert not [v for v in plain.volumes.list() if died in v.name]
