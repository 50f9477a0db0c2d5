"""What a Lab refuses, how its clients label, and what a manifest must be; no Docker needed."""

from __future__ import annotations

import docker
import pytest
from kubernetes import client

import labkit
from labkit import Busy, Lab, Usage, apply
from labkit.lab import take_lock
from labkit.labelled import LabelledAPI, LabelledKube

OWN = {"labkit.lab": "mine", "labkit.stem": "ch01_x"}


def test_the_public_names_are_sorted_and_there():
    assert labkit.__all__ == sorted(labkit.__all__)
    for name in labkit.__all__:
        assert getattr(labkit, name).__name__ == name
    assert {"Lab", "measured", "prove", "until", "TimedOut"} <= set(labkit.__all__)


def test_a_module_never_hides_a_public_name():
    import importlib

    for module in ("retry", "measure", "ledger", "lab"):
        importlib.import_module(f"labkit.{module}")
    assert callable(labkit.until)
    assert callable(labkit.measured)


@pytest.mark.parametrize("stem", ["", "ch01", "ch01-x", "../x"])
def test_a_stem_that_is_none(stem):
    with pytest.raises(Usage, match="no stem"):
        Lab(stem)


def test_a_role_that_is_none():
    with pytest.raises(Usage, match="no role"):
        Lab("ch01_x", role="boss")


def test_one_process_a_stem(monkeypatch, tmp_path):
    import subprocess
    import sys

    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
    hold = (
        "import sys; from labkit.lab import take_lock; lock = take_lock('ch01_x');"
        "print('held', flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", hold], **pipes) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Busy, match="in use") as e:
            take_lock("ch01_x")
        assert str(other.pid) in e.value.found
        take_lock("ch02_y").release()
        other.kill()
    take_lock("ch01_x").release()  # the system let go of it when the process died


@pytest.fixture
def api(monkeypatch):
    """A labelled docker client that only records what it would send."""
    made = LabelledAPI.__new__(LabelledAPI)
    made.own_labels, sent = OWN, []
    monkeypatch.setattr(LabelledAPI, "_url", lambda self, path, *a, **k: path)
    monkeypatch.setattr(LabelledAPI, "_version", "1.45", raising=False)
    monkeypatch.setattr(LabelledAPI, "_post_json", lambda self, url, data=None, **k: sent.append(data))
    monkeypatch.setattr(LabelledAPI, "_result", lambda self, *a, **k: {})
    return made, sent


def test_what_docker_creates_is_labelled(api):
    made, sent = api
    made.create_container_from_config({"Image": "x", "Labels": {"a": "b", "labkit.lab": "of the image"}})
    made.create_network("n")
    made.create_volume("v", labels={"c": "d"})
    assert sent[0]["Labels"] == {"a": "b", **OWN}
    assert sent[1]["Labels"] == OWN
    assert sent[2]["Labels"] == {"c": "d", **OWN}


def test_a_configuration_that_the_caller_keeps_is_not_changed_for_others(api):
    made, _ = api
    mine = {"Image": "x"}
    made.create_container_from_config(mine)
    assert "Labels" not in mine


@pytest.mark.parametrize(("method", "labelled"), [("POST", True), ("PATCH", False), ("DELETE", False)])
def test_what_kubernetes_creates_is_labelled(monkeypatch, method, labelled):
    kube, sent = LabelledKube(client.Configuration(), OWN), []
    monkeypatch.setattr(
        client.ApiClient, "call_api", lambda self, m, u, h=None, body=None, *a, **k: sent.append(body)
    )
    body = {"metadata": {"name": "x", "labels": {"a": "b"}}, "spec": {"template": {"metadata": {}}}}
    kube.call_api(method, "/api", None, body)
    assert sent[0]["metadata"]["labels"] == ({"a": "b", **OWN} if labelled else {"a": "b"})
    assert sent[0]["spec"] == body["spec"]
    assert body["metadata"]["labels"] == {"a": "b"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("a: [", "cannot be read"),
        ("kind: Pod\napiVersion: v1\n", "no object"),
        ("kind: Pod\napiVersion: v1\nmetadata: {}\n", "no object"),
        ("just words\n", "no object"),
    ],
)
def test_a_bad_manifest(tmp_path, text, said):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(Usage, match=said):
        apply.read(tmp_path / "x.yaml", {})


def test_a_manifest_with_a_value_that_is_not_given(tmp_path):
    (tmp_path / "x.yaml").write_text("kind: Pod\napiVersion: v1\nmetadata: {name: '${NAME}'}\n")
    assert apply.read(tmp_path / "x.yaml", {"NAME": "web"})[0]["metadata"]["name"] == "web"
    with pytest.raises(Usage, match="cannot be read"):
        apply.read(tmp_path / "x.yaml", {"OTHER": 1})


def test_a_manifest_that_is_not_there_names_those_that_are():
    with pytest.raises(Usage, match="no manifest"):
        apply.locate("ch12_scalability", "none.yaml")


def test_docker_clients_are_the_sdks_own(monkeypatch):
    assert issubclass(LabelledAPI, docker.APIClient)
    assert issubclass(LabelledKube, client.ApiClient)
