"""A Lab on the real engine and cluster: labels, ownership, removal, and what is left alone."""

from __future__ import annotations

import os
import subprocess
import sys

import docker
import pytest

from labkit import Busy, EngineUnavailable, Lab, NotOurs
from labkit.core import engine
from labkit.lab.clients import BUILT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
BASE = "debian:trixie-slim"
STEM = "ch91_lab_test"


@pytest.fixture
def lab():
    with Lab(STEM, role="test") as made:
        yield made


def exists(kind: str, name: str) -> bool:
    """Whether the engine has it, asked by a client of its own."""
    try:
        getattr(engine.client(), kind).get(name)
    except docker.errors.NotFound:
        return False
    return True


def test_what_it_makes_is_labelled_and_goes_at_the_end():
    with Lab(STEM, role="test") as lab:
        net, vol = lab.docker.networks.create("ch91-net"), lab.docker.volumes.create("ch91-vol")
        box = lab.docker.containers.create(BASE, "true", name="ch91-box", network=net.name)
        for thing in (net, vol, box):
            thing.reload()
        for found in (net.attrs["Labels"], vol.attrs["Labels"], box.labels):
            assert found.items() >= lab.labels.items()
        assert lab.owned() == {"containers": ["ch91-box"], "networks": ["ch91-net"], "volumes": ["ch91-vol"]}
    assert not exists("containers", "ch91-box")
    assert not exists("networks", "ch91-net")
    assert not exists("volumes", "ch91-vol")


def test_it_goes_when_the_block_fails_too():
    def fail():
        with Lab(STEM, role="test") as lab:
            lab.docker.containers.create(BASE, "true", name="ch91-box")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not exists("containers", "ch91-box")


def test_an_image_it_builds_is_labelled_and_goes(lab, tmp_path):
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE}\nENV A=b\n")
    image, _ = lab.docker.images.build(path=str(tmp_path), tag="ch91-image:1")
    assert image.labels.items() >= lab.labels.items()
    box = lab.docker.containers.run("ch91-image:1", "true", detach=True)
    committed = box.commit("ch91-committed", "1")
    assert committed.labels.items() >= lab.labels.items()
    lab.close()
    assert not exists("images", "ch91-image:1")
    assert not exists("images", "ch91-committed:1")
    assert exists("images", BASE)


def test_a_container_belongs_to_who_made_it_not_to_who_built_its_image(lab, tmp_path):
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE}\nLABEL labkit.stem=ch00_other labkit.session=other\n")
    lab.docker.images.build(path=str(tmp_path), tag="ch91-image:1")
    box = lab.docker.containers.create("ch91-image:1", "true")
    assert box.labels["labkit.stem"] == STEM
    assert box.labels["labkit.session"] == lab.session


def test_opening_the_stem_again_in_one_process_clears_the_first():
    first = Lab(STEM, role="test")
    first.docker.containers.create(BASE, "true", name="ch91-box")
    with Lab(STEM, role="test"):
        assert not exists("containers", "ch91-box")
    first.close()


def test_two_stems_do_not_touch_each_other(lab):
    with Lab("ch92_other_test", role="test") as other:
        other.docker.containers.create(BASE, "true", name="ch92-box")
        lab.close()
        assert exists("containers", "ch92-box")


def test_a_build_leaves_no_container(lab, plain, tmp_path):
    """docker-py would keep those of the steps, and they carry no label: they are known by their command."""
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE}\nRUN : good {lab.session}\n")
    lab.docker.images.build(path=str(tmp_path), tag="ch91-image:1")
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE}\nRUN : bad {lab.session}; exit 3\n")
    with pytest.raises(docker.errors.BuildError):
        lab.docker.images.build(path=str(tmp_path), tag="ch91-image:2")
    made = plain.containers.list(all=True, ignore_removed=True)
    assert [c for c in made if lab.session in " ".join(c.attrs["Config"]["Cmd"] or [])] == []


def test_what_somebody_makes_of_its_image_is_theirs(lab, plain, tmp_path):
    """Labels are inherited from images: what carries them is not therefore ours."""
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE}\nENV A=b\n")
    image, _ = lab.docker.images.build(path=str(tmp_path), tag="ch91-image:1")
    (tmp_path / "Dockerfile").write_text("FROM ch91-image:1\nENV C=d\n")
    child, _ = plain.images.build(path=str(tmp_path), tag="theirs-ch91:1", rm=True)
    image.tag("theirs-ch91", "same")
    box = plain.containers.create("ch91-image:1", "true", name="theirs-ch91")
    try:
        assert child.labels["labkit.session"] == box.labels["labkit.session"] == lab.session
        assert lab.owned() == {"images": ["ch91-image:1"]}
        lab.close()
        box.reload()
        assert exists("images", "theirs-ch91:1")
        assert exists("images", "theirs-ch91:same")
        assert not exists("images", "ch91-image:1")
    finally:
        box.remove()
        plain.images.remove("theirs-ch91:1")
        plain.images.remove("theirs-ch91:same")


