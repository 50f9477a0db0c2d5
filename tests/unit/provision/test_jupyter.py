"""The command `labkit` works from any folder, with this very Python."""

from __future__ import annotations

import os
import subprocess

from labkit.provision import jupyter


def test_the_command_works_anywhere_and_is_written_once(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "a home"))
    path = jupyter.ensure()
    env = {"PATH": f"{path.parent}{os.pathsep}{os.defpath}"}
    done = subprocess.run(["labkit", "reset", "--help"], cwd="/", env=env, capture_output=True, text=True)
    assert done.stdout.startswith("Usage: labkit reset ")
    written = path.stat().st_mtime_ns
    assert jupyter.ensure().stat().st_mtime_ns == written
    monkeypatch.setattr(jupyter.sys, "executable", "/elsewhere/python")
    assert "/elsewhere/python" in jupyter.ensure().read_text()


def test_a_browser_is_led_to_an_address_whatever_the_users_jupyter_says(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
    monkeypatch.setattr(jupyter.up, "bring_up", lambda *_: None)
    monkeypatch.setattr(jupyter.site, "build", lambda: tmp_path)
    monkeypatch.setattr(jupyter, "settings", lambda: None)
    monkeypatch.setattr(jupyter, "exports", lambda: {"DOCKER_HOST": "unix:///x.sock"})
    became = []
    monkeypatch.setattr(jupyter.os, "execve", lambda *words: became.append(words))
    jupyter.learn(None, browser=True, port=8888)
    ((_, command, env),) = became
    assert "--ServerApp.use_redirect_file=False" in command
    assert env["JUPYTER_CONFIG_DIR"] == str(tmp_path / "jupyter")
    assert env["DOCKER_HOST"] == "unix:///x.sock"
