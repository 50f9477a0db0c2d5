"""A Lab on the real engine and cluster: labels, ownership, removal, and what is left alone."""

from __future__ import annotations

import secrets
import subprocess
import sys

import docker
import pytest
from kubernetes import client

from labkit import Lab, Usage, engine
from labkit.home import LABEL, lab_id
from labkit.remove import reset

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


KILLED = f"""
import os, signal
from labkit import Lab
lab = Lab({STEM!r})
lab.docker.containers.run({BASE!r}, "sleep 300", detach=True, init=True, name="ch91-left")
lab.docker.volumes.create("ch91-left")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_reset_finds_what_a_killed_run_left_and_what_was_made_by_hand():
    subprocess.run([sys.executable, "-c", KILLED])
    assert exists("containers", "ch91-left")
    plain = engine.client()
    plain.containers.create(BASE, "true", name="ch91-by-hand")
    plain.networks.create("ch91-by-hand")
    plain.images.get(BASE).tag("ch91-by-hand", "1")
    removed = Lab.reset(STEM)
    assert removed["containers"] == ["ch91-by-hand", "ch91-left"]
    assert removed["images"] == ["ch91-by-hand:1"]
    assert removed["networks"] == ["ch91-by-hand"]
    assert removed["volumes"] == ["ch91-left"]
    assert Lab.reset(STEM) == {}
    assert exists("images", BASE)


def test_another_labs_and_other_peoples_objects_are_left_alone():
    plain, word = engine.client(), secrets.token_hex(3)
    theirs = plain.containers.create(
        BASE, "true", name=f"ch91-{word}", labels={LABEL: "another", "labkit.stem": STEM}
    )
    foreign = plain.containers.create(BASE, "true", name=f"x-ch91-{word}", labels={"labkit.stem": STEM})
    try:
        reset(STEM)
        Lab(STEM, role="test").close()
        theirs.reload()
        foreign.reload()
    finally:
        theirs.remove()
        foreign.remove()


@pytest.mark.cluster
class TestCluster:
    def test_the_namespace_is_labelled_and_goes_quickly(self, lab):
        core = client.CoreV1Api(lab.kube)
        found = core.read_namespace(lab.namespace).metadata
        assert found.name.startswith("ch91-lab-test-test-")
        assert found.labels["labkit.lab"] == lab_id()
        core.create_namespaced_config_map(lab.namespace, {"metadata": {"name": "a"}, "data": {}})
        assert core.read_namespaced_config_map("a", lab.namespace).metadata.labels["labkit.stem"] == STEM
        name = lab.namespace
        plain = client.CoreV1Api(lab.kube)
        lab.close()
        with pytest.raises(client.ApiException) as e:
            plain.read_namespace(name)
        assert e.value.status == 404

    def test_apply_is_server_side_and_labels(self, lab, tmp_path):
        (tmp_path / "two.yaml").write_text(
            "{kind: ConfigMap, apiVersion: v1, metadata: {name: a}, data: {k: '1'}}\n---\n"
            "{kind: ConfigMap, apiVersion: v1, metadata: {name: b}}\n"
        )
        one, two = lab.apply(tmp_path / "two.yaml")
        assert (one.metadata.name, two.metadata.name) == ("a", "b")
        assert one.metadata.namespace == lab.namespace
        assert one.metadata.labels["labkit.session"] == lab.session
        assert {m["manager"] for m in one.to_dict()["metadata"]["managedFields"]} == {"labkit"}

    def test_a_refusal_says_why(self, lab, tmp_path):
        (tmp_path / "bad.yaml").write_text(
            "{kind: Pod, apiVersion: v1, metadata: {name: a}, spec: {containers: [{name: UPPER, image: x}]}}"
        )
        with pytest.raises(Usage, match=r"refuses Pod a of bad\.yaml") as e:
            lab.apply(tmp_path / "bad.yaml")
        assert "UPPER" in str(e.value)

    def test_an_unknown_kind_is_told(self, lab, tmp_path):
        (tmp_path / "x.yaml").write_text("{kind: Nonsense, apiVersion: v1, metadata: {name: a}}")
        with pytest.raises(Usage, match=r"no kind '?Nonsense"):
            lab.apply(tmp_path / "x.yaml")

    def test_objects_outside_of_namespaces_go_too(self, lab):
        rbac = client.RbacAuthorizationV1Api(lab.kube)
        assert lab.namespace
        rbac.create_cluster_role({"metadata": {"name": "ch91-role"}, "rules": []})
        assert rbac.read_cluster_role("ch91-role")
        lab.close()
        with pytest.raises(client.ApiException) as e:
            rbac.read_cluster_role("ch91-role")
        assert e.value.status == 404

    def test_reset_takes_namespaces_made_by_hand(self):
        from labkit.cluster import kubectl

        kubectl("create", "namespace", "ch91-cli")
        assert Lab.reset(STEM)["namespaces"] == ["ch91-cli"]

    def test_nodes_have_short_names(self, lab):
        names = {lab.node_label(n.metadata.name) for n in client.CoreV1Api(lab.kube).list_node().items}
        assert names == {"control-plane", "worker", "worker2"}


class TestOtherEngine:
    def test_it_is_empty_bounded_and_gone_afterwards(self, lab):
        with lab.engine("other", cpus=0.5, memory="256m") as other:
            assert other.docker.images.list() == []
            assert other.docker.info()["ID"] != lab.docker.info()["ID"]
            limits = other.container.attrs["HostConfig"]
            assert (limits["NanoCpus"], limits["Memory"]) == (500_000_000, 256 * 2**20)
            name = other.name
        assert not exists("containers", name)
        assert not exists("volumes", name)

    def test_images_are_loaded_and_run(self, lab):
        with lab.engine("other") as other:
            other.load(BASE)
            assert other.docker.containers.run(BASE, "echo hello", remove=True) == b"hello\n"
            assert other.exec("docker images -q | wc -l") == (0, "1\n")

    def test_nobody_without_its_certificate_is_let_in(self, lab):
        with lab.engine("other") as other:
            stranger = docker.tls.TLSConfig(verify=False)
            with pytest.raises(docker.errors.DockerException):
                docker.DockerClient(base_url=other.docker_host, tls=stranger, version="auto")

    def test_close_takes_one_that_was_only_started(self):
        lab = Lab(STEM, role="test")
        name = lab.engine("other").start().name
        lab.close()
        assert not exists("containers", name)
        assert not exists("volumes", name)


def test_the_output_of_a_quick_command_is_not_lost(lab):
    """docker-py loses it now and then; through a busy machine more often."""
    box = lab.docker.containers.run(BASE, "sleep 300", detach=True, init=True)
    assert {box.exec_run(["echo", "x"]).output for _ in range(150)} == {b"x\n"}
    both = box.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)
    assert both.output == (b"out\n", b"err\n")
    assert b"".join(box.exec_run(["sh", "-c", "echo a; echo b"], stream=True).output) == b"a\nb\n"
    assert box.exec_run(["echo", "x"], tty=True).output == b"x\r\n"
    assert box.exec_run(["true"]).output == b""
