"""What a learner calls in a notebook, without Docker: state, hints, one line for what did not pass."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace

import pytest
import requests

from labkit import Missing, Usage
from labkit.checks import loader
from labkit.checks.evaluation import Evaluation
from labkit.checks.model import Suite, check, scene
from labkit.checks.result import ERROR, FAIL, PASS, SKIP
from labkit.lab.lab import Lab
from labkit.lab.workspace import Workspace
from labkit.learner import exercise
from labkit.learner.exercise import NotYet, answer, begin, hint, progress, start

STEM = "ch96_x"


class World:
    """What is so: a check looks here."""

    def __init__(self):
        self.raises = Missing("There is no web.")
        self.stage = None


@scene(lambda random: {"word": random.choice("abcdefgh")})
def stage(lab, facts):
    """a stage"""
    if facts is not None and lab.world.stage is not None:
        raise lab.world.stage


@check(task="do", points=2, hints=("far", "near"))
def web(lab):
    """There is a web"""
    if lab.world.raises:
        raise lab.world.raises


@check(task="transfer", points=3, needs=web)
def more(lab):
    """There is more"""


@check(task="repair", points=1)
def handed(answer):
    """It is handed in"""


class Pinged:
    """An engine that is well."""

    def ping(self):
        return True


@pytest.fixture
def lab(monkeypatch, tmp_path):
    made = Lab.__new__(Lab)
    made.stem, made.role, made._workspace, made.world = (
        STEM,
        "exercise",
        Workspace.fresh(STEM, tmp_path),
        World(),
    )
    made.docker, made.scenes = Pinged(), []

    @contextmanager
    def noted(name):
        made.scenes.append(name)
        yield

    made.scene = noted
    known = Suite(STEM, {c.name: c for c in (web, more, handed)}, {"stage": stage})
    monkeypatch.setattr(Lab, "_open", {STEM: made})
    monkeypatch.setattr(loader, "load", lambda stem: known)
    monkeypatch.setattr(
        exercise, "Runner", Evaluation
    )  # here, and not in a process: the world is in this one
    monkeypatch.setattr(exercise, "shared_server", lambda: None)
    monkeypatch.setattr(Workspace, "env", lambda self: {})
    return made


def checked(name):
    """What `check` shows, and the line of what it raises."""
    shown = []
    exercise.shown, before = shown.append, exercise.shown
    try:
        exercise.check(name)
    except NotYet as e:
        return shown[0], str(e)
    finally:
        exercise.shown = before
    return shown[0], None


def test_a_pass_is_shown_and_kept_and_raises_nothing(lab):
    lab.world.raises = None
    result, line = checked("web")
    assert (result.verdict, line) == (PASS, None)
    assert Workspace.fresh.__self__.read(lab.workspace.write()).noted("results")["web"]["verdict"] == PASS
    assert progress().earned == 2


def test_a_failure_raises_one_line(lab):
    result, line = checked("web")
    assert result.verdict == FAIL
    assert line == 'fail: 0 of 2 points · hint("web") says where to look'


def test_hints_are_offered_for_failures_that_have_them_only(lab):
    assert checked("more")[1] == "skip: 0 of 3 points"
    assert checked("handed")[1] == "fail: 0 of 1 points"
    lab.world.raises = requests.exceptions.ConnectionError("x")
    assert checked("web")[1] == "error: 0 of 2 points · The lab did not answer. x"
    lab.world.raises = requests.exceptions.ConnectionError("x\n  of two lines")
    assert checked("web")[1] == "error: 0 of 2 points · The lab did not answer. x of two lines"


def test_ipython_shows_the_one_line():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.push({"NotYet": NotYet})
    said = io.StringIO()
    with redirect_stdout(said):
        shell.run_cell("raise NotYet('fail: 0 of 2 points')")
    assert said.getvalue().strip() == "fail: 0 of 2 points"
    assert NotYet("x")._render_traceback_() == ["x"]


def test_an_outage_takes_no_point_back(lab):
    lab.world.raises = None
    checked("web")
    lab.world.raises = requests.exceptions.ConnectionError("refused")
    assert checked("web")[0].verdict == ERROR
    assert checked("more")[0].verdict == ERROR
    assert progress().earned == 2
    assert "✓ pass" in repr(progress())
    assert "! error" in repr(progress())  # the one that nothing else is known of
    lab.world.raises = Missing("It is gone.")
    checked("web")
    assert progress().earned == 0  # that is so, and not an outage


def test_progress_before_anything(lab):
    assert repr(progress()).splitlines()[0] == "0 of 6 points"
    assert repr(progress()).count("· open") == 3


@pytest.mark.parametrize(
    "entry", [None, 3, "pass", [], {}, {"verdict": "won"}, {"verdict": ["pass"]}, {"earned": 99, "points": 1}]
)
def test_a_damaged_result_counts_as_none(lab, entry):
    lab.workspace.note("results", "web", entry)
    assert progress().earned == 0
    assert "· open" in repr(progress()).splitlines()[1]
    assert checked("web")[0].verdict == FAIL


def test_points_are_the_checks_and_not_what_a_file_says(lab):
    lab.workspace.note("results", "web", {"verdict": "pass", "earned": 99, "points": 99})
    assert (progress().earned, progress().points) == (2, 6)


def test_hints_come_nearer_and_stay_at_the_last(lab, capsys):
    for _ in range(3):
        hint("web")
    assert capsys.readouterr().out.splitlines() == [
        "Hint 1 of 2: far",
        "Hint 2 of 2: near",
        "Hint 2 of 2: near",
    ]
    hint("more")
    assert "no hint" in capsys.readouterr().out


@pytest.mark.parametrize("entry", [None, "two", -5, 0, True, [1], 10**9])
def test_a_damaged_count_of_hints_harms_nobody(lab, capsys, entry):
    lab.workspace.note("hints", "web", entry)
    hint("web")
    assert capsys.readouterr().out.startswith("Hint 2 of 2" if entry == 10**9 else "Hint 1 of 2")


@pytest.mark.parametrize("call", [exercise.check, hint, start, lambda name: answer(name, 1)])
def test_an_unknown_name_says_which_there_are(lab, call):
    with pytest.raises(Usage, match=r"There is no (check|scene) 'wbe' in ch96_x") as e:
        call("wbe")
    assert e.value.wanted in ("web, more, handed", "stage")
    assert list(lab.workspace.folder.iterdir()) == []


@pytest.mark.parametrize("call", [lambda: exercise.check("web"), lambda: hint("web"), progress])
def test_without_a_lab_the_first_cell_is_named(monkeypatch, call):
    monkeypatch.setattr(Lab, "_open", {})
    with pytest.raises(Usage, match="No exercise is open") as e:
        call()
    assert "first code cell" in e.value.fix


def test_a_chapters_lab_is_no_exercise(lab):
    lab._workspace = None
    with pytest.raises(Usage, match="No exercise is open"):
        progress()


def test_a_scene_is_set_up_and_noted(lab, capsys):
    start("stage")
    assert lab.scenes == ["stage"]
    assert lab.workspace.noted("scenes") == {"stage": True}
    assert capsys.readouterr().out == "Set up: a stage\n"
    assert begin(lab, loader.load(STEM), "stage") == stage.facts(lab.workspace)


def test_the_namespace_is_the_exercises_and_not_the_scenes(lab, monkeypatch):
    asked = []
    monkeypatch.setattr(Lab, "namespace", property(lambda self: asked.append(list(self.scenes))))
    begin(lab, loader.load(STEM), "stage")
    assert asked == []
    begin(lab, replace(loader.load(STEM), cluster=True), "stage")
    assert asked[0] == ["stage"]  # before the second scene was begun


def test_a_scene_that_breaks_on_its_way_is_not_set_up(lab):
    start("stage")
    lab.world.stage = RuntimeError("the engine went away")
    with pytest.raises(RuntimeError):
        start("stage")
    assert lab.workspace.noted("scenes") == {"stage": False}


def test_in_a_judged_workspace_the_notebook_says_nothing(lab, monkeypatch, capsys):
    from dataclasses import replace

    lab.world.raises = None
    lab._workspace = replace(lab.workspace, judged=True)
    exercise.check("web")
    assert capsys.readouterr().out.strip() == exercise.LEFT_TO_GRADER
    assert lab.workspace.noted("results") == {}


def test_results_are_json(lab):
    checked("web")
    assert (
        json.loads((lab.workspace.folder / "results.json").read_text())["web"]["message"]
        == "There is no web."
    )


def test_skip_is_kept(lab):
    checked("more")
    assert lab.workspace.noted("results")["more"]["verdict"] == SKIP
