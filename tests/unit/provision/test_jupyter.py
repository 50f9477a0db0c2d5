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
