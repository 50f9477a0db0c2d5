"""The other engine: empty, bounded, closed to strangers, and gone afterwards."""

from __future__ import annotations

import subprocess

import docker
import pytest

from labkit import EngineUnavailable, ImageUnavailable, Lab
from labkit.core import engine
from labkit.core.engine import docker_cmd
from labkit.core.paths import lab_id

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
BASE, PYTHON = "debian:trixie-slim", "localhost:5001/python:3.13"
STEM = "ch95_other_engine"


@pytest.fixture(scope="module")
def lab():
    with Lab(STEM, role="test") as made:
        yield made


@pytest.fixture(scope="module")
def other(lab):
    """One engine for the tests that leave it as it is."""
    with lab.engine("other", cpus=0.5, memory="512m") as made:
        yield made


def exists(kind, name):
    """Whether the engine has it, asked by a client of its own."""
    try:
        getattr(engine.client(), kind).get(name)
    except docker.errors.NotFound:
        return False
    return True


def test_it_is_another_machine_and_bounded(lab, other):
    assert other.docker.info()["ID"] != lab.docker.info()["ID"]
    limits = other.container.attrs["HostConfig"]
    assert (limits["NanoCpus"], limits["Memory"]) == (500_000_000, 512 * 2**20)
    assert limits["MemorySwap"] == limits["Memory"]
    assert other.container.labels["labkit.lab"] == lab_id()
    assert lab.docker.volumes.get(other.name).attrs["Labels"]["labkit.session"] == lab.session


def test_its_port_is_open_to_this_machine_only(other):
    published = other.container.attrs["NetworkSettings"]["Ports"]
    assert {b["HostIp"] for bindings in published.values() for b in bindings or []} == {"127.0.0.1"}
    assert other.docker_host.startswith("tcp://127.0.0.1:")


def test_images_are_loaded_under_their_names_and_run(other):
    assert other.docker.images.list() == []
    other.load()
    other.load(BASE, PYTHON)
    assert sorted(t for i in other.docker.images.list() for t in i.tags) == [BASE, PYTHON]
    assert other.docker.containers.run(BASE, "echo hello", remove=True) == b"hello\n"
    assert other.docker.containers.run(PYTHON, ["python3", "-c", "print(1)"], remove=True) == b"1\n"


def test_they_are_the_same_images(lab, other):
    assert other.docker.images.get(BASE).id == lab.docker.images.get(BASE).id


def test_an_image_that_is_not_there(other):
    with pytest.raises(ImageUnavailable, match="no image none:1"):
        other.load("none:1")


def test_commands_run_on_it(other):
    status, said = other.exec("echo out; echo err >&2; exit 3")
    assert (status, sorted(said.splitlines())) == (3, ["err", "out"])
    assert other.exec(["docker", "info", "--format", "{{.Driver}}"]) == (0, "overlay2\n")


def test_the_docker_command_reaches_it_through_its_variables(other):
    command = [*docker_cmd(), "info", "--format", "{{.ID}}"]
    said = subprocess.run(command, env={"PATH": "/usr/bin", **other.env}, capture_output=True, text=True)
    assert said.stdout.strip() == other.docker.info()["ID"]


def test_what_is_made_on_it_is_labelled_too(other, lab):
    volume = other.docker.volumes.create("ch95-there")
    assert volume.attrs["Labels"]["labkit.session"] == lab.session
    assert not exists("volumes", "ch95-there")


def test_its_containers_are_waited_for_as_well(other, lab):
    if BASE not in {t for i in other.docker.images.list() for t in i.tags}:
        other.load(BASE)
    box = other.docker.containers.run(BASE, ["sh", "-c", "sleep 1; exit 3"], detach=True)
    assert lab.wait(box, "exited", timeout=20).attrs["State"]["ExitCode"] == 3


def test_nobody_without_its_certificate_is_let_in(other):
    stranger = docker.tls.TLSConfig(verify=False)
    with pytest.raises(docker.errors.DockerException):
        docker.DockerClient(base_url=other.docker_host, tls=stranger, version="auto")


def test_it_and_its_disk_go_with_the_block(lab):
    with lab.engine("gone") as made:
        name, folder = made.name, made.certificates
        assert exists("containers", name)
    assert not exists("containers", name)
    assert not exists("volumes", name)
    assert not folder.exists()
    made.stop()


def test_one_that_cannot_start_says_why_and_leaves_nothing(lab):
    with pytest.raises(EngineUnavailable, match="unknown flag: --nonsense"):
        lab.engine("broken", args=["--nonsense"]).start()
    assert not exists("containers", f"ch95-broken-{lab.session}")
    assert not exists("volumes", f"ch95-broken-{lab.session}")


def test_options_of_the_daemon_reach_it(lab):
    with lab.engine("marked", args=["--label=machine=other"]) as made:
        assert made.docker.info()["Labels"] == ["machine=other"]


def test_close_takes_one_that_was_only_started():
    lab = Lab("ch96_other_engine", role="test")
    name = lab.engine("other").start().name
    lab.close()
    assert not exists("containers", name)
    assert not exists("volumes", name)
