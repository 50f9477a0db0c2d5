"""Orphans and gaps among the files of a stem are found; a new chapter's skeleton is sound, and not done."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys

import pytest
from nbformat.v4 import new_output

from labkit import Usage
from labkit.book import notebooks, scaffold
from labkit.book.exercises import build
from labkit.book.ledger import Claim
from labkit.checks import loader, model
from labkit.lint import exercises
from labkit.lint.finding import Finding, Kind
from labkit.mutation import answers as proof
from labkit.mutation import changes, inputs, record
from labkit.mutation.jobs import GraderJob, PlantJob

STEM = "ch96_x"
UNTESTED = (
    f"tests/graders/record.json: the graders of {STEM} are not tested as they stand: labkit mutate {STEM}"
)
UNTURNED = (
    f"tests/claims/record.json: the proof of C96.1 is not tested as it stands: labkit mutate --planted {STEM}"
)
CHANGE = "C96.1:\n  change: it is not done\n  cell: do()\n  from: do()\n  to: pass\n"


def problems(root):
    """What is found in a course, one line each."""
    return [str(finding) for finding in exercises.problems(root)]


def answers():
    lines = ["from labkit.checks import right, wrong"]
    for name in ("one", "two", "three"):
        for kind, count in (("wrong", 4), ("right", 2)):
            lines += [
                f'@{kind}("{name}", "{kind} way {i}")\ndef {name}_{kind}_{i}(lab): pass' for i in range(count)
            ]
    return "\n".join(lines)


@pytest.fixture
def root(course, monkeypatch):
    """A course of one chapter, complete and proven."""
    for folder in ("chapters", f"tests/graders/{STEM}", "tests/claims", f"k8s/{STEM}", "k8s/cluster"):
        (course.root / folder).mkdir(parents=True)
    notebooks.write(notebooks.read(course.exercise), notebooks.path(STEM, "chapters", course.root))
    (course.root / f"tests/graders/{STEM}/__init__.py").write_text(answers())
    (course.root / f"tests/graders/{STEM}/messages.json").write_text("{}")
    (course.root / f"tests/claims/{STEM}.yml").write_text(CHANGE)
    claim = Claim.__new__(Claim)
    object.__setattr__(claim, "id", "C96.1")
    object.__setattr__(claim, "chapter", STEM)
    monkeypatch.setattr(changes, "claims", lambda: {"C96.1": claim})
    prove(course.root)
    return course.root


def prove(root):
    """Keeps the records of tests that passed as the stem stands."""
    course = inputs.Inputs(root)
    for job in (GraderJob(STEM), *(PlantJob(STEM, plant=p) for p in changes.plants(STEM, root))):
        entry = {"inputs": inputs.digest(job.depends_on(course)), "commit": "", "seconds": 1.0}
        entry |= {"tasks": [], "controls": {}} if isinstance(job, GraderJob) else {"change": "x"}
        job.entries.file(root).write_text(json.dumps({job.name: entry}))


def test_a_complete_stem_has_no_problems(root):
    assert problems(root) == []


def test_what_a_solution_cannot_print_again_is_found(root):
    path = notebooks.path(STEM, "solutions", root)
    notebook = notebooks.read(path)
    cell = next(c for c in notebook.cells if c.cell_type == "code")
    cell.outputs = [new_output("stream", text="<generator object f at 0x7fada2047880>\n")]
    notebooks.write(notebook, path)
    assert any("prints a raw id: at 0x7fada204788" in line for line in problems(root))


GONE = {
    f"solutions/{STEM}.ipynb": [
        f"exercises/{STEM}: there is no solution of this name: run labkit build",
        f"checks/{STEM}: there is no solution of this name",
        f"tests/graders/{STEM}: there is no solution of this name",
        f"chapters/{STEM}: it has no exercise: solutions/{STEM}.ipynb",
    ],
    f"chapters/{STEM}.ipynb": [
        f"solutions/{STEM}: there is no chapter of this name",
        f"tests/claims/{STEM}.yml: there is no chapter of this name",
        f"k8s/{STEM}: there is no chapter of this name",
    ],
    f"exercises/{STEM}.ipynb": [
        f"solutions/{STEM}: exercises/ is not what labkit build makes of solutions/: run labkit build"
    ],
    f"checks/{STEM}/__init__.py": [
        f"solutions/{STEM}: Usage: ch96_x has no checks. wanted: checks/ch96_x/__init__.py",
        UNTESTED,
    ],
    f"tests/graders/{STEM}/__init__.py": [
        f"solutions/{STEM}: No answers test the graders of ch96_x. wanted: tests/graders/ch96_x/__init__.py",
        UNTESTED,
    ],
    f"tests/claims/{STEM}.yml": [
        f"chapters/{STEM}: No planted change tests the proofs of ch96_x. wanted: tests/claims/ch96_x.yml"
    ],
    "tests/graders/record.json": [UNTESTED],
}


def test_a_proof_whose_record_is_gone_is_named(root):
    record.CLAIMS.file(root).unlink()
    assert problems(root) == [UNTURNED]


def test_a_record_older_than_its_inputs_is_a_breach(root):
    path = root / f"checks/{STEM}/__init__.py"
    path.write_text(path.read_text() + "\n# a comment\n")
    assert problems(root) == []
    path.write_text(path.read_text() + "\nIMAGES = ('redis:8',)\n")
    assert problems(root) == [UNTESTED]


@pytest.mark.parametrize("name", GONE)
def test_a_file_that_is_missing_is_named(root, name):
    (root / name).unlink()
    assert problems(root) == GONE[name]


CHANGED = {
    f"tests/graders/{STEM}/__init__.py": ("def one_wrong_3(lab)", "def one_wrong_2(lab)", "is defined twice"),
    f"tests/claims/{STEM}.yml": ("C96.1", "C96.2", "does not have one change for each claim"),
    f"checks/{STEM}/__init__.py": ("points=2", "points=3", "one: 2 points in the notebook, 3 in its check"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_a_file_that_does_not_fit_is_named(root, name):
    before, after, said = CHANGED[name]
    path = root / name
    path.write_text(path.read_text().replace(before, after))
    assert any(said in line for line in problems(root)), problems(root)


@pytest.mark.parametrize(
    "name", [f"checks/{STEM}/__init__.py", f"tests/graders/{STEM}/__init__.py", f"tests/claims/{STEM}.yml"]
)
def test_what_the_template_left_is_told(root, name):
    with (root / name).open("a") as f:
        f.write("\n# TO DO\n")
    assert f"{name}: it is still to be written" in problems(root)


@pytest.mark.parametrize("text", ["def", "import nothing_there", "raise SystemError"])
def test_a_file_of_answers_that_does_not_load_is_one_line(root, text):
    (root / f"tests/graders/{STEM}/__init__.py").write_text(text)
    lines = problems(root)
    assert len([line for line in lines if line.startswith(f"solutions/{STEM}")]) == 1
    assert all("\n" not in line for line in lines)


# --- the skeleton of a new stem

NEW = "ch18_some_words"
FILES = ("__init__", "do", "transfer", "repair")


@pytest.fixture
def made(tmp_path):
    (tmp_path / "chapters").mkdir()
    return tmp_path, scaffold.make(NEW, "Some words", tmp_path)


def test_a_new_stem_has_all_its_files(made):
    root, paths = made
    assert [str(p.relative_to(root)) for p in paths] == [
        f"chapters/{NEW}.ipynb",
        *(f"checks/{NEW}/{name}.py" for name in FILES),
        *(f"tests/graders/{NEW}/{name}.py" for name in FILES),
        f"tests/claims/{NEW}.yml",
        f"solutions/{NEW}.ipynb",
    ]
    suite = loader.load(NEW, root)
    assert [c.task for c in suite.checks.values()] == list(model.TASKS)
    assert exercises.graded_points(notebooks.read(paths[-1])) == {
        c.name: c.points for c in suite.checks.values()
    }
    for path in paths:
        if path.suffix == ".py":
            ast.parse(path.read_text())


def test_the_skeleton_keeps_the_rules_of_code(made):
    root = made[0]
    ruff = [sys.executable, "-m", "ruff"]
    shutil.copy(notebooks.repo() / "pyproject.toml", root)
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [*ruff, *command, "checks", "tests", "solutions"], cwd=root, capture_output=True
        )
        assert done.returncode == 0, done.stdout.decode()


def test_the_skeleton_does_not_count_as_done(made, monkeypatch):
    root = made[0]
    monkeypatch.setattr(changes, "claims", dict)
    said = problems(root)
    files = [f"{folder}/{NEW}/{name}.py" for folder in ("checks", "tests/graders") for name in FILES]
    for name in (*files, f"tests/claims/{NEW}.yml"):
        assert f"{name}: it is still to be written" in said
    for part in (
        f"solutions/{NEW}: Usage: solutions/{NEW} is still to be written.",
        f"solutions/{NEW}: not executed",
        f"The check made of {NEW} has no wrong answer.",
        "are not tested as they stand",
    ):
        assert any(part in line for line in said), said
    with pytest.raises(Usage, match="still to be written"):
        build(root)
    assert notebooks.stems("exercises", root) == []
    with pytest.raises(Usage, match="no wrong answer"):
        proof.answers(loader.load(NEW, root), root)


def test_its_checks_earn_nothing(made, lab):
    from labkit.checks.evaluation import Evaluation

    suite = loader.load(NEW, made[0])
    lab.workspace.note("scenes", "broken", True)
    results = Evaluation(suite, lab).run_all()
    assert {r.verdict for r in results} == {"error"}


def test_files_that_are_there_are_left_alone(tmp_path):
    (tmp_path / f"checks/{NEW}").mkdir(parents=True)
    (tmp_path / "chapters").mkdir()
    (tmp_path / f"checks/{NEW}/do.py").write_text("mine")
    paths = scaffold.make(NEW, "Some words", tmp_path)
    assert tmp_path / f"checks/{NEW}/do.py" not in paths
    assert (tmp_path / f"checks/{NEW}/do.py").read_text() == "mine"


def test_an_exercise_that_is_still_to_be_made_is_no_breach(root):
    name = f"solutions/{STEM}.ipynb"
    (root / name).unlink()
    still_open = [str(finding) for finding in exercises.problems(root) if finding.is_open]
    assert still_open == GONE[name][-1:]


def test_a_record_that_is_out_of_date_is_a_breach(root):
    (root / "tests/graders/record.json").unlink()
    assert [(str(f), f.is_open) for f in exercises.problems(root)] == [(UNTESTED, False)]


def test_lint_asks_for_exercises_too(monkeypatch):
    from click.testing import CliRunner

    from labkit.cli import lint
    from labkit.lint import chapters

    orphan = Finding("exercises/ch96_x", "an orphan")
    unproven = Finding("record", "whatever its words", Kind.OPEN)
    monkeypatch.setattr(lint.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0))
    monkeypatch.setattr(chapters, "problems", list)
    monkeypatch.setattr(exercises, "problems", lambda: [unproven, orphan])
    done = CliRunner().invoke(lint.command)
    printed = "open: record: whatever its words\nexercises/ch96_x: an orphan\n"
    assert (done.exit_code, done.output) == (1, printed)
    for findings in ([], [unproven]):
        monkeypatch.setattr(exercises, "problems", lambda findings=findings: findings)
        assert CliRunner().invoke(lint.command).exit_code == 0
