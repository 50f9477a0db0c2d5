"""Finding a daemon: order, reasons, and what a user without rights is told."""

from __future__ import annotations

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from labkit.core import engine
from labkit.core.errors import EngineUnavailable


class Daemon(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"OK" if self.path.endswith("_ping") else json.dumps({}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "unix"

    def log_message(self, *args):
        pass


@pytest.fixture
def daemon(tmp_path):
    """A socket that answers like a Docker daemon."""
    path = tmp_path / "d.sock"
    server = socketserver.ThreadingUnixStreamServer(str(path), Daemon)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"unix://{path}"
    server.shutdown()
    server.server_close()


def test_docker_host_is_the_only_candidate_when_it_is_set(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert engine.candidates() == ["tcp://127.0.0.1:1"]


def test_own_socket_comes_last(monkeypatch):
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert engine.candidates()[-1] == engine.own_host()
    assert len(engine.candidates()) == len(set(engine.candidates()))


def test_a_daemon_that_answers_is_found(monkeypatch, daemon):
    monkeypatch.setenv("DOCKER_HOST", daemon)
    assert engine.host() == daemon


def test_the_first_that_answers_wins_and_the_others_have_a_reason(monkeypatch, daemon, tmp_path):
    dead = f"unix://{tmp_path}/none.sock"
    monkeypatch.setattr(engine, "candidates", lambda: [dead, daemon])
    assert engine.find() == (daemon, {dead: "no such socket"})


def test_a_file_that_is_no_socket_is_named(tmp_path):
    (tmp_path / "docker.sock").write_text("")
    assert "not a socket" in engine.probe(f"unix://{tmp_path}/docker.sock")


def test_a_socket_nobody_listens_on_does_not_count(tmp_path):
    import socket

    path = tmp_path / "stale.sock"
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
    assert engine.probe(f"unix://{path}").startswith("no answer")


def test_no_daemon_says_what_was_tried_and_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(EngineUnavailable) as e:
        engine.host()
    assert "none.sock: no such socket" in str(e.value)
    assert "make up" in str(e.value)


def test_a_user_without_rights_is_told_how_to_get_them(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    monkeypatch.setattr(engine, "probe", lambda url: "permission denied")
    with pytest.raises(EngineUnavailable) as e:
        engine.host()
    assert "usermod -aG docker" in e.value.fix


def test_permission_denied_is_recognised(monkeypatch):
    def refuse(self, **_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    assert engine.probe("unix:///x.sock") == "permission denied"


def test_exports_name_our_own_kubeconfig_and_programs_first(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
    found = engine.exports("unix:///x.sock")
    assert found["DOCKER_HOST"] == "unix:///x.sock"
    assert found["KUBECONFIG"].startswith(str(tmp_path))
    assert found["PATH"].startswith(f"{tmp_path}/bin:")
