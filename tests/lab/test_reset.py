"""Reset: what killed runs left, what was made by hand under the prefix, and what is left alone."""

from __future__ import annotations

import secrets
import subprocess
import sys

import pytest
from click.testing import CliRunner
from kubernetes import client

from labkit import Lab, NotOurs
from labkit.core import engine
from labkit.core.labels import LABEL
from labkit.lab import cleanup_kube
from labkit.lab.cleanup import images_of
from labkit.lab.clients import kube_client
from labkit.lab.reset import LEFT, reset
from labkit.provision.kind_cluster import kubectl

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
BASE = "debian:trixie-slim"
STEM = "ch98_reset_test"


@pytest.fixture(autouse=True)
def _clean():
    Lab.reset(STEM)
    yield
    Lab.reset(STEM)


def exists(kind, name):
    """Whether the engine has it."""
    return any(name in (t.tags if kind == "images" else [t.name]) for t in listed(kind))


def listed(kind):
    """All objects of a kind; other tests make and remove theirs meanwhile."""
    if kind == "images":
        return images_of(engine.client())
    options = {"all": True, "ignore_removed": True} if kind == "containers" else {}
    return getattr(engine.client(), kind).list(**options)


KILLED = f"""
import os, signal
from labkit import Lab
lab = Lab({STEM!r})
lab.docker.containers.run({BASE!r}, "sleep 300", detach=True, init=True, name="ch98-left")
lab.docker.volumes.create("ch98-left")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_reset_finds_what_a_killed_run_left_and_what_was_made_by_hand():
    subprocess.run([sys.executable, "-c", KILLED])
    assert exists("containers", "ch98-left")
    plain = engine.client()
    plain.containers.create(BASE, "true", name="ch98-by-hand")
    plain.networks.create("ch98-by-hand")
    plain.images.get(BASE).tag("ch98-by-hand", "1")
    removed = Lab.reset(STEM)
    assert removed["containers"] == ["ch98-by-hand", "ch98-left"]
    assert removed["images"] == ["ch98-by-hand:1"]
    assert removed["networks"] == ["ch98-by-hand"]
    assert removed["volumes"] == ["ch98-left"]
    assert Lab.reset(STEM) == {}
    assert exists("images", BASE)


def test_another_labs_and_other_peoples_objects_are_left_alone():
    plain, word = engine.client(), secrets.token_hex(3)
    theirs = plain.containers.create(
        BASE, "true", name=f"ch98-{word}", labels={LABEL: "another", "labkit.stem": STEM}
    )
    foreign = plain.containers.create(BASE, "true", name=f"x-ch98-{word}", labels={"labkit.stem": STEM})
    try:
        reset(STEM)
        Lab(STEM, role="test").close()
        theirs.reload()
        foreign.reload()
    finally:
        theirs.remove()
        foreign.remove()


def test_nothing_foreign_is_touched(foreign, plain):
    plain.containers.create(BASE, "true", name="ch98-box", network=foreign, volumes=[f"{foreign}:/v"])
    assert Lab.reset(STEM) == {"containers": ["ch98-box"]}


def test_a_prefix_is_not_the_beginning_of_a_longer_one(plain):
    box = plain.containers.create(BASE, "true", name="ch980-box")
    try:
        assert Lab.reset(STEM) == {}
        box.reload()
    finally:
        box.remove()


def test_an_image_of_another_lab_is_left_alone(plain, tmp_path):
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE}\nLABEL {LABEL}=another\n")
    plain.images.build(path=str(tmp_path), tag="ch98-theirs:1", rm=True)
    try:
        assert reset(STEM) == {"left alone": ["image ch98-theirs:1"]}
    finally:
        plain.images.remove("ch98-theirs:1")


def test_an_image_and_those_that_were_committed_from_it_go_together():
    for _ in range(5):
        with Lab(STEM, role="test") as lab:
            name = BASE
            for number in range(4):
                image = lab.docker.containers.create(name, "true").commit("ch98-made", str(number))
                name = image.tags[0]
        assert not exists("images", name)


def test_what_is_in_use_stays_and_is_named(plain):
    plain.networks.create("ch98-net")
    plain.volumes.create("ch98-free")
    box = plain.containers.run(BASE, "sleep 60", init=True, detach=True, name="x-ch98", network="ch98-net")
    try:
        with pytest.raises(NotOurs, match="network ch98-net: "):
            reset(STEM)
        assert not exists("volumes", "ch98-free")
        box.reload()
        assert box.status == "running"
    finally:
        box.remove(force=True)


def test_other_stems_of_this_lab_are_left_alone():
    with Lab("ch99_other", role="test") as other:
        other.docker.volumes.create("ch99-vol")
        reset(STEM)
        assert other.owned() == {"volumes": ["ch99-vol"]}


def test_the_verb_says_what_it_did(monkeypatch, plain):
    from labkit.book import notebooks
    from labkit.cli.reset import command

    monkeypatch.setattr(notebooks, "stem_of", lambda word: STEM)
    plain.volumes.create("ch98-vol")
    plain.volumes.create("ch98-theirs", labels={LABEL: "another"})
    try:
        said = CliRunner().invoke(command, ["ch98"]).output.splitlines()
        assert said == [
            "removed volumes: ch98-vol",
            "left alone: volume ch98-theirs (of another lab, or of a run that goes on)",
        ]
    finally:
        plain.volumes.get("ch98-theirs").remove()
    assert CliRunner().invoke(command, ["ch98"]).output == "nothing was left\n"


CHECKS = """
from labkit.checks import check
from labkit.observe.containers import volume
@check(task="do", points=2)
def kept(lab):
    "`ch98-vol` is there"
    volume(lab, "ch98-vol")
