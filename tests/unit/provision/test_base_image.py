"""Where the base image comes from, and which CA bundle it takes along. No Docker needed."""

from types import SimpleNamespace

import pytest
from docker.errors import APIError, ImageNotFound

from labkit.core.errors import ImageUnavailable, Unsupported
from labkit.provision import base_image


@pytest.fixture(autouse=True)
def no_ca(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "home"))
    for name in base_image.CA_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_no_variable_no_bundle():
    assert base_image.ca_bundle() is None
    assert base_image.ca_hash(None) == "none"


@pytest.mark.parametrize("name", base_image.CA_VARIABLES)
def test_each_variable_can_name_the_bundle(monkeypatch, tmp_path, name):
    (tmp_path / "ca.pem").write_text("one")
    monkeypatch.setenv(name, str(tmp_path / "ca.pem"))
    assert base_image.ca_bundle() == tmp_path / "ca.pem"


def test_the_first_that_exists_counts(monkeypatch, tmp_path):
    (tmp_path / "ca.pem").write_text("one")
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "gone.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", "")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    assert base_image.ca_bundle() == tmp_path / "ca.pem"


def test_a_bundle_that_comes_and_goes_is_the_same_one(monkeypatch, tmp_path):
    """Each `up` built all images anew where one shell names it and another does not."""
    (tmp_path / "ca.pem").write_text("one")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with_it = base_image.ca_hash(base_image.ca_bundle())
    monkeypatch.delenv("SSL_CERT_FILE")
    assert base_image.ca_hash(base_image.ca_bundle()) == with_it
    (tmp_path / "ca.pem").write_text("another")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert base_image.ca_hash(base_image.ca_bundle()) != with_it


def test_the_hash_follows_the_contents(tmp_path):
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_text("a")
    two.write_text("b")
    assert base_image.ca_hash(one) != base_image.ca_hash(two)
    two.write_text("a")
    assert base_image.ca_hash(one) == base_image.ca_hash(two)


class Images:
    """The images of an engine that cannot pull."""

    def __init__(
        self, there=False, why='Get "https://registry.example/v2/": lookup registry.example: no such host'
    ):
        self.there, self.why, self.pulled = there, why, False

    def get(self, name):
        if not self.there:
            raise ImageNotFound("no such image")
        return type("Image", (), {"id": "sha256:1"})

    def get_registry_data(self, name):
        if self.why:
            raise APIError("500", explanation=self.why)

    def pull(self, name, tag, stream, decode):
        assert (name, tag, stream, decode) == ("debian", "trixie-slim", True, True)
        self.pulled = self.there = True
        return iter([{"status": "Download complete"}])


class Engine:
    def __init__(self, images):
        self.images, self.api = images, SimpleNamespace(timeout=99, pull=images.pull)


def test_what_is_there_is_not_pulled():
    images = Images(there=True)
    assert base_image.source(Engine(images)) == "sha256:1"
    assert not images.pulled


def test_it_is_pulled_where_that_works(monkeypatch):
    monkeypatch.setattr(base_image, "bootstrap", lambda why: pytest.fail("not needed"))
    engine, said = Engine(Images(why=None)), []
    assert base_image.source(engine, said.append) == "sha256:1"
    assert engine.images.pulled
    assert said == []
    assert engine.api.timeout == 99


def test_else_it_is_bootstrapped_and_says_why_in_one_line(monkeypatch):
    engine, said = Engine(Images()), []
    monkeypatch.setattr(base_image, "bootstrap", lambda why: setattr(engine.images, "there", True))
    assert base_image.source(engine, said.append) == "sha256:1"
    assert said == ["cannot be pulled (no such host): made from Debian's packages"]
    assert engine.api.timeout == 99


def test_where_neither_works_the_error_says_both(monkeypatch):
    def refuse():
        raise Unsupported("This is not Debian or Ubuntu.")

    monkeypatch.setattr(base_image, "need_mmdebstrap", refuse)
    with pytest.raises(ImageUnavailable) as e:
        base_image.bootstrap("no such host")
    assert "no such host; This is not Debian or Ubuntu." in str(e.value)
    assert "docker pull debian:trixie-slim" in e.value.fix
