"""The test run itself: nothing collected is a failure, and a failure is not the end of it."""

from __future__ import annotations

from labkit import notebooks, suites
from labkit.suites import Suite


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
    monkeypatch.setattr(notebooks, "found", lambda exclusive: [])
    assert notebooks.main([]) == notebooks.NOTHING_COLLECTED


def test_two_run_side_by_side_and_each_prints_in_one_piece(monkeypatch, capfd, tmp_path):
    meet = "import pathlib, sys, time\nprint('begin', sys.argv[1], flush=True)\n"
    meet += (
        "mine, other = (pathlib.Path(sys.argv[2]) / n for n in (sys.argv[1], sys.argv[3]))\nmine.touch()\n"
    )
    meet += "end = time.time() + 20\nwhile not other.exists() and time.time() < end: pass\n"
    meet += "print('end', sys.argv[1])\nraise SystemExit(not other.exists())"
    pair = [Suite(a, ("-c", meet, a, str(tmp_path), b), docker=False, beside=True) for a, b in ("xy", "yx")]
    monkeypatch.setattr(suites, "SUITES", (*pair, Suite("z", ("-c", "print('z')"), docker=False)))
    assert suites.run_all(fast=True) == 0
    said = [line for line in capfd.readouterr().out.splitlines() if line.startswith(("begin", "end", "z"))]
    assert sorted(said[:2]) in (["begin x", "end x"], ["begin y", "end y"])
    assert said[4] == "z"


def test_every_suite_is_there():
    assert {s.name for s in suites.SUITES} == {
        "lint",
        "unit",
        "lab",
        "notebooks",
        "console blocks and ledger",
        "graders",
        "planted changes",
        "grading",
        "site",
        "faults",
    }
