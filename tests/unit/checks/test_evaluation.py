"""From what a check raises to a verdict: needs once and in order, and a look at the lab before any blame."""

from __future__ import annotations

import threading
import time

import pytest
import requests
import urllib3
from docker.errors import NotFound
from kubernetes.client import ApiException

from labkit import ClusterUnavailable, EngineUnavailable, Mismatch, Missing, Usage
from labkit.checks import evaluation, hand_in
from labkit.checks.evaluation import Evaluation
from labkit.checks.model import Scene, check, scene
from labkit.checks.result import ERROR, FAIL, PASS, SKIP
from labkit.lab.workspace import Workspace


def test_a_pass_does_not_ask_the_engine(lab):
    @check(task="do", points=2)
    def one(lab):
        """It is so"""
        return 7

    result = Evaluation(lab.suite(one), lab).run("one")
    assert (result.verdict, result.earned, result.message, lab.docker.asked) == (PASS, 2, "", 0)


# --- the lab itself


def test_a_silent_engine_is_told_in_time(lab, monkeypatch):
    monkeypatch.setattr(evaluation, "HEALTH_SECONDS", 0.3)
    held = threading.Event()
    lab.docker.raises = held.wait
    started = time.monotonic()
    result = lab.told(Missing("There is no web."))
    assert result.verdict == ERROR
    assert result.message == "The lab gave no sign of life within 0.3 s."
    assert time.monotonic() - started < 3
    held.set()


@pytest.mark.parametrize("error", [NotFound("x"), ValueError("x"), Usage("Forbidden.")])
def test_a_look_at_the_lab_that_breaks_is_an_error_and_no_crash(lab, error):
    lab.docker.raises = error
    assert lab.told(Missing("There is no web.")).verdict == ERROR


class Node:
    """A node as the SDK has it."""

    def __init__(self, name, ready):
        kind = type("Condition", (), {})
        self.metadata, self.status, one = kind(), kind(), kind()
        self.metadata.name, one.type, one.status = name, "Ready", ready
        self.status.conditions = [one]


@pytest.mark.parametrize(
    ("nodes", "verdict", "said"),
    [
        (lambda: [Node("a", "True"), Node("b", "True")], FAIL, "There is no web."),
        (lambda: [Node("a", "True"), Node("b", "Unknown")], ERROR, "A node is not ready."),
        (lambda: [Node("a", "True"), Node("b", "False")], ERROR, "A node is not ready."),
        (ApiException(status=403, reason="Forbidden"), ERROR, "The cluster's API server refuses."),
        (ApiException(status=500, reason="etcd"), ERROR, "The cluster's API server is unwell."),
        (
            urllib3.exceptions.MaxRetryError(None, "/", "refused"),
            ERROR,
            "The cluster's API server does not answer.",
        ),
    ],
)
def test_the_cluster_is_looked_at_where_it_is_used(lab, monkeypatch, nodes, verdict, said):
    class Core:
        def __init__(self, kube):
            pass

        def list_node(self):
            if isinstance(nodes, Exception):
                raise nodes
            return type("Listed", (), {"items": nodes()})

    monkeypatch.setattr(evaluation.client, "CoreV1Api", Core)
    lab.kube = object()
    result = lab.told(Missing("There is no web."), cluster=True)
    assert (result.verdict, result.message) == (verdict, said)
    monkeypatch.setattr(evaluation.client, "CoreV1Api", None)  # and is not looked at where it is not used
    assert lab.told(Missing("There is no web.")).message == "There is no web."


def test_a_cluster_that_is_not_there_is_told(lab):
    class NoCluster(type(lab)):
        @property
        def kube(self):
            raise ClusterUnavailable("The course's cluster is not there.", fix="make up")

    lab.__class__ = NoCluster
    result = lab.told(Missing("x"), cluster=True)
    assert (result.verdict, result.fix) == (ERROR, "make up")


# --- needs


def chain(lab, first_does, calls):
    @check(task="do", points=1)
    def first(lab):
        """The first is so"""
        calls.append("first")
        return first_does()

    @check(task="do", points=2, needs=first)
    def second(lab, first):
        """The second is so"""
        calls.append(("second", first))
        return first + 1

    @check(task="do", points=4, needs=(first, second))
    def third(second):
        """The third is so"""
        calls.append(("third", second))

    return lab.suite(first, second, third)


