"""The test run itself: nothing collected is a failure, and a failure is not the end of it."""

from __future__ import annotations

from labkit.devtools import notebook_run, suites
from labkit.devtools.suites import Suite


def test_a_suite_that_collects_nothing_fails(monkeypatch, tmp_path, capsys):
    empty = Suite("empty", ("-m", "pytest", "-q", str(tmp_path)), docker=False)
    good = Suite("good", ("-c", "pass"), docker=False)
    monkeypatch.setattr(suites, "SUITES", (empty, good))
    assert suites.run_all(fast=True) == 1
    said = capsys.readouterr().out
    assert "collected nothing" in said
    assert "1 passed, 1 failed" in said


def test_all_good_is_0(monkeypatch, capsys):
    monkeypatch.setattr(suites, "SUITES", (Suite("good", ("-c", "pass"), docker=False),))
    assert suites.run_all(fast=True) == 0
    assert "1 passed, 0 failed" in capsys.readouterr().out


def test_fast_leaves_out_what_needs_docker(monkeypatch, capsys):
    fails = Suite("lab", ("-c", "raise SystemExit(1)"))
    monkeypatch.setattr(suites, "SUITES", (fails, Suite("good", ("-c", "pass"), docker=False)))
    assert suites.run_all(fast=True) == 0
    assert "1 passed, 0 failed" in capsys.readouterr().out


def test_nothing_to_run_is_a_failure(monkeypatch):
    monkeypatch.setattr(suites, "SUITES", ())
    assert suites.run_all(fast=True) == 1


def test_no_notebook_is_a_failure(monkeypatch):
    monkeypatch.setattr(notebook_run, "found", lambda exclusive: [])
    assert notebook_run.main([]) == notebook_run.NOTHING_COLLECTED


def test_every_suite_is_there():
    assert [s.name for s in suites.SUITES] == [
        "lint",
        "unit",
        "lab",
        "notebooks",
        "console blocks and ledger",
        "graders",
        "planted changes",
        "grading",
        "site",
        "learn",
        "faults",
    ]
