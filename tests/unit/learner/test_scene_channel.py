"""A judged notebook asks whoever grades it to set a scene up, and is told how that went."""

from __future__ import annotations

import threading
from contextlib import suppress
from multiprocessing.connection import Client

import pytest

from labkit import BrokenEnvironment, Mismatch
from labkit.lab.clients import within
from labkit.lab.workspace import Workspace
from labkit.learner import exercise, scene_channel

STEM = "ch96_x"


@pytest.fixture
def workspace(tmp_path):
    return Workspace.fresh(STEM, tmp_path / "s", judged=True)


@pytest.fixture
def asked(workspace):
    """What was asked for; `broken` cannot be set up."""
    found = []

    def begin(name):
        found.append((name, threading.current_thread().name))
        if name == "broken":
            raise BrokenEnvironment("The engine is away.")

    listener = scene_channel.listen(workspace, begin)
    yield found
    listener.close()


def test_the_grader_sets_it_up(workspace, asked):
    scene_channel.ask(workspace, "shared")
    scene_channel.ask(workspace, "shared")
    assert asked == [("shared", "scenes")] * 2


def test_the_notebook_is_told_what_went_wrong(workspace, asked):
    with pytest.raises(BrokenEnvironment, match="The engine is away"):
        scene_channel.ask(workspace, "broken")
    scene_channel.ask(workspace, "shared")


def test_nobody_listens(workspace):
    with pytest.raises(BrokenEnvironment, match="does not answer"):
        scene_channel.ask(workspace, "shared")


@pytest.mark.parametrize("said", [b"", b"\xff", b"7", b"{", b'["shared"]', b"[" * 9000, b"x" * 20_000])
def test_nonsense_sets_nothing_up_and_ends_nothing(workspace, asked, said):
    with Client(scene_channel.address(workspace)) as line, suppress(OSError):
        line.send_bytes(said)
    scene_channel.ask(workspace, "shared")
    assert [name for name, _ in asked] == ["shared"]


def test_a_judged_notebook_builds_no_scene_itself(monkeypatch, workspace, capsys):
    class Lab:
        pass

    Lab.workspace = workspace
    scene = type("S", (), {"title": "two of them"})
    suite = type("Suite", (), {"find": staticmethod(lambda kind, name: scene), "scenes": {"shared": scene}})
    monkeypatch.setattr(exercise, "current", lambda: (Lab, suite))
    monkeypatch.setattr(exercise, "begin", lambda *_: pytest.fail("it was built by the notebook"))
    told = []
    monkeypatch.setattr(scene_channel, "ask", lambda workspace, name: told.append(name))
    exercise.start("shared")
    assert told == ["shared"]
    assert capsys.readouterr().out == "Set up: two of them\n"


def test_a_container_that_prints_without_end_is_not_read_to_the_end():
    def flood():
        while True:
            yield b"x" * 1000

    with pytest.raises(Mismatch, match="too much"):
        list(within(flood(), 5000))
    assert list(within(iter([b"ab", (b"c", None)]), 3)) == [b"ab", (b"c", None)]
    assert list(within(iter([b"abc"]), None)) == [b"abc"]
