"""What a Lab makes on the cluster is labelled, and goes at its end."""

from __future__ import annotations

import time

import pytest
from kubernetes import client

from labkit import Lab
from labkit.core.paths import lab_id
from labkit.lab.clients import kube_client

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(300)]
STEM = "ch89_lab_test"


@pytest.fixture
def lab():
    with Lab(STEM, role="test") as made:
        yield made


def test_the_namespace_is_labelled_and_goes_quickly(lab):
    core = client.CoreV1Api(lab.kube)
    found = core.read_namespace(lab.namespace).metadata
    assert found.name.startswith("ch89-lab-test-test-")
    assert found.labels["labkit.lab"] == lab_id()
    core.create_namespaced_config_map(lab.namespace, {"metadata": {"name": "a"}, "data": {}})
    assert core.read_namespaced_config_map("a", lab.namespace).metadata.labels["labkit.stem"] == STEM
    name = lab.namespace
    plain = client.CoreV1Api(lab.kube)
    lab.close()
    with pytest.raises(client.ApiException) as e:
        plain.read_namespace(name)
    assert e.value.status == 404


def test_objects_outside_of_namespaces_go_too(lab):
    rbac = client.RbacAuthorizationV1Api(lab.kube)
    assert lab.namespace
    rbac.create_cluster_role({"metadata": {"name": "ch89-role"}, "rules": []})
    assert rbac.read_cluster_role("ch89-role")
    lab.close()
    with pytest.raises(client.ApiException) as e:
        rbac.read_cluster_role("ch89-role")
    assert e.value.status == 404


def test_nodes_have_short_names(lab):
    names = {lab.node_label(n.metadata.name) for n in client.CoreV1Api(lab.kube).list_node().items}
    assert names == {"control-plane", "worker", "worker2"}


def test_single_objects_in_other_namespaces_go_too(lab):
    core = client.CoreV1Api(lab.kube)
    core.create_namespaced_config_map("default", {"metadata": {"name": "ch89-alone"}})
    keeper = client.CoreV1Api(kube_client({}))
    keeper.create_namespaced_config_map("default", {"metadata": {"name": "ch89-theirs"}})
    try:
        lab.close()
        names = {c.metadata.name for c in keeper.list_namespaced_config_map("default").items}
        assert "ch89-alone" not in names
        assert "ch89-theirs" in names
    finally:
        keeper.delete_namespaced_config_map("ch89-theirs", "default")


@pytest.mark.times
def test_a_namespace_with_pods_that_ignore_the_signal_goes_quickly(lab):
    core = client.CoreV1Api(lab.kube)
    stubborn = {"name": "a", "image": "localhost:5001/python:3.13", "command": ["sleep", "3600"]}
    core.create_namespaced_pod(lab.namespace, {"metadata": {"name": "a"}, "spec": {"containers": [stubborn]}})
    lab.wait("pod/a", "Ready")
    began = time.monotonic()
    lab.close()
    assert time.monotonic() - began < 15  # 33 s with the default grace period


def test_a_namespace_that_is_going_already_is_waited_for(lab):
    core, name = client.CoreV1Api(lab.kube), lab.namespace
    core.delete_namespace(name)
    lab.close()
    with pytest.raises(client.ApiException):
        client.CoreV1Api(kube_client({})).read_namespace(name)


def test_a_lab_that_never_used_the_cluster_does_not_need_it(monkeypatch):
    monkeypatch.setenv("LABKIT_CLUSTER", "none")
    with Lab(STEM, role="test") as lab:
        assert lab.owned() == {}