def test_a_need_is_run_once_and_its_value_handed_on(lab):
    calls = []
    found = Evaluation(chain(lab, lambda: 7, calls), lab)
    assert found.run("third").verdict == PASS
    assert [r.verdict for r in found.run_all()] == [PASS] * 3
    assert calls == ["first", ("second", 7), ("third", 8)]


def fails():
    raise Mismatch("The first is another.")


def test_a_skip_names_its_blocker(lab):
    calls = []
    results = Evaluation(chain(lab, fails, calls), lab).run_all()
    assert [r.verdict for r in results] == [FAIL, SKIP, SKIP]
    assert results[1].message == 'It needs “The first is so” first, and that is not so yet: check("first").'
    assert "The first is so" in results[2].message
    assert calls == ["first"]
    assert [r.earned for r in results] == [0, 0, 0]


def breaks():
    raise requests.exceptions.ConnectionError("refused")


def test_behind_an_error_stands_an_error_with_its_reason(lab):
    results = Evaluation(chain(lab, breaks, []), lab).run_all()
    assert {r.verdict for r in results} == {ERROR}
    assert {r.message for r in results} == {"The lab did not answer."}
    assert all(r.fix for r in results)


def test_an_unknown_check_is_a_usage_error(lab):
    with pytest.raises(Usage, match="no check 'other'"):
        Evaluation(chain(lab, lambda: 1, []), lab).run("other")


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_what_would_end_the_process_is_the_checks_own_fault(lab, error):
    result = lab.told(error)
    assert (result.verdict, result.message) == (ERROR, "The check itself broke.")
    assert f"it raised {type(error).__name__}" in result.evidence


# --- scenes and answers


@scene(lambda random: {"word": random.choice("abcdefgh")})
def stage(lab, facts):
    """a stage"""


def on_stage(lab, seen):
    @check(task="repair", points=1, needs=stage)
    def one(lab, stage):
        """The stage is so"""
        seen.append(stage)

    return lab.suite(one, stage)


@pytest.mark.parametrize("noted", [{}, {"stage": False}, {"stage": None}])
def test_a_scene_that_was_not_started_or_broke_on_its_way_is_a_skip(lab, noted):
    for name, value in noted.items():
        lab.workspace.note("scenes", name, value)
    result = Evaluation(on_stage(lab, []), lab).run("one")
    assert result.verdict == SKIP
    assert 'start("stage")' in result.message


def test_a_skip_is_none_while_the_lab_is_down(lab):
    lab.docker.raises = requests.exceptions.ConnectionError("refused")
    assert Evaluation(on_stage(lab, []), lab).run("one").verdict == ERROR
    assert {r.verdict for r in Evaluation(chain(lab, fails, []), lab).run_all()} == {ERROR}


def test_a_scene_hands_over_its_facts_from_the_workspace_alone(lab):
    seen = []
    lab.workspace.note("scenes", "stage", {"word": "mine"})
    assert Evaluation(on_stage(lab, seen), lab).run("one").verdict == PASS
    assert seen == [stage.facts(lab.workspace)]


def test_a_plan_that_breaks_is_an_error(lab):
    broken = Scene("stage", "a stage", lambda random: 1 / 0, stage.build)
    lab.workspace.note("scenes", "stage", True)
    one = check(task="repair", points=1, needs=broken)(on_stage(lab, []).checks["one"].call)
    assert Evaluation(lab.suite(one, broken), lab).run("one").verdict == ERROR


def handed_in(lab, seen):
    @check(task="do", points=1)
    def one(answer):
        """What was handed in is so"""
        seen.append(answer)

    return lab.suite(one)


def test_nothing_handed_in_is_a_failure_that_says_how(lab):
    result = Evaluation(handed_in(lab, []), lab).run("one")
    assert (result.verdict, result.message) == (FAIL, "Nothing was handed in.")
    assert 'answer("one"' in result.wanted


@pytest.mark.parametrize("value", [None, 0, False, "", [], {"a": 1}])
def test_what_was_handed_in_is_handed_over(lab, value):
    seen = []
    hand_in(lab, "one", value)
    assert Evaluation(handed_in(lab, seen), lab).run("one").verdict == PASS
    assert seen == [value]


def test_an_answer_that_cannot_be_looked_at_for_no_engine_answers(lab, monkeypatch):
    def down(self):
        raise EngineUnavailable("No Docker daemon answers.", fix="make up")

    hand_in(lab, "one", 1)
    monkeypatch.setattr(Workspace, "env", down)
    result = Evaluation(handed_in(lab, []), lab).run("one")
    assert (result.verdict, result.message, result.fix) == (ERROR, "No Docker daemon answers.", "make up")
