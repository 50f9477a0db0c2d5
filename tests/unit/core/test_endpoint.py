"""Which engine is used: the one that is named, or refused by its name; what answers is told apart."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket

import engines
import pytest
from click.testing import CliRunner
from urllib3.exceptions import InsecureRequestWarning

from labkit.cli import group
from labkit.core import endpoint, engine
from labkit.core.endpoint import Endpoint, State
from labkit.core.errors import EngineAbsent, EngineForbidden, EngineUnavailable
from labkit.lab.clients import docker_client

VARIABLES = ("HOST", "CONTEXT", "TLS", "TLS_VERIFY", "CERT_PATH", "CONFIG", "DEFAULT_PLATFORM")


@pytest.fixture(autouse=True)
def usual(monkeypatch, tmp_path):
    """A machine on which nothing is named and nothing answers; the folder of the usual places."""
    for name in VARIABLES:
        monkeypatch.delenv(f"DOCKER_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "lab"))
    places = tmp_path / "run"
    places.mkdir()
    monkeypatch.setattr(endpoint, "own_folder", lambda: places)
    own, default = endpoint.own_host(), f"unix://{places}/default.sock"
    monkeypatch.setattr(endpoint, "usual", lambda: [Endpoint(default), Endpoint(own)])
    return places


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return engines.Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def use_context(tmp_path):
    """Makes a docker context as `docker context create` does, without a config.json."""

    def make(name, url, folder=None, **settings):
        key = hashlib.sha256(name.encode()).hexdigest()
        contexts = tmp_path / "user/.docker/contexts"
        meta = contexts / "meta" / key / "meta.json"
        meta.parent.mkdir(parents=True)
        docker = {"Host": url, "SkipTLSVerify": False} | settings
        meta.write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": docker}}))
        if folder:
            shutil.copytree(folder, contexts / "tls" / key / "docker")

    return make


def choose_context(tmp_path, name):
    (tmp_path / "user/.docker").mkdir(parents=True, exist_ok=True)
    (tmp_path / "user/.docker/config.json").write_text(json.dumps({"currentContext": name}))


def refusal():
    with pytest.raises(EngineUnavailable) as e:
        endpoint.choose()
    assert not isinstance(e.value, EngineAbsent)
    return e.value


def answers(place):
    """The engine answers the course's client and, by the same variables, docker-py's own."""
    client = engine.client()
    version = client.version()["Version"]
    client.close()
    assert endpoint.choose().url == place
    return version == engines.DOCKER["Version"]


# --- nothing is named


def test_nothing_named_and_nothing_there_is_none():
    with pytest.raises(EngineAbsent) as e:
        endpoint.choose()
    assert e.value.found.count("no such socket") == 2
    assert e.value.fix == "make up"
    done = CliRunner().invoke(group, ["engine"])
    assert (done.exit_code, done.output) == (0, "none\n")


def test_the_first_that_answers_is_used(usual):
    with engines.on_socket(usual / "docker.sock") as own:
        assert endpoint.choose().url == own
        with engines.on_socket(usual / "default.sock") as default:
            assert endpoint.choose().url == default


def test_a_socket_that_nobody_listens_on_is_none(usual):
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(usual / "default.sock"))
    with pytest.raises(EngineAbsent, match="nobody listens there"):
        endpoint.choose()


def test_a_file_that_is_no_socket_is_none(usual):
    (usual / "default.sock").write_text("")
    with pytest.raises(EngineAbsent, match="not a socket"):
        endpoint.choose()


def test_an_engine_with_a_raised_minimum_api_answers(usual):
    with engines.on_socket(usual / "default.sock", floor="1.44") as url:
        assert answers(url)
        assert endpoint.choose().api == "1.48"


@pytest.mark.parametrize(
    ("version", "word"),
    [
        (engines.PODMAN, "Podman 5.4.0"),
        ({"Version": "20.10", "ApiVersion": "1.41"}, "API 1.41, and 1.43 (Docker 24) is needed"),
        ({"hello": "world"}, "no Docker engine"),
    ],
)
def test_what_answers_and_is_unfit_is_named_and_no_other_engine_is_begun(monkeypatch, usual, version, word):
    with engines.on_socket(usual / "default.sock", version):
        assert word in refusal().found
        assert f"export DOCKER_HOST={endpoint.own_host()}" in refusal().fix
        monkeypatch.setenv("DOCKER_HOST", endpoint.own_host())  # the way round it, which is said
        with pytest.raises(EngineAbsent):
            endpoint.choose()


def test_beside_one_that_is_unfit_the_courses_own_is_used(usual):
    podman = engines.on_socket(usual / "default.sock", engines.PODMAN)
    with podman, engines.on_socket(usual / "docker.sock") as own:
        assert endpoint.choose().url == own


def test_an_engine_that_only_fails_is_there(usual):
    with engines.on_socket(usual / "default.sock", {"message": "disk full"}, status=500):
        assert "HTTP 500: disk full" in refusal().found


def test_another_engine_that_hangs_is_there_and_our_own_that_hangs_is_to_be_started_again(usual, monkeypatch):
    monkeypatch.setattr(endpoint.ask, "__defaults__", (0.2,))
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(usual / "default.sock"))
        s.listen()
        assert "no answer within 0.2 s" in refusal().found
    (usual / "default.sock").unlink()
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(usual / "docker.sock"))
        s.listen()
        with pytest.raises(EngineAbsent, match=r"no answer within 0\.2 s"):
            endpoint.choose()


def test_a_socket_that_may_not_be_opened(usual, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    with engines.on_socket(usual / "default.sock"):
        monkeypatch.setattr(socket.socket, "connect", refuse)
        with pytest.raises(EngineForbidden) as e:
            endpoint.choose()
    assert "default.sock" in e.value.wanted
    assert "usermod -aG docker" in e.value.fix


def test_a_folder_that_may_not_be_looked_into(monkeypatch):
    def refuse(self, **_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(endpoint.Path, "stat", refuse)
    assert endpoint.ask(Endpoint("unix:///x.sock")).state is State.DENIED


# --- DOCKER_HOST


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("tcp://127.0.0.1:1", "nobody listens there"),
        ("unix:///none.sock", "no such socket"),
        ("tcp://no-such-host.invalid:2375", "its name is not known"),
        ("ssh://anna@far", "not reached over ssh"),
        ("here", "no URL of an engine"),
    ],
)
def test_a_named_engine_that_cannot_be_used_is_refused_though_another_answers(monkeypatch, usual, url, why):
    monkeypatch.setenv("DOCKER_HOST", url)
    with engines.on_socket(usual / "docker.sock"):
        error = refusal()
        done = CliRunner().invoke(group, ["engine"])
    assert error.message.startswith("DOCKER_HOST names")
    assert url in error.found
    assert why in error.found
    assert "unset DOCKER_HOST" in error.fix
    assert done.exit_code == 1
    assert done.stdout == ""


def test_a_named_engine_is_used(monkeypatch, usual, tmp_path):
    with engines.on_socket(usual / "docker.sock"), engines.on_socket(tmp_path / "far.sock") as far:
        monkeypatch.setenv("DOCKER_HOST", far)
        assert answers(far)
    with engines.on_tcp() as far:
        monkeypatch.setenv("DOCKER_HOST", far)
        assert answers(far)


def test_our_own_named_by_our_own_exports_may_be_started(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", endpoint.own_host())
    with pytest.raises(EngineAbsent):
        endpoint.choose()


def test_docker_host_goes_before_a_context(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    with engines.on_socket(tmp_path / "here.sock") as here:
        monkeypatch.setenv("DOCKER_HOST", here)
        assert answers(here)
        assert engine.exports()["DOCKER_CONTEXT"] == ""


# --- TLS


def by_variables(monkeypatch, url, folder, verify="1"):
    monkeypatch.setenv("DOCKER_HOST", url)
    monkeypatch.setenv("DOCKER_CERT_PATH", str(folder))
    monkeypatch.setenv("DOCKER_TLS_VERIFY", verify)


@pytest.mark.parametrize("bundle", ["", "/etc/ssl/certs/ca-certificates.crt"])
def test_a_tls_engine_is_used_with_certificates(monkeypatch, certificates, bundle):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
    with engines.on_tcp(tls=certificates.context(ask_client=True)) as url:
        by_variables(monkeypatch, url, certificates.client)
        assert answers(url)
        assert engine.exports()["DOCKER_CERT_PATH"] == str(certificates.client)
        assert engine.exports()["DOCKER_TLS_VERIFY"] == "1"
        lab = docker_client({}, url)  # as the process of a check does, that is told where
        assert lab.version()["Version"] == engines.DOCKER["Version"]
        lab.close()


def test_a_tls_engine_without_client_certificates_needs_the_ca_alone(monkeypatch, certificates, tmp_path):
    shutil.copy(certificates.client / "ca.pem", tmp_path)
    with engines.on_tcp(tls=certificates.context(ask_client=False)) as url:
        by_variables(monkeypatch, url, tmp_path)
        assert answers(url)


@pytest.mark.parametrize("ask_client", [True, False])
def test_a_tls_engine_without_certificates_is_told_as_such(monkeypatch, certificates, ask_client):
    with engines.on_tcp(tls=certificates.context(ask_client)) as url:
        monkeypatch.setenv("DOCKER_HOST", url)
        error = refusal()
    assert "it speaks TLS" in error.found
    assert "DOCKER_TLS_VERIFY=1" in error.fix


def test_a_ca_that_did_not_sign(monkeypatch, certificates, tmp_path):
    stranger = engines.Certificates(tmp_path / "stranger")
    with engines.on_tcp(tls=certificates.context(ask_client=False)) as url:
        by_variables(monkeypatch, url, stranger.client)
        assert "not trusted" in refusal().found


def test_a_client_certificate_that_is_wanted_and_not_there(monkeypatch, certificates, tmp_path):
    shutil.copy(certificates.client / "ca.pem", tmp_path)
    with engines.on_tcp(tls=certificates.context(ask_client=True)) as url:
        by_variables(monkeypatch, url, tmp_path)
        assert "TLS failed" in refusal().found


def test_files_that_are_not_there_are_named(monkeypatch, tmp_path):
    by_variables(monkeypatch, "tcp://127.0.0.1:1", tmp_path)
    assert f"{tmp_path} has no ca.pem" in refusal().found
    (tmp_path / "ca.pem").touch()
    (tmp_path / "cert.pem").touch()
    assert "has no key.pem" in refusal().found


def test_tls_is_asked_for_and_there_is_none(monkeypatch, certificates):
    with engines.on_tcp() as url:
        by_variables(monkeypatch, url, certificates.client)
        assert "plain HTTP" in refusal().found


def test_tls_variables_that_were_left_over_do_not_reach_a_socket(monkeypatch, usual, certificates):
    with engines.on_socket(usual / "default.sock") as url:
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        assert answers(url)
        assert engine.exports()["DOCKER_TLS_VERIFY"] == ""


# --- contexts


@pytest.mark.parametrize("by", ["DOCKER_CONTEXT", "docker context use"])
def test_a_context_is_used(monkeypatch, usual, tmp_path, use_context, by):
    with engines.on_socket(usual / "default.sock"), engines.on_socket(tmp_path / "far.sock") as far:
        use_context("far", far)
        if by == "DOCKER_CONTEXT":
            monkeypatch.setenv(by, "far")
        else:
            choose_context(tmp_path, "far")
        assert answers(far)
        assert engine.exports()["DOCKER_HOST"] == far


def test_the_default_context_names_none(monkeypatch, usual, tmp_path, use_context):
    use_context("far", "unix:///none.sock")
    choose_context(tmp_path, "far")
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    with engines.on_socket(usual / "default.sock") as url:
        assert answers(url)


@pytest.mark.parametrize("url", ["unix:///none.sock", "tcp://127.0.0.1:1", "ssh://anna@far"])
def test_a_context_that_cannot_be_used_is_refused_by_its_name(monkeypatch, usual, tmp_path, use_context, url):
    use_context("far", url)
    choose_context(tmp_path, "far")
    with engines.on_socket(usual / "default.sock"):
        assert refusal().message.startswith("the docker context far names")
        assert "docker context use default" in refusal().fix
        monkeypatch.setenv("DOCKER_CONTEXT", "far")
        assert refusal().message.startswith("DOCKER_CONTEXT=far names")
        monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
        assert "no such context" in refusal().message


def test_a_context_with_tls_is_used(monkeypatch, certificates, use_context):
    with engines.on_tcp(tls=certificates.context(ask_client=True)) as url:
        use_context("far", url, certificates.client)
        use_context("bare", url)
        use_context("unverified", url, certificates.client, SkipTLSVerify=True)
        use_context("nothing", url, SkipTLSVerify=True)
        monkeypatch.setenv("DOCKER_CONTEXT", "far")
        assert answers(url)
        assert engine.exports()["DOCKER_TLS_VERIFY"] == "1"
        monkeypatch.setenv("DOCKER_CONTEXT", "bare")
        assert "it speaks TLS" in refusal().found
        monkeypatch.setenv("DOCKER_CONTEXT", "unverified")
        with pytest.warns(InsecureRequestWarning):
            assert answers(url)
        with pytest.warns(InsecureRequestWarning):
            assert "DOCKER_TLS_VERIFY" not in engine.exports()
        monkeypatch.setenv("DOCKER_CONTEXT", "nothing")
        assert "has no ca.pem" in refusal().found


# --- what else is set back


def test_a_platform_that_the_user_prefers_is_no_matter_of_the_course(monkeypatch):
    monkeypatch.setenv("DOCKER_DEFAULT_PLATFORM", "linux/arm64")
    assert engine.exports("unix:///x.sock")["DOCKER_DEFAULT_PLATFORM"] == ""


def test_exports_name_our_own_kubeconfig_and_programs_first(tmp_path):
    found = engine.exports("unix:///x.sock")
    assert found["DOCKER_HOST"] == "unix:///x.sock"
    assert found["KUBECONFIG"].startswith(str(tmp_path))
    assert found["KUBERC"] == "off"
    assert found["PATH"].startswith(f"{tmp_path}/lab/bin:")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy"])
def test_what_is_on_this_machine_is_reached_past_the_proxy(monkeypatch, name):
    for each in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(each, raising=False)
        monkeypatch.delenv(each.lower(), raising=False)
    assert "NO_PROXY" not in engine.exports("unix:///x.sock")
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "intern.example, 127.0.0.1")
    found = engine.exports("unix:///x.sock")
    assert found["NO_PROXY"] == found["no_proxy"] == "intern.example,127.0.0.1,localhost,::1"
