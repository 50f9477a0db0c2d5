"""What a run of notebooks says while it goes on, and the seconds that it keeps."""

from __future__ import annotations

import json
import queue
import re

import nbformat
import pytest

from labkit.devtools import notebook_run, slowest
from labkit.devtools.nbval_progress import Progress, why

CELLS = [f"chapters/ch01_a.ipynb::ipynb::Cell {i}" for i in range(2)]
CELLS += ["solutions/ch01_a.ipynb::ipynb::Cell 0"]


def test_after_a_silence_it_says_what_runs_and_how_far_it_is():
    lines = queue.Queue()
    progress = Progress(lines.put, silence=0.2)
    progress.start(CELLS)
    progress.add(CELLS[0], "call", 1.0)
    progress.add(CELLS[0], "teardown", 0.5)
    said = [lines.get(timeout=10) for _ in range(2)]
    progress.end()
    assert said == ["running: chapters/ch01_a (1 of 2); 1 of 3 cells"] * 2


def test_a_notebook_that_has_ended_is_a_line():
    lines = []
    progress = Progress(lines.append)
    progress.start(CELLS)
    progress.start(CELLS)  # as each worker does
    for cell in CELLS[:2]:
        for when in ("setup", "call", "teardown"):
            progress.add(cell, when, 1.0)
    progress.end()
    assert lines == ["chapters/ch01_a: 2 cells, 6 s"]
    assert progress.times() == [{"notebook": "chapters/ch01_a", "cell": i, "seconds": 3.0} for i in range(2)]


def test_a_run_in_which_nothing_was_selected_says_nothing():
    lines = []
    progress = Progress(lines.append)
    progress.start([])
    progress.start([])  # as each worker does
    progress.end()
    assert lines == []
    assert progress.times() == []


@pytest.mark.parametrize("options", [[], notebook_run.SIDE_BY_SIDE], ids=["alone", "side by side"])
def test_a_run_names_its_notebooks_and_keeps_the_seconds_of_every_cell(nbval, tmp_path, options):
    done = nbval("-q", *options, times=tmp_path / "times.json")
    assert "chapters/ch02_b: 3 cells, " in done.stdout
    assert not re.search(r"^\.+ *(\[|$)", done.stdout, re.M), "dots"
    cells = json.loads((tmp_path / "times.json").read_text())
    assert len(cells) == 18
    assert all(cell["seconds"] >= 0 for cell in cells)
    assert {cell["cell"] for cell in cells} == {0, 1, 2}


@pytest.mark.parametrize("options", [[], notebook_run.SIDE_BY_SIDE], ids=["alone", "side by side"])
def test_a_long_cell_is_told_while_it_runs(nbval, books, options):
    path = books / "chapters/ch01_a.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells[1].source = "import time; time.sleep(2); print(1)"
    nbformat.write(notebook, path)
    done = nbval("-q", *options, "--silence=0.3")
    assert re.search(r"^running: .*chapters/ch01_a \(1 of 3\)", done.stdout, re.M), done.stdout


def test_the_first_failure_of_a_notebook_is_a_line_that_says_why(nbval, books):
    """Cells after it fail because of it; they would bury it."""
    wrong = books / "chapters/ch01_a.ipynb", books / "solutions/ch02_b.ipynb"
    for path, code in zip(wrong, ("print(7)", "assert 1 == 2, 'the Pod was lost'"), strict=True):
        notebook = nbformat.read(path, 4)
        notebook.cells[1].source = notebook.cells[2].source = code
        nbformat.write(notebook, path)
    log = nbval("-q").stdout
    assert "::Cell 1 - Notebook cell execution failed" in log  # in a pipe without colours
    failed = [line for line in log.splitlines() if re.match(r"FAILED \w+/\w+: ", line)]
    assert len(failed) == 2
    differs, error = sorted(failed)
    assert differs == "FAILED chapters/ch01_a: Cell 1: Cell outputs differ: - 7 / + 1"
    assert "Cell 1: Cell execution caused an exception" in error
    assert error.endswith("AssertionError: the Pod was lost")


def test_a_failure_without_a_comparison_is_its_headline():
    assert why("Notebook cell execution failed\nCell 4: Timeout\n\nInput:\nx") == "Cell 4: Timeout"
    assert why("the kernel is gone") == "the kernel is gone"


def test_the_slowest_cells_and_the_notebooks_seconds_are_printed_and_kept(
    books, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(notebook_run, "repo", lambda: books)
    monkeypatch.setattr(notebook_run.book, "repo", lambda: books)
    cells = [
        {"notebook": "chapters/ch01_a", "cell": i % 3, "seconds": float(i)} for i in range(slowest.COUNT + 2)
    ]
    cells.append({"notebook": "solutions/ch02_b", "cell": 1, "seconds": 99.5})
    notebook_run.report(cells, tmp_path)
    rows = json.loads((tmp_path / "reports/slowest/notebooks.json").read_text())
    assert len(rows) == slowest.COUNT
    assert rows[0] == {"seconds": 99.5, "what": "solutions/ch02_b: print(1)"}
    assert [row["seconds"] for row in rows[1:]] == sorted((row["seconds"] for row in rows[1:]), reverse=True)
    assert json.loads((tmp_path / "reports/notebooks.json").read_text())["chapters/ch01_a"] == 66.0
    assert "99.5  solutions/ch02_b: print(1)" in capsys.readouterr().out