@check(task="do", points=3)
def sure(lab):
    "Nothing is asked for"
    FOUND
"""


@pytest.mark.parametrize(
    ("found", "lines", "code"),
    [
        ("volume(lab, 'ch98-vol')", ["0 of 5 points, no object left"], 0),
        ("return", ["3 of 5 points, no object left", "still earns 3: Nothing is asked for"], 1),
        (
            "lab.docker.volumes.create('ch98-other', labels={'labkit.session': 'x'}); 1 / 0",
            ["0 of 5 points, no object left", "could not be checked: Nothing is asked for: "],
            1,
        ),
    ],
)
def test_the_verb_checks_that_nothing_is_left(monkeypatch, plain, tmp_path, found, lines, code):
    from labkit.book import notebooks
    from labkit.cli.reset import command
    from labkit.learner import reset_check

    (tmp_path / "checks" / STEM).mkdir(parents=True)
    (tmp_path / "checks" / STEM / "__init__.py").write_text(CHECKS.replace("FOUND", found))
    check = reset_check.check
    monkeypatch.setattr(reset_check, "check", lambda stem: check(stem, tmp_path))
    monkeypatch.setattr(notebooks, "stem_of", lambda word: STEM)
    plain.volumes.create("ch98-vol")
    done = CliRunner().invoke(command, ["ch98"])
    said = done.output.splitlines()
    assert said[0] == "removed volumes: ch98-vol"
    assert [s[: len(line)] for s, line in zip(said[1:], lines, strict=True)] == lines
    assert done.exit_code == code


def test_what_is_left_is_named(plain):
    from labkit.learner.reset_check import Reset, left_of

    plain.volumes.create("ch98-hand")
    with Lab(STEM, role="test") as lab:
        lab.docker.volumes.create("ch98-made")
        lab.docker.containers.create(BASE, "true", name="ch98-box")
        left = left_of(STEM)
        assert left == ["container ch98-box", "volume ch98-hand", "volume ch98-made"]
    state = Reset((), tuple(left))
    assert not state.is_fresh
    assert state.lines() == ["0 of 0 points, 3 objects left", *(f"still there: {name}" for name in left)]


KILLED_KUBE = f"""
import os, signal
from kubernetes import client
from labkit import Lab
lab = Lab({STEM!r}, role="test")
print(lab.namespace, flush=True)
role = {{"metadata": {{"name": "ch98-left"}}, "rules": []}}
client.RbacAuthorizationV1Api(lab.kube).create_cluster_role(role)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.cluster
def test_it_finds_what_a_killed_run_left_in_the_cluster():
    died = subprocess.run([sys.executable, "-c", KILLED_KUBE], capture_output=True, text=True)
    namespace = died.stdout.strip()
    assert namespace.startswith("ch98-reset-test-")
    assert Lab.reset(STEM) == {"namespaces": [namespace], "clusterroles": ["ch98-left"]}


@pytest.mark.cluster
def test_reset_takes_namespaces_made_by_hand():
    kubectl("create", "namespace", "ch98-cli")
    assert Lab.reset(STEM)["namespaces"] == ["ch98-cli"]


@pytest.mark.cluster
def test_a_namespace_of_another_lab_is_left_alone():
    core = client.CoreV1Api(kube_client({}))
    core.create_namespace({"metadata": {"name": "ch98-theirs", "labels": {LABEL: "another"}}})
    try:
        assert Lab.reset(STEM) == {"left alone": ["namespace ch98-theirs"]}
        assert core.read_namespace("ch98-theirs").status.phase == "Active"
    finally:
        cleanup_kube.remove_namespaces(core.api_client, ["ch98-theirs"])  # gone, before others look


@pytest.mark.cluster
def test_the_engine_is_tidied_when_the_cluster_is_away(monkeypatch, tmp_path, plain):
    from labkit import ClusterUnavailable
    from labkit.core import paths

    there = paths.kubeconfig()
    monkeypatch.setenv("LABKIT_CLUSTER", "away-test")
    paths.kubeconfig().write_text(
        there.read_text().replace("server: https://127.0.0.1:", "server: https://127.0.0.2:1")
    )
    try:
        plain.volumes.create("ch98-vol")
        with pytest.raises(ClusterUnavailable):
            reset(STEM)
        assert not exists("volumes", "ch98-vol")
    finally:
        paths.kubeconfig().unlink()


RUNNING = f"""
import pathlib, sys, tempfile
from labkit import Lab
from labkit.lab.workspace import Workspace
lab = Lab({STEM!r}, role="proof", workspace=Workspace.fresh({STEM!r}, pathlib.Path(tempfile.mkdtemp())))
lab.docker.volumes.create("ch98-workspace-1")
lab.docker.networks.create("ch98-workspace-2")
lab.docker.containers.create({BASE!r}, "true", name="ch98-workspace-3")
print("on", flush=True)
sys.stdin.read()
"""


def test_a_proof_that_goes_on_is_left_alone_and_a_killed_one_is_not(plain):
    from labkit.learner.reset_check import left_of

    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    ours = ["container ch98-workspace-3", "network ch98-workspace-2", "volume ch98-workspace-1"]
    with subprocess.Popen([sys.executable, "-c", RUNNING], **pipes) as proof:
        assert proof.stdout.readline() == "on\n"
        plain.volumes.create("ch98-hand")
        assert reset(STEM) == {"volumes": ["ch98-hand"], LEFT: ours}
        assert left_of(STEM) == []
        plain.containers.get("ch98-workspace-3")
        proof.kill()
    assert reset(STEM) == {
        "containers": ["ch98-workspace-3"],
        "networks": ["ch98-workspace-2"],
        "volumes": ["ch98-workspace-1"],
    }
