"""Controls of graders: what counts as wrong where nothing was done, and where the lab is at fault."""

from __future__ import annotations

import pytest

from labkit.checks.result import ERROR, FAIL, PASS, SKIP, Result
from labkit.lab.workspace import Workspace
from labkit.mutation import controls
from labkit.mutation.controls import no_blame, nothing


def results(*verdicts):
    return [Result(f"c{i}", "It is so", "do", 1, v, f"m{i}") for i, v in enumerate(verdicts)]


@pytest.mark.parametrize(
    ("verdicts", "wrong"),
    [
        ((FAIL, SKIP, FAIL), None),
        ((FAIL, PASS), "c1: pass m1"),
        ((ERROR, FAIL), "c0: error m0"),
        ((PASS, ERROR), "c0: pass m0; c1: error m1"),
    ],
)
def test_where_nothing_was_done_no_check_passes_and_none_breaks(verdicts, wrong):
    assert nothing(results(*verdicts)) == wrong


@pytest.mark.parametrize(
    ("verdicts", "wrong"),
    [
        ((ERROR, ERROR), None),
        ((ERROR, SKIP), None),
        ((ERROR, FAIL), "c1: fail m1"),
        ((ERROR, PASS), "c1: pass m1"),
        ((SKIP, SKIP), "no check says error"),
        ((), "no check says error"),
    ],
)
def test_where_the_lab_is_at_fault_nobody_is_blamed(verdicts, wrong):
    assert no_blame(results(*verdicts)) == wrong


@pytest.fixture
def workspace(monkeypatch, tmp_path):
    monkeypatch.setattr(Workspace, "env", lambda self: {"LABKIT_TEST": "here"})
    monkeypatch.setattr(controls.notebooks, "path", lambda stem, kind: tmp_path / "x.ipynb")
    return Workspace.fresh("ch96_x", tmp_path / "workspace")


SUITE = type("Suite", (), {"stem": "ch96_x", "checks": {"one": None, "two": None}})


@pytest.fixture
def ran(monkeypatch, course, workspace):
    """Runs a solution of these cells in a kernel of its own."""
    from nbformat.v4 import new_code_cell, new_notebook

    def run(*sources, tags=()):
        cells = [new_code_cell(s, metadata={"tags": list(tags)}) for s in sources]
        monkeypatch.setattr(controls.notebooks, "read", lambda path: new_notebook(cells=cells))
        return controls.solution(SUITE, workspace)

    return run


def test_a_solution_that_ran_and_passed(ran, workspace):
    for name in SUITE.checks:
        workspace.note("results", name, {"verdict": PASS})
    assert ran("import os\nassert os.environ['LABKIT_TEST'] == 'here' and os.environ['PATH']") is None


def test_a_solution_whose_checks_did_not_all_pass(ran, workspace):
    workspace.note("results", "one", {"verdict": PASS})
    workspace.note("results", "two", {"verdict": FAIL})
    assert ran("1") == "no pass: two"


def test_a_solution_that_fails_or_dies_is_told(ran):
    assert "ZeroDivisionError" in ran("1 / 0")
    assert ran("import os\nos._exit(3)").startswith("the solution failed: ")


def test_the_authors_own_cells_are_left_out(ran):
    assert ran("1 / 0", tags=["solution-only"]) == "no pass: one, two"
