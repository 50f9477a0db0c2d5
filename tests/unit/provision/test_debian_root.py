"""The course's own engine: what it refuses to do to a host, and what it repairs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.core import engine
from labkit.core.errors import CommandFailed, Unsupported
from labkit.provision import debian_root
from labkit.wait.until import until

UPGRADES = """\
Inst libc6 [2.36-9] (2.41-12 Debian:13.1/stable [amd64])
Remv old-package [1.0]
Inst mmdebstrap (1.3.5-7 Debian:12.1/oldstable [all])
Conf mmdebstrap (1.3.5-7 Debian:12.1/oldstable [all])
"""


@pytest.fixture(autouse=True)
def _own_places(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(engine, "own_folder", lambda: tmp_path / "run")
    (tmp_path / "run").mkdir()


def test_a_dry_run_finds_what_would_be_upgraded_or_removed(monkeypatch):
    monkeypatch.setattr(debian_root, "run", lambda *a, **k: UPGRADES)
    assert debian_root.apt_would_change(["mmdebstrap"]) == ["libc6", "old-package"]


def test_new_packages_alone_change_nothing(monkeypatch):
    monkeypatch.setattr(debian_root, "run", lambda *a, **k: UPGRADES.splitlines()[2])
    assert debian_root.apt_would_change(["mmdebstrap"]) == []


def test_nothing_is_installed_where_a_package_of_the_host_would_change(monkeypatch):
    called = []

    def run(argv, **_):
        called.append(argv)
        return UPGRADES

    monkeypatch.setattr(debian_root, "run", run)
    monkeypatch.setattr(
        debian_root.shutil, "which", lambda name: None if name == "mmdebstrap" else "/usr/bin/x"
    )
    with pytest.raises(Unsupported, match="would change"):
        debian_root.need_mmdebstrap()
    assert all("--simulate" in argv for argv in called)


def test_only_what_is_missing_is_asked_for(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(debian_root, "apt_would_change", lambda names: asked.append(names) or [])
    monkeypatch.setattr(debian_root, "run", lambda *a, **k: "")
    monkeypatch.setattr(debian_root, "KEYS", tmp_path / "none.gpg")
    monkeypatch.setattr(debian_root.shutil, "which", lambda name: "/usr/bin/" + name)
    debian_root.need_mmdebstrap()
    monkeypatch.setattr(debian_root, "KEYS", tmp_path)
    debian_root.need_mmdebstrap()
    assert asked == [["debian-archive-keyring"]]


def test_not_debian_says_what_to_install_with_exit_code_3(monkeypatch):
    monkeypatch.setattr(debian_root.shutil, "which", lambda name: None)
    with pytest.raises(Unsupported) as e:
        debian_root.need_mmdebstrap()
    assert e.value.exit_code == 3
    assert "docs.docker.com" in e.value.fix


def test_neither_root_nor_sudo(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(debian_root.shutil, "which", lambda name: None)
    with pytest.raises(Unsupported, match="needs root"):
        debian_root.sudo()


@pytest.mark.parametrize("content", ["", "no number", "999999999", "own"])
def test_a_stale_pid_file_is_no_daemon(content):
    # our own pid is alive, but it is no dockerd: a pid may be given to another process after a reboot
    (engine.own_folder() / "docker.pid").write_text(str(os.getpid()) if content == "own" else content)
    assert debian_root.pid() is None
    assert debian_root.stop() is False


def test_a_half_made_root_is_not_taken_for_a_whole_one(monkeypatch):
    debian_root.root().with_name("root.new").mkdir(parents=True)
    called = []
    monkeypatch.setattr(debian_root, "need_mmdebstrap", lambda: None)
    monkeypatch.setattr(debian_root, "make_clients", lambda: None)
    monkeypatch.setattr(debian_root, "run", lambda argv, **_: called.append([str(a) for a in argv]) or "")
    debian_root.make_root()
    words = [next(w for w in argv if w != "sudo") for argv in called]
    assert words == ["rm", "mmdebstrap", "mv"]


def test_a_failed_bootstrap_leaves_no_root(monkeypatch):
    def run(argv, **_):
        if "mmdebstrap" in argv:
            raise CommandFailed("no network")
        return ""

    monkeypatch.setattr(debian_root, "need_mmdebstrap", lambda: None)
    monkeypatch.setattr(debian_root, "run", run)
    with pytest.raises(CommandFailed):
        debian_root.make_root()
    assert not debian_root.root().exists()


@pytest.mark.parametrize(("folder", "ours"), [("own", True), ("/somewhere/else", False)])
def test_a_daemon_of_another_lab_is_not_ours(folder, ours):
    # found when `down --all` of a second lab stopped the first lab's engine
    data = str(debian_root.data()) if folder == "own" else folder
    waiting = "import sys; sys.stdin.read()"
    with subprocess.Popen(
        ["dockerd", "-c", waiting, data], executable=sys.executable, stdin=subprocess.PIPE
    ) as daemon:
        (engine.own_folder() / "docker.pid").write_text(str(daemon.pid))
        until(lambda: b"dockerd" in Path(f"/proc/{daemon.pid}/cmdline").read_bytes(), timeout=5)
        assert (debian_root.pid() == daemon.pid) is ours
