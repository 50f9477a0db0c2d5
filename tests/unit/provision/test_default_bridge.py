"""Whether an engine's default bridge has its interface, on engines that are made up."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest
from docker.errors import NotFound

from labkit.provision import default_bridge


class Engine:
    """An engine with data here, and a default bridge of a name."""

    def __init__(self, folder, bridge="docker0", options=(), host=None):
        self._info = {"DockerRootDir": str(folder), "SecurityOptions": list(options)}
        self._info["Name"] = host or socket.gethostname()
        self._bridge, self.networks = bridge, self

    def info(self):
        return self._info

    def get(self, name):
        if self._bridge is None:
            raise NotFound("no such network")
        return SimpleNamespace(attrs={"Options": {default_bridge.OPTION: self._bridge}})


@pytest.fixture
def interfaces(monkeypatch, tmp_path):
    """A machine that has one bridge."""
    (tmp_path / "net/docker0").mkdir(parents=True)
    monkeypatch.setattr(default_bridge, "INTERFACES", tmp_path / "net")
    return tmp_path


@pytest.mark.parametrize(
    ("bridge", "lost"),
    [("docker0", None), ("other0", "other0"), (None, None), ("", None)],
)
def test_what_is_gone_is_named(interfaces, bridge, lost):
    assert default_bridge.gone(Engine(interfaces, bridge), is_own=False) == lost


def test_interfaces_that_cannot_be_seen_from_here_are_not_missed(interfaces):
    far = Engine(interfaces / "elsewhere", "other0")
    rootless = Engine(interfaces, "other0", ["name=seccomp", "name=rootless"])
    outside = Engine(interfaces, "other0", host="the-host-of-this-container")
    assert default_bridge.gone(outside, is_own=False) is None
    assert default_bridge.gone(far, is_own=False) is None
    assert default_bridge.gone(rootless, is_own=False) is None
    assert default_bridge.gone(far, is_own=True) == "other0"  # its data lies in a root of its own
