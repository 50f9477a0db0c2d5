"""How a container stops, with containers that are made up."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from labkit import Mismatch
from labkit.observe import shutdown
from labkit.observe.replacement import settings
from labkit.observe.shutdown import was_asked

ATTRS = {
    "Config": {"Image": "web", "Env": ["PORT=8080", "DRAIN_SECONDS=0"], "Cmd": None, "Labels": {"a": "b"}},
    "HostConfig": {"Init": True, "Binds": None, "PortBindings": {"8080/tcp": []}},
}
BOX = SimpleNamespace(attrs=ATTRS)


def test_a_container_like_another_one_has_its_command_and_mounts_and_not_its_ports():
    assert settings(BOX) == {"Image": "web", "Env": ATTRS["Config"]["Env"], "HostConfig": {"Init": True}}


def test_a_variable_takes_the_place_of_the_other_one():
    assert settings(BOX, DRAIN_SECONDS="2")["Env"] == ["PORT=8080", "DRAIN_SECONDS=2"]
    assert ATTRS["Config"]["Env"] == ["PORT=8080", "DRAIN_SECONDS=0"]


@pytest.fixture
def took(monkeypatch):
    """The seconds that the copy takes to stop, and whether it serves."""
    it = SimpleNamespace(seconds=2.0, serves=True, config=None)

    @contextmanager
    def temporary(lab, config):
        it.config = config
        yield "copy"

    monkeypatch.setattr(shutdown, "temporary", temporary)
    monkeypatch.setattr(shutdown, "answers", lambda lab, box, port: it.serves)
    monkeypatch.setattr(shutdown, "stopped", lambda lab, box: (it.seconds, {}))
    return it


def test_a_server_that_drains_was_asked_to_end(took):
    was_asked(None, BOX)
    assert "DRAIN_SECONDS=1.5" in took.config["Env"]


@pytest.mark.parametrize(("seconds", "serves"), [(0.3, True), (9.0, False)])
def test_one_that_does_not_drain_was_not(took, seconds, serves):
    took.seconds, took.serves = seconds, serves
    with pytest.raises(Mismatch, match="never asked to end"):
        was_asked(None, BOX)
