"""One way to pull, through the mirror where one is named. No Docker needed."""

import socket
import threading
import time
from types import SimpleNamespace

import docker
import pytest
import requests
import urllib3
from docker.errors import APIError, DockerException, ImageNotFound

from labkit.core.errors import ImageUnavailable
from labkit.provision import base_image, node_image, pull


class Images:
    """An engine's images, and a registry that has everything or breaks."""

    def __init__(self, breaks=None, has_no_helper=False):
        self.breaks, self.names, self.asked = breaks, {}, []
        self.has_no_helper = has_no_helper

    def get(self, name):
        if name not in self.names:
            raise ImageNotFound("no such image")
        return Image(self, name)

    def get_registry_data(self, name, auth_config=None):
        self.asked.append(name)
        self.log_in(auth_config)

    def log_in(self, auth_config):
        if self.has_no_helper and auth_config is None:
            raise DockerException(
                "Credentials store error: StoreError('docker-credential-desktop not found')"
            )

    def pull(self, repository, tag, stream, decode, auth_config=None):
        self.log_in(auth_config)
        if isinstance(self.breaks, Exception):
            raise self.breaks
        yield {"status": "Pulling fs layer"}
        if self.breaks:
            yield {"error": self.breaks, "errorDetail": {"message": self.breaks}}
        else:
            self.names[f"{repository}:{tag}"] = f"sha256:{repository}"

    def remove(self, name, noprune):
        del self.names[name]


class Image:
    def __init__(self, images, name):
        self.images, self.id = images, images.names[name]

    def tag(self, repository, tag):
        self.images.names[f"{repository}:{tag}"] = self.id


class Engine:
    def __init__(self, **options):
        self.images = Images(**options)
        self.api = SimpleNamespace(timeout=120, pull=self.images.pull)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    monkeypatch.delenv("LABKIT_MIRROR", raising=False)
    monkeypatch.delenv("LABKIT_BUILD_NODE", raising=False)


@pytest.mark.parametrize(
    ("mirror", "name", "source"),
    [
        ("", "debian:trixie-slim", "debian:trixie-slim"),
        ("reg.example:5000/hub/", "debian:trixie-slim", "reg.example:5000/hub/library/debian:trixie-slim"),
        ("reg.example/hub", "kindest/node:v1", "reg.example/hub/kindest/node:v1"),
    ],
)
def test_where_an_image_comes_from(monkeypatch, mirror, name, source):
    monkeypatch.setenv("LABKIT_MIRROR", mirror)
    assert pull.source_of(name) == source


def test_the_base_image_comes_from_the_mirror_under_its_usual_name(monkeypatch):
    monkeypatch.setenv("LABKIT_MIRROR", "localhost:1/hub")
    monkeypatch.setattr(base_image, "bootstrap", lambda why: pytest.fail(why))
    engine = Engine()
    base_image.source(engine)
    assert engine.images.asked == ["localhost:1/hub/library/debian:trixie-slim"]
    assert engine.images.names == {"debian:trixie-slim": "sha256:localhost:1/hub/library/debian"}


def test_the_node_image_comes_from_the_mirror_under_the_mirrors_name(monkeypatch):
    monkeypatch.setenv("LABKIT_MIRROR", "localhost:1/hub")
    assert node_image.pulled(Engine()) == f"localhost:1/hub/{node_image.PULLED}"


@pytest.mark.parametrize(
    "error",
    [
        APIError("500", explanation="Get https://x: no such host"),
        requests.exceptions.ReadTimeout("read timed out"),
        requests.exceptions.ConnectionError("gone"),
        urllib3.exceptions.ProtocolError("broken off"),
    ],
)
def test_whatever_breaks_a_pull_a_node_image_is_built(error):
    """A time-out went through as itself."""
    engine, lines = Engine(breaks=error), []
    assert node_image.pulled(engine, lines.append) is None
    assert lines[0].startswith("cannot be pulled (")
    assert engine.api.timeout == 120


def test_a_helper_for_logins_that_is_gone_does_not_keep_an_image_away():
    engine = Engine(has_no_helper=True)
    assert pull.pull(engine, "a/b:1") is None
    assert engine.images.names == {"a/b:1": "sha256:a/b"}


def test_a_download_that_breaks_off_is_a_failure_though_an_older_image_has_the_name():
    engine = Engine(breaks="unexpected EOF")
    engine.images.names["kindest/node:v1.37.0"] = "sha256:older"
    assert pull.pull(engine, "kindest/node:v1.37.0") == "unexpected EOF"


def test_a_slow_download_is_named_with_the_time_it_had():
    assert pull.pull(Engine(breaks=requests.exceptions.ReadTimeout()), "a/b:1") == "no answer within 120 s"


def test_a_registry_that_never_answers_is_given_up_soon():
    """A daemon that accepts the question and says nothing, as one does that waits for a dead registry."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections = []
        threading.Thread(target=lambda: connections.append(server.accept()), daemon=True).start()
        client = docker.DockerClient(base_url=f"tcp://127.0.0.1:{server.getsockname()[1]}", version="1.43")
        start = time.monotonic()
        assert pull.pull(client, "debian:trixie-slim", ask_seconds=0.3) == "no answer within 0.3 s"
        assert time.monotonic() - start < 2
        client.close()
        connections[0][0].close()


def test_where_it_cannot_be_had_at_all_the_fix_names_the_mirror(monkeypatch):
    def refuse():
        raise FileNotFoundError("mmdebstrap")

    monkeypatch.setattr(base_image, "need_mmdebstrap", refuse)
    with pytest.raises(ImageUnavailable) as e:
        base_image.bootstrap("no such host")
    assert "LABKIT_MIRROR" in e.value.fix
