"""What of the user's own settings the doctor names, each in one line with what helps."""

from __future__ import annotations

import json
import os

import pytest

from labkit.core import engine
from labkit.core.errors import EngineUnavailable
from labkit.provision.doctor import machine, settings
from labkit.provision.doctor.finding import FAIL, OK, WARN


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """A user without settings."""
    names = ["DOCKER_HOST", "DOCKER_CONTEXT", *engine.SET_BACK, "BUILDX_CONFIG"]
    proxies = [n for p in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY") for n in (p, p.lower())]
    for name in (*names, *proxies, "KUBERC", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "docker").mkdir()
    (tmp_path / "bin").mkdir()
    return tmp_path


def program(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def told():
    return {f.name: f for check in settings.CHECKS.values() for f in check()}


def test_without_settings_one_line_says_so(monkeypatch, folder):
    monkeypatch.setattr(settings, "INOTIFY", folder / "none")
    assert told() == {}
    assert [f.state for f in settings.none_set([])] == [OK]


def test_podmans_shim(folder):
    shim = 'echo "Emulate Docker CLI using podman." >&2\nexec /usr/bin/podman "$@"'
    program(folder / "bin/docker", shim)
    found = told()["docker"]
    assert found.state == FAIL
    assert "Podman" in found.found
    with pytest.raises(EngineUnavailable, match="Podman"):
        engine.docker_cmd()
    (folder / "home/bin").mkdir(parents=True)
    own = program(folder / "home/bin/docker", "exit 0")
    assert told()["docker"].state == WARN
    assert engine.docker_cmd() == [str(own)]


def test_podman_by_another_name(folder):
    program(folder / "podman", "exit 0")
    (folder / "bin/docker").symlink_to(folder / "podman")
    assert told()["docker"].state == FAIL


def test_docker_itself_is_taken(folder):
    command = program(folder / "bin/docker", "exit 0")
    assert "docker" not in told()
    assert engine.docker_cmd() == [str(command)]


@pytest.mark.parametrize(("home", "is_told"), [(".cache/lab", True), ("lab", False)])
def test_snaps_docker_sees_no_hidden_folder(monkeypatch, folder, home, is_told):
    monkeypatch.setenv("LABKIT_HOME", str(folder / home))
    assert (engine.cli_trouble("/snap/bin/docker") is not None) is is_told


def test_a_helper_for_logins_that_is_gone(folder):
    file = folder / "docker/config.json"
    file.write_text(json.dumps({"credsStore": "desktop", "credHelpers": {"gcr.io": "gcloud"}}))
    program(folder / "bin/docker-credential-gcloud", "exit 0")
    found = told()["logins"]
    assert (found.state, str(file) in found.fix) == (WARN, True)
    assert "docker-credential-desktop" in found.found
    assert "gcloud" not in found.found


@pytest.mark.parametrize("content", ["no json", "[]", '{"credsStore": ""}'])
def test_settings_that_say_nothing(folder, content):
    (folder / "docker/config.json").write_text(content)
    assert "logins" not in told()


def test_another_builder(monkeypatch, folder):
    (folder / "docker/buildx").mkdir()
    (folder / "docker/buildx/current").write_text('{"Key":"unix:///x.sock","Name":"far","Global":false}')
    assert "far" in told()["builder"].found


@pytest.mark.parametrize("name", engine.SET_BACK)
def test_variables_that_would_change_what_programs_do(monkeypatch, name):
    monkeypatch.setenv(name, "something")
    assert f"unset {name}" in told()[name].fix
    assert engine.exports("unix:///x.sock")[name] == engine.SET_BACK[name]
    monkeypatch.setenv(name, engine.SET_BACK[name])
    assert name not in told()


def test_a_proxy_is_told_without_its_password(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://anna:secret@proxy.example:3128")
    assert told()["proxy"].found.startswith("HTTPS_PROXY=http://proxy.example:3128;")


def test_preferences_of_kubectl(monkeypatch, folder):
    (folder / ".kube").mkdir()
    (folder / ".kube/kuberc").touch()
    assert told()["kuberc"].wanted == "KUBERC=off"
    monkeypatch.setenv("KUBERC", "off")
    assert "kuberc" not in told()


def test_packages_of_other_programs(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/opt/ros/lib", ""]))
    assert told()["PYTHONPATH"].fix == "unset PYTHONPATH"
    assert machine.mend_packages() == "unset PYTHONPATH"


@pytest.mark.parametrize(("limit", "is_told"), [(24, True), (128, False)])
def test_a_low_limit_of_inotify(monkeypatch, folder, limit, is_told):
    (folder / "limit").write_text(f"{limit}\n")
    monkeypatch.setattr(settings, "INOTIFY", folder / "limit")
    assert ("inotify" in told()) is is_told
    if is_told:
        assert "sysctl -w" in told()["inotify"].fix


def test_plugins_that_are_missing(monkeypatch, folder):
    program(
        folder / "bin/docker",
        'if [ $1 = buildx ]; then echo "github.com/docker/buildx v0.13.1 x"; else exit 125; fi',
    )
    monkeypatch.setattr(machine.engines, "cli_env", lambda: dict(os.environ))
    buildx, compose = machine.plugins()
    assert (buildx.state, buildx.found) == (OK, "0.13.1")
    assert (compose.state, compose.found) == (FAIL, "no compose plugin")
    assert "docker-compose" in compose.fix


@pytest.mark.parametrize(("driver", "state"), [("overlay2", OK), ("vfs", WARN)])
def test_how_layers_are_stored_is_a_recorded_figure(driver, state):
    assert machine.storage_finding(driver).state == state
