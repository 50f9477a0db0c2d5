"""The plugin for logs: whole lines, each failure at once and in full, the slowest tests kept."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from labkit.devtools import slowest

TESTS = """
import pytest

def test_good():
    pass

def test_bad():
    assert {"wanted": 1} == {"wanted": 2}

@pytest.fixture
def broken():
    raise OSError("no engine")

def test_without_a_fixture(broken):
    pass

def test_last():
    pass
"""


@pytest.fixture(params=[(), ("-n1",)], ids=["in one process", "by xdist"], scope="module")
def log(request, tmp_path_factory):
    """What a run of the tests above prints, and the file of the slowest."""
    tmp_path = tmp_path_factory.mktemp("log")
    (tmp_path / "test_some.py").write_text(TESTS)
    options = ["-q", "-p", "labkit.devtools.pytest_log", "--slowest", "slowest.json", "-c", "/dev/null"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", ".", *request.param, "test_some.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout, tmp_path / "slowest.json"


def test_each_failure_is_told_at_once_and_in_full(log):
    text = log[0][: log[0].index("= FAILURES =")] if "= FAILURES =" in log[0] else log[0]
    assert "FAILED test_some.py::test_bad (call, " in text
    assert "assert {'wanted': 1} == {'wanted': 2}" in text
    assert "FAILED test_some.py::test_without_a_fixture (setup, " in text
    assert "OSError: no engine" in text


def test_there_are_no_dots_and_pytests_own_last_line(log):
    lines = log[0].splitlines()
    assert [line for line in lines if re.match(r"[.FE]+( +\[ *\d+%\])?$", line)] == []
    assert lines[-1].startswith("1 failed, 2 passed, 1 error in ")


def test_the_slowest_are_kept(log):
    names = {slow.what for slow in slowest.read(log[1])}
    assert names == {f"test_some.py::test_{n}" for n in ("good", "bad", "without_a_fixture", "last")}
