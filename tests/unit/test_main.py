"""The first file that runs on a bare machine."""

from __future__ import annotations

import builtins
import importlib.util
import os
import re
import subprocess
import sys
import threading

import pytest

from labkit.core.paths import repo

spec = importlib.util.spec_from_file_location("bootstrap", repo() / "src/labkit/__main__.py")
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)


def test_it_needs_only_the_standard_library():
    code = f"import runpy; runpy.run_path({str(repo() / 'src/labkit/__main__.py')!r}, run_name='x')"
    subprocess.run([sys.executable, "-S", "-I", "-c", code], check=True)


def test_the_pin_of_one_package_comes_with_its_hashes():
    lines = bootstrap.locked("uv").splitlines()
    assert lines[0].startswith("uv==")
    assert all("--hash=sha256:" in line for line in lines[1:])
    assert len(lines) > 1


def test_a_package_whose_name_begins_alike_is_not_taken():
    assert not any(line.startswith("click-") for line in bootstrap.locked("click").splitlines())


def test_the_stamp_changes_with_the_lock(monkeypatch, tmp_path):
    before = bootstrap.stamp()
    other = tmp_path / "requirements.txt"
    other.write_bytes(bootstrap.LOCK.read_bytes() + b"\n")
    monkeypatch.setattr(bootstrap, "LOCK", other)
    assert bootstrap.stamp() != before


def test_every_requirement_is_locked():
    lock = (repo() / "requirements.txt").read_text()
    for line in (repo() / "requirements.in").read_text().splitlines():
        name = re.split("[=<#]", line)[0].strip().replace("_", "-")
        if name:
            assert f"\n{name.lower()}==" in f"\n{lock.lower()}"


def test_a_python_without_venv_gets_a_clear_message(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "venv")
    broken = subprocess.CompletedProcess([], 1, "", "No module named ensurepip")
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *a, **k: broken)
    with pytest.raises(SystemExit) as e:
        bootstrap.make_venv()
    assert e.value.code == 3
    printed = capsys.readouterr()
    assert "python3-venv" in printed.err
    assert printed.out == ""  # `eval "$(labkit env)"` would run what stands there


def test_an_installation_that_takes_long_says_how_far_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "EVERY", 0.01)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    (tmp_path / "lib/python3/site-packages/click.dist-info").mkdir(parents=True)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setattr(builtins, "print", lambda text, **_: told.set() or lines.append(text))
    lines, told = [], threading.Event()

    def end_it():
        told.wait(60)
        pipe.write_text("enough")

    threading.Thread(target=end_it, daemon=True).start()
    bootstrap.install([sys.executable, "-c", f"open({str(pipe)!r}).read()"], dict(os.environ))
    assert re.match(r"Python environment: \d+ s, 1 of \d+ packages installed", lines[0])


def test_an_installation_that_fails_is_told():
    with pytest.raises(subprocess.CalledProcessError):
        bootstrap.install([sys.executable, "-c", "raise SystemExit(2)"], dict(os.environ))
