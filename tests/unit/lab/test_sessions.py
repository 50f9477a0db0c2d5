"""A run is alive as long as one process holds its session, whatever else dies."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from labkit.lab import sessions as alive
from labkit.lab.lab import Lab
from labkit.lab.sessions import Run, sessions
from labkit.lab.workspace import Workspace


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "progress"))
    return tmp_path


def files():
    return [p.name for p in alive.folder().iterdir()]


def test_a_run_goes_on_until_its_last_part_ends():
    first, second = Run("aaaaaa"), Run("aaaaaa")
    other = Run("bbbbbb")
    assert sessions() == {"aaaaaa", "bbbbbb"}
    first.end()
    assert sessions() == {"aaaaaa", "bbbbbb"}
    second.end()
    second.end()
    other.end()
    assert (sessions(), files()) == (set(), [])


def test_a_run_in_another_process_ends_with_it():
    hold = "from labkit.lab.sessions import Run; r = Run('cccccc'); print('on', flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", hold], **pipes) as other:
        assert other.stdout.readline() == "on\n"
        assert sessions() == {"cccccc"}
        other.kill()
    assert (sessions(), files()) == (set(), [])


def test_what_a_run_has_started_does_not_hold_it():
    run = Run("dddddd")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        run.end()
        assert sessions() == set()
        child.kill()


def test_looking_never_loses_a_run_that_begins():
    stop = threading.Event()

    def look():
        while not stop.is_set():
            sessions()

    with ThreadPoolExecutor(2) as pool:
        pool.submit(look), pool.submit(look)
        try:
            for i in range(200):
                run = Run("eeeeee")
                assert "eeeeee" in sessions(), i
                run.end()
        finally:
            stop.set()


@pytest.fixture
def no_docker(monkeypatch):
    class Client:
        def close(self):
            pass

    monkeypatch.setattr("labkit.lab.lab.docker_client", lambda *a, **k: Client())
    monkeypatch.setattr("labkit.lab.lab.cleanup.remove", lambda *a: {})


def test_labs_in_workspaces_are_runs_and_a_learners_own_is_none(no_docker, home):
    workspace = Workspace.fresh("ch96_x", home / "workspace")
    with Lab("ch96_x", role="proof", workspace=workspace):
        assert sessions() == {workspace.session}
    assert sessions() == set()
    with Lab("ch96_x", role="exercise"):
        assert sessions() == set()  # the chapter's lock says it


def test_a_lab_without_an_engine_lets_go(monkeypatch, home):
    def down(*a, **k):
        raise RuntimeError

    monkeypatch.setattr("labkit.lab.lab.docker_client", down)
    with pytest.raises(RuntimeError):
        Lab("ch96_x", role="proof", workspace=Workspace.fresh("ch96_x", home / "workspace"))
    assert sessions() == set()
