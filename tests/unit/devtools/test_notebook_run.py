"""The notebook runner: orders, groups, and what is left behind."""

from __future__ import annotations

import re
import subprocess

import pytest
from nbval.plugin import get_sanitize_patterns

from labkit.core.paths import repo
from labkit.devtools import by_stem, leaks, notebook_run
from labkit.devtools.notebook_run import Outcome


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
    assert notebook_run.nbval([tmp_path / "chapters/ch01_x.ipynb"]).status == len(leaked)
    assert ("left behind by chapters/ch01_x: volume ch01-x" in capsys.readouterr().out) is bool(leaked)


def test_what_many_notebooks_left_is_one_line(monkeypatch, capsys, tmp_path):
    seen = iter([set(), {"volume b", "volume a"}])
    monkeypatch.setattr(leaks, "snapshot", lambda: next(seen))
    monkeypatch.setattr(
        notebook_run.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0, stdout="")
    )
    assert notebook_run.nbval([tmp_path / "chapters/ch01_x.ipynb", tmp_path / "chapters/ch02_x.ipynb"]).status
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("left behind by")]
    assert said == ["left behind by one of 2 notebooks that ran side by side: volume a, volume b"]


@pytest.mark.parametrize(
    ("status", "options", "wanted"),
    [(5, [], 5), (5, ["-k", "ch02"], 0), (5, ["-kch02"], 0), (1, ["-k", "x"], 1)],
)
def test_notebooks_that_were_not_chosen_are_no_failure(monkeypatch, tmp_path, status, options, wanted):
    monkeypatch.setattr(leaks, "snapshot", set)
    monkeypatch.setattr(
        notebook_run.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, status, stdout="")
    )
    assert notebook_run.nbval([tmp_path / "chapters/ch01_x.ipynb"], *options).status == wanted


def test_no_notebook_is_a_failure(monkeypatch, capsys):
    monkeypatch.setattr(notebook_run, "found", lambda exclusive: [])
    assert notebook_run.main([]) == notebook_run.NOTHING_COLLECTED


def test_a_choice_that_fits_no_cell_is_a_failure(monkeypatch, tmp_path):
    there = [tmp_path / "chapters/ch01_x.ipynb"]
    monkeypatch.setattr(notebook_run, "found", lambda exclusive: there if exclusive else [])
    monkeypatch.setattr(notebook_run.Lab, "reset", lambda stem: {})
    monkeypatch.setattr(notebook_run, "nbval", lambda *a: Outcome())
    monkeypatch.setattr(notebook_run, "report", lambda cells, root: None)
    assert notebook_run.main(["-k", "ch99"]) == notebook_run.NOTHING_COLLECTED


def test_what_a_killed_run_left_is_gone_before_the_first_notebook(monkeypatch, capsys, tmp_path):
    done = []
    there = [tmp_path / kind / "ch01_x.ipynb" for kind in ("chapters", "solutions")]
    monkeypatch.setattr(notebook_run, "found", lambda exclusive: [] if exclusive else there)
    monkeypatch.setattr(notebook_run.Lab, "reset", lambda stem: done.append(stem) or {"volumes": ["ch01-a"]})
    ran = Outcome(cells=[{"notebook": "chapters/ch01_x", "cell": 0, "seconds": 1.0}])
    monkeypatch.setattr(notebook_run, "nbval", lambda *a: done.append("run") or ran)
    monkeypatch.setattr(notebook_run, "report", lambda cells, root: None)
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
    monkeypatch.setattr(notebook_run.cost, "measured", lambda stem: (3, "c0de"))
    monkeypatch.setattr(
        notebook_run.cost, "keep", lambda stem, one: seen.append((stem, one.memory_mib, one.cells))
    )
    monkeypatch.setattr(notebook_run, "nbval", lambda *a: Outcome(status))
    for kind in ("chapters", "solutions"):
        assert notebook_run.alone(tmp_path / kind / "ch01_x.ipynb", True).status == status
    assert seen == [(stem, 7, 3) for stem in kept]


def order(books, seed, seconds=()):
    """The notebooks of all three stems in the order of a seed, as ``kind/stem``."""
    paths = notebook_run.ordered(books.rglob("*.ipynb"), dict(seconds), seed)
    return [f"{path.parent.name}/{path.stem}" for path in paths]


def test_a_seed_draws_the_order_and_a_stem_stays_together(books):
    assert order(books, "1") == order(books, "1")
    orders = [order(books, str(seed)) for seed in range(10)]
    assert len({tuple(one) for one in orders}) > 1
    assert {one[0].split("/")[0] for one in orders} == {"chapters", "solutions"}
    for one in orders:
        assert sorted(one) == sorted(orders[0])
        assert [name.split("/")[1] for name in one[::2]] == [name.split("/")[1] for name in one[1::2]]


def test_the_longest_stem_begins_first(books):
    for seed in range(10):
        stems = [name.split("/")[1] for name in order(books, str(seed), {"ch02_b": 90, "ch03_c": 20}.items())]
        assert stems[::2] == ["ch02_b", "ch03_c", "ch01_a"]


def test_a_solution_alone_counts_half_of_its_chapter(books):
    (books / "chapters/ch02_b.ipynb").unlink()  # it runs alone
    stems = [
        name.split("/")[1] for name in order(books, "1", {"ch02_b": 90, "ch03_c": 20, "ch01_a": 40}.items())
    ]
    assert list(dict.fromkeys(stems)) == ["ch01_a", "ch02_b", "ch03_c"]


def test_notebooks_run_in_the_order_of_the_command_line(books, nbval):
    done = nbval("--collect-only", "-q")
    lines = [line for line in done.stdout.splitlines() if "::" in line]
    names = list(dict.fromkeys(line.partition("::")[0] for line in lines))
    wanted = sorted(books.rglob("*.ipynb"), reverse=True)
    assert names == [str(path.relative_to(books)) for path in wanted]
    assert [line[-1] for line in lines] == ["0", "1", "2"] * 6


def test_one_worker_has_all_notebooks_of_a_stem(nbval):
    """Which worker ran what is in the verbose output of xdist."""
    done = nbval("-v", *notebook_run.SIDE_BY_SIDE)
    assert "18 passed" in done.stdout
    workers = {}
    for line in done.stdout.splitlines():
        if line.startswith("[gw") and "::ipynb::" in line:
            stem = next(s for s in ("ch01_a", "ch02_b", "ch03_c") if s in line)
            workers.setdefault(stem, set()).add(line.split("]")[0])
    assert {stem: len(found) for stem, found in workers.items()} == {"ch01_a": 1, "ch02_b": 1, "ch03_c": 1}


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("chapters/ch01_a.ipynb::ipynb::Cell 3", "ch01_a"),
        ("tests/notebooks/test_console_blocks.py::test_block[ch02_b-11]", "ch02_b"),
        ("tests/notebooks/test_ledger.py::test_all", "tests/notebooks/test_ledger.py::test_all"),
    ],
)
def test_a_test_goes_to_the_worker_of_the_stem_that_its_id_names(nodeid, scope):
    assert by_stem.ByStem._split_scope(None, nodeid) == scope


def test_nbval_takes_every_rule_of_what_may_differ():
    """It leaves out what it does not read as a rule, without a word."""
    text = (repo() / "tests/notebooks/sanitize.cfg").read_text(encoding="utf-8")
    names = re.findall(r"^\[(.+)\]$", text, re.M)
    assert len(get_sanitize_patterns(text)) == len(names) > 0