def test_a_container_of_ours_made_of_an_image_of_ours_goes(lab, tmp_path):
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE}\nENV A=b\n")
    lab.docker.images.build(path=str(tmp_path), tag="ch91-image:1")
    box = lab.docker.containers.create("ch91-image:1", "true", name="without-prefix-ch91")
    assert box.labels[BUILT] == ""
    lab.close()
    assert not exists("containers", "without-prefix-ch91")


def test_what_somebody_else_uses_stays_and_is_named(plain):
    lab = Lab(STEM, role="test")
    network = lab.docker.networks.create("ch91-net")
    lab.docker.volumes.create("ch91-vol")
    lab.docker.volumes.create("ch91-free")
    joined = {"network": "ch91-net", "volumes": ["ch91-vol:/v"]}
    box = plain.containers.run(BASE, "sleep 60", init=True, detach=True, name="theirs-ch91", **joined)
    try:
        with pytest.raises(NotOurs, match=r"network ch91-net: (?s:.*)volume ch91-vol: ") as e:
            lab.close()
        assert "labkit reset ch91" in e.value.fix
        box.reload()
        assert box.status == "running"
        assert not exists("volumes", "ch91-free")
    finally:
        box.remove(force=True)
    left = Lab.reset(STEM)
    assert (left["networks"], left["volumes"]) == ([network.name], ["ch91-vol"])


def test_one_that_removes_itself_does_not_disturb(lab):
    lab.docker.networks.create("ch91-net")
    for number in range(3):
        lab.docker.containers.run(
            BASE, "sleep 60", detach=True, init=True, remove=True, network="ch91-net", name=f"ch91-{number}"
        )
    for box in lab.docker.containers.list(filters={"label": f"labkit.session={lab.session}"}):
        box.kill()  # --rm takes it away, at the same time as we do
    lab.close()
    assert not exists("networks", "ch91-net")


def test_nothing_foreign_is_touched(foreign, lab):
    lab.docker.containers.create(BASE, "true", name="ch91-box")
    assert foreign not in str(lab.owned())
    lab.close()


OTHER_LAB = f"""
import sys
from labkit import Lab
lab = Lab({STEM!r}, role="test")
lab.docker.containers.create({BASE!r}, "true", name="ch91-other-labs")
lab.docker.networks.create("ch91-other-labs")
print("made", flush=True)
sys.stdin.readline()
lab.close()
"""


def test_two_labs_of_one_stem_on_one_engine_leave_each_other_alone(lab, tmp_path):
    """Two users share an engine: each has a home, and so an id, of their own."""
    env = {**os.environ, "LABKIT_HOME": str(tmp_path), "DOCKER_HOST": engine.host()}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", OTHER_LAB], env=env, **pipes) as other:
        assert other.stdout.readline() == "made\n"
        lab.docker.containers.create(BASE, "true", name="ch91-box")
        assert lab.owned() == {"containers": ["ch91-box"]}
        lab.close()
        left = Lab.reset(STEM)
        assert left == {"left alone": ["container ch91-other-labs", "network ch91-other-labs"]}
        assert exists("containers", "ch91-other-labs")
        other.communicate("\n")
    assert other.returncode == 0
    assert not exists("containers", "ch91-other-labs")
    assert not exists("networks", "ch91-other-labs")


HOLDER = f"""
import sys
from labkit import Lab
lab = Lab({STEM!r}, role="test")
lab.docker.volumes.create("ch91-held")
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_stem_is_for_one_process_until_that_dies():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLDER], **pipes) as other:
        assert other.stdout.readline() == "held\n"
        for use in (lambda: Lab(STEM, role="test"), lambda: Lab.reset(STEM)):
            with pytest.raises(Busy) as e:
                use()
            assert e.value.found == f"process {other.pid}"
        Lab("ch92_other_test", role="test").close()
        assert exists("volumes", "ch91-held")
        other.kill()
    assert Lab.reset(STEM) == {"volumes": ["ch91-held"]}


def test_an_engine_that_died_is_told_and_the_stem_is_free(proxy, monkeypatch, plain):
    through = proxy(engine.host().removeprefix("unix://"))
    with monkeypatch.context() as m:
        m.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{through.port}")
        lab = Lab(STEM, role="test")
        lab.docker.volumes.create("ch91-vol")
        through.close()
        with pytest.raises(EngineUnavailable, match="went away"):
            lab.owned()
        with pytest.raises(EngineUnavailable, match="went away"):
            lab.close()
    assert Lab.reset(STEM) == {"volumes": ["ch91-vol"]}


def test_closing_twice_does_nothing(lab):
    lab.close()
    lab.close()


def test_the_output_of_a_quick_command_is_not_lost(lab):
    """docker-py loses it now and then; through a busy machine more often."""
    box = lab.docker.containers.run(BASE, "sleep 300", detach=True, init=True)
    ran = [box.exec_run(["echo", "x"]) for _ in range(150)]
    # runc itself fails now and then on a busy machine ("waiting for init preliminary setup"), and says so
    assert {done.output for done in ran if done.exit_code == 0} == {b"x\n"}
    both = box.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)
    assert both.output == (b"out\n", b"err\n")
    assert b"".join(box.exec_run(["sh", "-c", "echo a; echo b"], stream=True).output) == b"a\nb\n"
    assert box.exec_run(["echo", "x"], tty=True).output == b"x\r\n"
    assert box.exec_run(["true"]).output == b""
