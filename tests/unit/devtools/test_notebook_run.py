"""The notebook runner: orders, groups, and what is left behind."""

from __future__ import annotations

import os
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from labkit.devtools import leaks, notebook_run
from labkit.devtools.nbval_order import SEED


def test_a_new_object_is_a_leak_and_an_old_one_is_not():
    assert leaks.left({"volume a"}, {"volume a", "volume b"}) == ["volume b"]
    assert leaks.left({"volume a"}, {"volume a"}) == []
    assert leaks.left({"volume a"}, set()) == []


def test_a_namespace_stands_for_what_lies_in_it():
    after = {"Namespace x", "Pod x/a", "Secret x/b", "Pod y/c", "Pod xx/d"}
    assert leaks.left({"Namespace y"}, after) == ["Namespace x", "Pod xx/d", "Pod y/c"]


@pytest.mark.parametrize("leaked", [[], ["volume ch01-x"]])
def test_a_leak_fails_the_run(monkeypatch, capsys, tmp_path, leaked):
    seen = iter([set(), set(leaked)])
    monkeypatch.setattr(leaks, "snapshot", lambda: next(seen))
    monkeypatch.setattr(
        notebook_run.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0, stdout="")
    )
    assert notebook_run.nbval([tmp_path / "chapters/ch01_x.ipynb"]) == len(leaked)
    assert ("left behind by chapters/ch01_x: volume ch01-x" in capsys.readouterr().out) is bool(leaked)


def test_no_notebook_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr(notebook_run, "found", lambda exclusive: [])
    assert notebook_run.main([]) == notebook_run.NOTHING_COLLECTED


def test_what_a_killed_run_left_is_gone_before_the_first_notebook(monkeypatch, capsys, tmp_path):
    done = []
    there = [tmp_path / kind / "ch01_x.ipynb" for kind in ("chapters", "solutions")]
    monkeypatch.setattr(notebook_run, "found", lambda exclusive: [] if exclusive else there)
    monkeypatch.setattr(notebook_run.Lab, "reset", lambda stem: done.append(stem) or {"volumes": ["ch01-a"]})
    monkeypatch.setattr(notebook_run, "nbval", lambda *a: done.append("run") or 0)
    assert notebook_run.main([]) == 0
    assert done == ["ch01_x", "run"]
    assert "ch01_x: volumes of an earlier run: ch01-a" in capsys.readouterr().out


@pytest.mark.parametrize(("status", "kept"), [(0, ["ch01_x"]), (1, [])])
def test_what_a_chapter_costs_that_passes_alone_is_kept(monkeypatch, tmp_path, status, kept):
    class Sampler:
        memory, disk = 7, 5

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    seen = []
    monkeypatch.setattr(notebook_run.cost, "Sampler", Sampler)
    monkeypatch.setattr(notebook_run.cost, "digest", lambda stem: (3, "c0de"))
    monkeypatch.setattr(
        notebook_run.cost, "keep", lambda stem, one: seen.append((stem, one.memory_mib, one.cells))
    )
    monkeypatch.setattr(notebook_run, "nbval", lambda *a: status)
    for kind in ("chapters", "solutions"):
        assert notebook_run.alone(tmp_path / kind / "ch01_x.ipynb", True) == status
    assert seen == [(stem, 7, 3) for stem in kept]


@pytest.fixture
def books(tmp_path):
    """Three stems, two notebooks each, whose cells print their place."""
    for kind in ("chapters", "solutions"):
        (tmp_path / kind).mkdir()
        for stem in ("ch01_a", "ch02_b", "ch03_c"):
            cells = [new_code_cell(f"print({i})") for i in range(3)]
            for i, cell in enumerate(cells):
                cell.execution_count = i + 1
                cell.outputs = [new_output("stream", name="stdout", text=f"{i}\n")]
            nbformat.write(new_notebook(cells=cells), tmp_path / kind / f"{stem}.ipynb")
    return tmp_path


def collected(books, seed):
    """The node ids in the order in which pytest would run them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--nbval", "--nbval-current-env"]
    command += [*notebook_run.PLUGINS, "--rootdir", books, *sorted(books.rglob("*.ipynb"))]
    env = {**os.environ, SEED: seed}
    done = subprocess.run(command, cwd=books, env=env, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_a_seed_draws_the_order_and_cells_keep_theirs(books):
    first, again, other = collected(books, "1"), collected(books, "1"), collected(books, "2")
    assert first == again != other
    assert sorted(first) == sorted(other)
    assert len(first) == 18
    for order in (first, other):
        assert [line[-1] for line in order] == ["0", "1", "2"] * 6


def test_one_worker_has_all_notebooks_of_a_stem(books):
    """Which worker ran what is in the verbose output of xdist."""
    command = [sys.executable, "-m", "pytest", "-v", "--nbval", "--nbval-current-env", *notebook_run.PLUGINS]
    command += [*notebook_run.SIDE_BY_SIDE, "--rootdir", books, *sorted(books.rglob("*.ipynb"))]
    done = subprocess.run(command, cwd=books, capture_output=True, text=True)
    assert "18 passed" in done.stdout
    workers = {}
    for line in done.stdout.splitlines():
        if line.startswith("[gw") and "::ipynb::" in line:
            stem = next(s for s in ("ch01_a", "ch02_b", "ch03_c") if s in line)
            workers.setdefault(stem, set()).add(line.split("]")[0])
    assert {stem: len(found) for stem, found in workers.items()} == {"ch01_a": 1, "ch02_b": 1, "ch03_c": 1}
