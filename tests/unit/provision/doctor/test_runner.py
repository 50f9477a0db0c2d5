"""Findings: each fault that can only be recorded, and the doctor's own failures."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner

from labkit.provision.doctor import cluster, finding, machine, runner
from labkit.provision.doctor.finding import FAIL, OK, SKIPPED, WARN, Finding

GIB = 2**30


def test_a_finding_without_fault_has_no_fix():
    assert finding.finding("disk", True, "9", "8", "buy one").fix == ""


def test_a_check_that_breaks_is_a_finding():
    def broken():
        raise RuntimeError("boom")
        yield

    (found,) = runner.guarded("disk", broken)
    assert (found.state, found.found) == (FAIL, "RuntimeError: boom")


@pytest.mark.parametrize(("free", "state"), [(50, OK), (5, WARN), (1, FAIL)])
def test_disk(free, state):
    assert machine.disk_finding(free * GIB).state == state


@pytest.mark.parametrize(("total", "state"), [(16, OK), (4, WARN), (2, FAIL)])
def test_memory_is_a_recorded_figure(total, state):  # cannot be injected: no engine here has so little
    assert machine.memory_finding(total * GIB).state == state


@pytest.mark.parametrize(("version", "state"), [("2", OK), ("1", WARN)])
def test_cgroup_version_is_a_recorded_figure(version, state):  # cannot be injected: the kernel's own
    assert machine.cgroup_finding(version).state == state


@pytest.mark.parametrize(("api", "state"), [("1.45", OK), ("1.43", OK), ("1.41", FAIL), ("1.9", FAIL)])
def test_old_engines_are_recorded_figures(api, state):
    (found,) = machine.engine_version({"Version": "x", "ApiVersion": api})
    assert found.state == state


@pytest.mark.parametrize(
    ("version", "state"), [((3, 9), FAIL), ((3, 10), FAIL), ((3, 11), OK), ((3, 14), OK), ((3, 15), WARN)]
)
def test_a_python_that_is_not_tested_is_found_and_only_an_old_one_fails(version, state):
    found = next(machine.python(version))
    assert (found.state, found.wanted) == (state, "3.11 to 3.14")


def test_a_package_that_is_not_the_locked_one_is_named(tmp_path):
    lock = tmp_path / "requirements.txt"
    lock.write_text("click==0.0.1 \\\n    --hash=sha256:00\n")
    packages = list(machine.python(lock=lock))[1]
    assert packages.state == FAIL
    assert "click" in packages.found
    assert "0.0.1" in packages.found


def test_the_environment_of_this_run_is_the_locked_one():
    found = list(machine.python())
    assert [f.state for f in found] == [OK, OK], found


def test_a_second_copy_later_on_the_path_is_not_the_one_that_runs(monkeypatch, tmp_path):
    metadata = tmp_path / "click-0.0.1.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: click\nVersion: 0.0.1\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])  # setuptools appends its own copies so
    assert [f.state for f in machine.python()] == [OK, OK]


def test_a_ca_bundle_that_is_gone_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_CERT", str(tmp_path / "gone.pem"))
    (found,) = machine.ca()
    assert found.state == FAIL
    assert "gone.pem" in found.found


def test_no_ca_bundle_is_fine(monkeypatch):
    for name in machine.CA_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert [f.state for f in machine.ca()] == [OK]


def test_a_mirror_that_does_not_answer_is_found(monkeypatch):
    monkeypatch.setenv("LABKIT_MIRROR", "127.0.0.1:1/hub")
    (found,) = cluster.mirror()
    assert found.state == FAIL


def test_without_an_engine_the_rest_is_skipped_and_the_exit_code_is_1(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    found = runner.examine()
    states = {f.name: f.state for f in found}
    assert states["engine"] == FAIL
    assert states["cluster"] == SKIPPED
    assert runner.exit_code(found) == 1


def test_warnings_do_not_fail():
    assert runner.exit_code([Finding("a", WARN, "", ""), Finding("b", OK, "", "")]) == 0


def test_json(monkeypatch):
    from labkit.cli import doctor as verb

    monkeypatch.setattr(runner, "examine", lambda only: [Finding("disk", FAIL, "1", "2", "prune")])
    result = CliRunner().invoke(verb.command, ["--json"])
    assert result.exit_code == 1
    assert json.loads(result.output) == [
        {"name": "disk", "state": "fail", "found": "1", "wanted": "2", "fix": "prune"}
    ]


def test_a_line_says_found_wanted_and_fix(monkeypatch):
    from labkit.cli import doctor as verb

    monkeypatch.setattr(runner, "examine", lambda only: [Finding("disk", FAIL, "1 GiB", "12 GiB", "prune")])
    said = " ".join(CliRunner().invoke(verb.command).output.split())
    assert said == "fail disk 1 GiB (wanted: 12 GiB) → prune"


def test_what_was_found_is_told_as_it_is(monkeypatch):
    from labkit.cli import doctor as verb

    monkeypatch.setattr(runner, "examine", lambda only: [Finding("user", OK, "root:x:0 [bold]", "", "")])
    assert "root:x:0 [bold]" in CliRunner().invoke(verb.command).output
