"""Which engine `up` takes, starts, or refuses. No Docker needed."""

from __future__ import annotations

import engines
import pytest

from labkit.core import endpoint
from labkit.core.endpoint import Endpoint
from labkit.core.errors import EngineUnavailable
from labkit.provision import debian_root, default_bridge, up


@pytest.fixture(autouse=True)
def started(monkeypatch, tmp_path):
    """A machine without an engine; what is started there is only told."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(endpoint, "own_folder", lambda: tmp_path)
    default = f"unix://{tmp_path}/default.sock"
    monkeypatch.setattr(endpoint, "usual", lambda: [Endpoint(default), Endpoint(endpoint.own_host())])
    monkeypatch.setattr(up, "without_overlay", lambda: "")
    monkeypatch.setattr(up.engine, "client", lambda: None)
    monkeypatch.setattr(default_bridge, "gone", lambda client, is_own: None)
    monkeypatch.setattr(debian_root, "stop", lambda: calls.append("stop"))
    calls = []
    monkeypatch.setattr(debian_root, "start", lambda: calls.append("start") or endpoint.own_host())
    return calls


def nothing(text):
    """Said to nobody."""


def test_without_an_engine_the_courses_own_is_started(started):
    assert up.engine_up(nothing) == f"started {endpoint.own_host()}"
    assert started == ["start"]


def test_its_own_is_found(started, tmp_path):
    with engines.on_socket(tmp_path / "docker.sock") as url:
        assert up.engine_up(nothing) == f"its own: {url}"
    assert started == []


def test_another_is_used_as_it_is(started, tmp_path, monkeypatch):
    with engines.on_socket(tmp_path / "default.sock") as url:
        assert up.engine_up(nothing) == f"found one: {url}"
        monkeypatch.setenv("DOCKER_HOST", url)
        assert up.engine_up(nothing) == f"found one: {url} (DOCKER_HOST)"
    assert started == []


def test_its_own_is_started_again_where_its_bridge_has_lost_its_interface(started, tmp_path, monkeypatch):
    monkeypatch.setattr(default_bridge, "gone", lambda client, is_own: "docker0")
    said = []
    with engines.on_socket(tmp_path / "docker.sock") as url:
        assert up.engine_up(said.append) == f"started again {url}"
    assert started == ["stop", "start"]
    assert said == ["its interface docker0 is gone; the daemon is started again, and makes it anew"]


def test_another_without_its_interface_is_for_its_owner_to_restart(started, tmp_path, monkeypatch):
    monkeypatch.setattr(default_bridge, "gone", lambda client, is_own: "docker0")
    with (
        engines.on_socket(tmp_path / "default.sock"),
        pytest.raises(EngineUnavailable, match="docker0 is gone"),
    ):
        up.engine_up(nothing)
    assert started == []


@pytest.mark.parametrize("version", [engines.PODMAN, {"Version": "20.10", "ApiVersion": "1.41"}])
def test_what_answers_and_is_unfit_is_not_worked_around(started, tmp_path, version):
    with engines.on_socket(tmp_path / "default.sock", version), pytest.raises(EngineUnavailable):
        up.engine_up(nothing)
    assert started == []


def test_a_named_engine_that_does_not_answer_is_not_replaced(started, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(EngineUnavailable, match="DOCKER_HOST names"):
        up.engine_up(nothing)
    assert started == []


def test_an_engine_that_copies_layers_is_told(monkeypatch):
    monkeypatch.undo()
    client = type("Client", (), {"info": lambda self: {"Driver": "vfs"}})
    monkeypatch.setattr(up.engine, "client", client)
    assert "layers are copied" in up.without_overlay()
