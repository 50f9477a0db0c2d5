"""What comes of a submission stands, whatever fails behind it; and what it made is found by the next run."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_notebook

from labkit.checks.model import Suite, check
from labkit.checks.result import FAIL, PASS, SKIP, Result
from labkit.core.errors import ClusterUnavailable, EngineUnavailable
from labkit.grading import engine_owner, grader
from labkit.grading.course_files import CourseFiles
from labkit.grading.engine_owner import Untidied, sweep_submissions
from labkit.grading.grader import Grader
from labkit.grading.submission import Submission
from labkit.lab.workspace import Workspace

STEM, RUN = "ch96_x", "abc123"


@check(task="do", points=2)
def one(lab):
    """One"""


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "home"))


@pytest.fixture
def graders(monkeypatch, tmp_path):
    """Makes graders of an exercise, whose submissions pass; and the workspace that they get."""
    workspace = Workspace.fresh(STEM, tmp_path / "workspace")

    def make(cluster=False, run=None, gives_back=nullcontext, verdict=PASS):
        @contextmanager
        def lend(judged):
            yield workspace
            with gives_back():
                pass

        suite = Suite(STEM, {"one": one}, cluster=cluster)
        monkeypatch.setattr(grader.loader, "load", lambda stem: suite)
        monkeypatch.setattr(grader.exercises, "generate", lambda stem: new_notebook())
        passed = {
            "results": [Result("one", "One", "do", 2, verdict).as_json()],
            "notes": [],
            "notebook": "{}",
        }
        made = Grader(STEM, 1, SimpleNamespace(run=run or (lambda *_: passed)))
        made.pool, made.untidied = SimpleNamespace(workspace=lend), Untidied(RUN)
        return made

    return make, workspace


def handed_in():
    return Submission("ada", Path("ada.ipynb"), STEM, new_notebook())


def away(*arguments, **options):
    raise EngineUnavailable("The Docker daemon went away.")


def test_verdicts_stand_when_the_engine_goes_away_behind_them(graders):
    made = graders[0](gives_back=away)
    record = made.grade(handed_in(), 60)
    assert (record.verdict, record.earned, record.run_again) == ("graded", 2, False)
    assert len(made.faults) == 1
    assert "ada: what it left could not be removed" in made.faults[0]


def test_verdicts_stand_when_the_cluster_goes_away_behind_them_and_what_is_left_is_kept(graders, monkeypatch):
    make, workspace = graders
    made = make(cluster=True)
    monkeypatch.setattr(grader, "Lab", away)
    record = made.grade(handed_in(), 60)
    assert (record.verdict, record.earned) == ("graded", 2)
    assert [p.name for p in made.untidied.folder.iterdir()] == [workspace.session]


def test_one_that_could_not_be_run_is_undecided(graders):
    made = graders[0](run=away)
    record = made.grade(handed_in(), 60)
    assert (record.verdict, record.undecided, made.faults) == ("error", 2, [])


def test_nothing_is_kept_of_one_that_was_tidied_up(graders, monkeypatch):
    made = graders[0](cluster=True)
    lab = SimpleNamespace(kube=None, close=lambda: None)
    monkeypatch.setattr(grader, "Lab", lambda *_, **__: lab)
    assert made.grade(handed_in(), 60).earned == 2
    assert list(made.untidied.folder.iterdir()) == []


# --- the course's own files


@pytest.fixture
def files(tmp_path):
    """A course's files."""
    (tmp_path / "checks" / STEM).mkdir(parents=True)
    for name in ("__init__.py", "do.py"):
        (tmp_path / "checks" / STEM / name).write_text("1")
    return tmp_path / "checks" / STEM


def test_files_that_were_changed_removed_or_added_are_found(files, tmp_path):
    course = CourseFiles(tmp_path)
    (files / "do.pyc").write_text("compiled")
    (tmp_path / "notes.txt").write_text("none of the parts that are read")
    assert course.changed() == []
    (files / "do.py").unlink()
    (files / "__init__.py").write_text("22")
    (files / "repair.py").write_text("3")
    assert course.changed() == [f"checks/{STEM}/{name}" for name in ("__init__.py", "do.py", "repair.py")]


@pytest.mark.parametrize(
    ("verdict", "comes_to"), [(PASS, "2 of 2"), (FAIL, "undecided"), (SKIP, "undecided")]
)
def test_files_of_the_course_that_another_one_removed_cost_nobody_points(
    graders, files, tmp_path, verdict, comes_to
):
    made = graders[0](verdict=verdict)
    made.course = CourseFiles(tmp_path)
    (files / "do.py").unlink()
    record = made.grade(handed_in(), 60)
    assert comes_to in record.total
    assert record.run_again is (verdict != PASS)


@pytest.fixture
def removed(monkeypatch):
    """The sessions and stems of which all is removed; and which of them cannot be."""
    done, stuck = [], set()

    def remove(api, labels, kube):
        if labels["labkit.session"] in stuck:
            raise ClusterUnavailable("The API server does not answer.")
        done.append((labels["labkit.session"], labels["labkit.stem"], labels["labkit.role"]))

    monkeypatch.setattr(engine_owner.cleanup, "remove", remove)
    monkeypatch.setattr(engine_owner, "docker_client", lambda labels: SimpleNamespace(close=lambda: None))
    return done, stuck


def test_what_a_dead_run_has_left_is_removed_and_what_cannot_be_is_tried_again(removed):
    done, stuck = removed
    stuck.add("00000b")
    for session in ("00000a", "00000b"):
        Untidied(RUN).begin(session, STEM)
    assert (sweep_submissions(), done) == (["00000b"], [("00000a", STEM, "exercise")])
    stuck.clear()
    assert (sweep_submissions(), done[1:]) == ([], [("00000b", STEM, "exercise")])
    assert (sweep_submissions(), list(engine_owner.folder().iterdir())) == ([], [])


def test_what_a_living_run_has_is_left_alone(removed, monkeypatch):
    Untidied(RUN).begin("00000a", STEM)
    with engine_owner.lock_of(RUN):
        assert sweep_submissions() == []
    Untidied("def456").begin("00000b", STEM)
    monkeypatch.setattr(engine_owner, "sessions", lambda: {"00000a"})
    assert sweep_submissions() == ["00000a"]
    assert removed[0] == [("00000b", STEM, "exercise")]
