"""Manifests on the real cluster: applied server-side, labelled, refused with the reason."""

from __future__ import annotations

import json

import pytest
from kubernetes import client

from labkit import ClusterUnavailable, Lab, Usage, until
from labkit.core.kube import dynamic_client
from labkit.lab.clients import kube_client

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(300)]
STEM = "ch97_apply"
CONFIG = "{kind: ConfigMap, apiVersion: v1, metadata: {name: a}, data: {k: '${VALUE}'}}"


@pytest.fixture(scope="module")
def lab():
    with Lab(STEM, role="test") as made:
        yield made


def test_apply_is_server_side_and_labels(lab, tmp_path):
    (tmp_path / "two.yaml").write_text(
        "{kind: ConfigMap, apiVersion: v1, metadata: {name: a}, data: {k: '1'}}\n---\n"
        "{kind: ConfigMap, apiVersion: v1, metadata: {name: b}}\n"
    )
    one, two = lab.apply(tmp_path / "two.yaml")
    assert (one.metadata.name, two.metadata.name) == ("a", "b")
    assert one.metadata.namespace == lab.namespace
    assert one.metadata.labels["labkit.session"] == lab.session
    assert {m["manager"] for m in one.to_dict()["metadata"]["managedFields"]} == {"labkit"}


def test_a_refusal_says_why(lab, tmp_path):
    (tmp_path / "bad.yaml").write_text(
        "{kind: Pod, apiVersion: v1, metadata: {name: a}, spec: {containers: [{name: UPPER, image: x}]}}"
    )
    with pytest.raises(Usage, match=r"refuses Pod a of bad\.yaml") as e:
        lab.apply(tmp_path / "bad.yaml")
    assert "UPPER" in str(e.value)


def test_an_unknown_kind_is_told(lab, tmp_path):
    (tmp_path / "x.yaml").write_text("{kind: Nonsense, apiVersion: v1, metadata: {name: a}}")
    with pytest.raises(Usage, match=r"no kind '?Nonsense"):
        lab.apply(tmp_path / "x.yaml")


def test_one_object_comes_alone_and_values_are_filled_in(lab, tmp_path):
    (tmp_path / "a.yaml").write_text(CONFIG)
    assert lab.apply(tmp_path / "a.yaml", VALUE=1).data.k == "1"
    assert lab.apply(tmp_path / "a.yaml", VALUE=2).data.k == "2"


def test_a_field_that_somebody_else_has_set_is_a_conflict_unless_forced(lab, tmp_path):
    (tmp_path / "a.yaml").write_text(CONFIG.replace("name: a", "name: fought"))
    lab.apply(tmp_path / "a.yaml", VALUE="mine")
    core = client.CoreV1Api(lab.kube)
    core.patch_namespaced_config_map("fought", lab.namespace, {"data": {"k": "theirs"}}, field_manager="hand")
    with pytest.raises(Usage, match="conflict"):
        lab.apply(tmp_path / "a.yaml", VALUE="mine")
    assert lab.apply(tmp_path / "a.yaml", VALUE="mine", force=True).data.k == "mine"


def test_a_namespace_that_a_manifest_names_is_used(lab, tmp_path):
    (tmp_path / "a.yaml").write_text(CONFIG.replace("name: a", "name: ch97-elsewhere, namespace: default"))
    assert lab.apply(tmp_path / "a.yaml", VALUE=1).metadata.namespace == "default"
    (tmp_path / "a.yaml").write_text(CONFIG.replace("name: a", "name: a, namespace: ch97-none"))
    with pytest.raises(Usage, match="no namespace ch97-none"):
        lab.apply(tmp_path / "a.yaml", VALUE=1)


def test_a_kind_that_was_not_there_a_moment_ago_is_found(lab, tmp_path):
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    boxes = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "boxes.ch97.test"},
        "spec": {
            "group": "ch97.test",
            "scope": "Namespaced",
            "names": {"kind": "Box", "plural": "boxes", "singular": "box"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    (tmp_path / "crd.yaml").write_text(json.dumps(boxes))
    (tmp_path / "box.yaml").write_text("{apiVersion: ch97.test/v1, kind: Box, metadata: {name: one}}")
    with pytest.raises(Usage, match="no kind Box"):
        lab.apply(tmp_path / "box.yaml")
    lab.wait(lab.apply(tmp_path / "crd.yaml"), "Established")
    # "Established" comes before the API server lists the kind, and before it has a store for it
    soon = {"timeout": 60, "ignore": (Usage, ClusterUnavailable)}
    assert until(lambda: lab.apply(tmp_path / "box.yaml"), **soon).kind == "Box"
    assert lab.wait("box/one", lambda o: True, timeout=10).metadata.name == "one"


def test_an_api_server_that_is_away_is_no_mistake_of_the_manifest(lab, proxy, tmp_path):
    from urllib.parse import urlsplit

    from labkit.lab import manifests

    kube = kube_client(lab.labels)
    at = urlsplit(kube.configuration.host)
    through = proxy((at.hostname, at.port))
    kube.configuration.host = f"https://127.0.0.1:{through.port}"
    dynamic = dynamic_client(kube)
    through.close()
    (tmp_path / "a.yaml").write_text(CONFIG)
    with pytest.raises(ClusterUnavailable):
        manifests.apply(dynamic, tmp_path / "a.yaml", lab.namespace, {"VALUE": 1})
