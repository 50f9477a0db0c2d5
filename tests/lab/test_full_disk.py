"""A disk that is nearly full: the disk is 400 MB of memory under a private engine, never the host's."""

from __future__ import annotations

import pytest

from labkit import CommandFailed, Lab
from labkit.core import engine
from labkit.provision.doctor import machine

pytestmark = [pytest.mark.engine, pytest.mark.faults]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with Lab("ch00_full_disk", role="test") as lab, lab.engine("small", disk="400m") as other:
        yield other


def test_the_doctor_finds_it(small, monkeypatch):
    monkeypatch.setattr(engine, "client", lambda *a, **k: small.docker)
    monkeypatch.setattr(engine, "host", lambda: small.docker_host)
    small.load("debian:trixie-slim")
    (found,) = machine.disk()
    assert found.state == "fail"
    assert "GiB free" in found.found


def test_an_image_that_does_not_fit_is_told_as_such(small):
    with pytest.raises(CommandFailed, match=r"could not be copied to ch00-small(?s:.*)free of 400M"):
        small.load("localhost:5001/engine:26.1", "localhost:5001/postgres:17", "localhost:5001/web:1.0")


def test_it_still_works_afterwards(small):
    assert small.docker.ping()
    assert small.docker.containers.run("debian:trixie-slim", "echo hello", remove=True) == b"hello\n"
