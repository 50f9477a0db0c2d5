"""Making the cluster: what kind prints is shown, and nothing depends on how it words it. No Docker needed."""

import json

import pytest

from labkit.core.endpoint import Endpoint
from labkit.core.errors import CommandFailed
from labkit.provision import kind_cluster


@pytest.fixture
def kind(monkeypatch, tmp_path):
    """A program in kind's place, which prints lines and ends; yields what writes it, and what was added."""
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
    monkeypatch.setattr(kind_cluster, "kind_env", lambda: None)
    added = []
    monkeypatch.setattr(kind_cluster, "delete", lambda client: False)
    monkeypatch.setattr(kind_cluster, "network", lambda client: "net")
    monkeypatch.setattr(kind_cluster, "nodes", lambda client: [])
    monkeypatch.setattr(kind_cluster, "finish_control_plane", added.append)

    def write(*lines, status=0):
        program = tmp_path / "bin" / "kind"
        program.parent.mkdir(exist_ok=True)
        words = "\n".join(lines)
        program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{words}\nEND\nexit {status}\n")
        program.chmod(0o755)

    return write, added


@pytest.fixture
def no_proxy(monkeypatch, tmp_path):
    """A machine without a proxy; its folder of docker's settings."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LABKIT_CLUSTER", "mine")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(kind_cluster.engine, "choose", lambda: Endpoint("unix:///x.sock"))
    return tmp_path


def test_without_a_proxy_nodes_are_told_of_none(no_proxy):
    assert not {"NO_PROXY", "HTTP_PROXY"} & kind_cluster.kind_env().keys()


def test_nodes_reach_the_registry_past_a_proxy_of_the_environment(no_proxy, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "intern.example")
    env = kind_cluster.kind_env()
    assert env["NO_PROXY"] == env["no_proxy"]
    assert {"intern.example", "mine-registry"} <= set(env["NO_PROXY"].split(","))
    assert env["HTTPS_PROXY"] == "http://127.0.0.1:9"


def test_nodes_reach_the_registry_past_a_proxy_of_dockers_settings(no_proxy):
    proxies = {"default": {"httpProxy": "http://proxy.example:3128", "noProxy": "intern.example"}}
    (no_proxy / "config.json").write_text(json.dumps({"proxies": proxies}))
    env = kind_cluster.kind_env()
    assert env["NO_PROXY"] == "intern.example,mine-registry"
    assert env["HTTP_PROXY"] == env["http_proxy"] == "http://proxy.example:3128"


@pytest.mark.parametrize(
    "lines",
    [
        (" • Installing CNI 🔌  ...", " ✓ Installing CNI 🔌"),
        (" ✓ Installing CNI 🔌", " ✓ Installing CNI 🔌"),
        ("Le réseau est là",),
        (),
    ],
)
def test_the_add_ons_go_in_once_whatever_kind_says(kind, lines):
    write, added = kind
    write(*lines)
    shown = []
    kind_cluster.create("the client", "node:1", shown.append)
    assert added == ["the client"]
    assert len(shown) == max(len(lines), 1)
    assert json.loads(kind_cluster.mark().read_text()) == {}


def test_a_kind_that_fails_is_told_with_its_last_words_and_nothing_is_added(kind):
    write, added = kind
    write("ERROR: no room", status=1)
    with pytest.raises(CommandFailed, match="could not make the cluster") as e:
        kind_cluster.create("the client", "node:1", lambda text: None)
    assert e.value.found == "ERROR: no room"
    assert added == []
    assert not kind_cluster.mark().exists()
