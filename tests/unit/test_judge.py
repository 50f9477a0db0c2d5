"""From what a check raises to a verdict: only failures blame the learner, and no exception escapes."""

from __future__ import annotations

import json
import threading
import time

import docker
import pytest
import requests
import urllib3
import websocket
from docker.errors import APIError, BuildError, ContainerError, DockerException, ImageNotFound, NotFound
from kubernetes.client import ApiException
from kubernetes.dynamic.exceptions import ResourceNotFoundError, api_exception

from labkit import (
    BrokenEnvironment,
    Busy,
    ClusterUnavailable,
    EngineUnavailable,
    LedgerError,
    Mismatch,
    Missing,
    TimedOut,
    Usage,
    blame,
    judge,
)
from labkit.checks import Check, Scene, Suite, check, scene
from labkit.judge import Judge
from labkit.results import ERROR, FAIL, PASS, SKIP
from labkit.seat import Seat

STEM = "ch96_x"


class Engine:
    """A docker client whose ping does what it is told."""

    def __init__(self):
        self.raises, self.asked = None, 0

    def ping(self):
        self.asked += 1
        if callable(self.raises):
            self.raises()
        elif self.raises is not None:
            raise self.raises


class FakeLab:
    """What a judge needs of a lab."""

    def __init__(self, folder):
        self.seat, self.docker = Seat.fresh(STEM, folder), Engine()

    def node_label(self, name):
        return name


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setattr(Seat, "env", lambda self: {})
    return FakeLab(tmp_path)


def suite(*things, **options):
    return Suite(
        STEM,
        {t.name: t for t in things if isinstance(t, Check)},
        {t.name: t for t in things if isinstance(t, Scene)},
        **options,
    )


def raising(error, **options):
    """A check that raises something."""

    def one(lab):
        """It is so"""
        raise error

    return check(task="do", points=2, **options)(one)


def told(lab, error, **options):
    return Judge(suite(raising(error), **options), lab).run("one")


def response(status, text=""):
    made = requests.Response()
    made.status_code, made.reason, made._content = status, "because", text.encode()
    return made


def api_error(status, text="said the engine"):
    kind = NotFound if status == 404 else APIError
    return kind("x", response(status), text)


def kube_error(status, **body):
    made = ApiException(status=status, reason="because")
    made.body = json.dumps(body) if body else "<html>"
    return made


NOT_THERE = {"message": 'pods "web" not found', "details": {"name": "web", "kind": "pods"}}
FAILURES = {
    "missing": Missing("There is no web."),
    "mismatch": Mismatch("It is another.", wanted=3, found=[1], hint="Look there.", fix="do it"),
    "timed out": TimedOut("It was not ready within 5 s.", evidence="pulling\nbackoff"),
    "docker: not found": api_error(404, "No such container: ch96-web"),
    "docker: an image of the learner's": ImageNotFound("x", response(404), "No such image: ch96-web:1"),
    "kubernetes: the object is gone": kube_error(404, **NOT_THERE),
    "kubernetes, dynamic: the object is gone": api_exception(kube_error(404, **NOT_THERE)),
}
FAULTS = {
    "docker: base image": (
        ImageNotFound("x", response(404), "No such image: debian:trixie-slim"),
        "image of",
    ),
    "docker: helper's image": (api_error(404, "No such image: localhost:5001/python:3.13"), "image of"),
    "docker: 500": (api_error(500), "refused"),
    "docker: 409": (api_error(409), "refused"),
    "docker: without an answer": (APIError("x"), "refused"),
    "docker: a build": (BuildError("x", iter(())), "could not do"),
    "docker: a container": (ContainerError("c", 1, "true", "i", b""), "could not do"),
    "docker: itself": (DockerException("Error while fetching server API version"), "could not do"),
    "requests: refused": (requests.exceptions.ConnectionError("refused"), "did not answer"),
    "requests: slow": (requests.exceptions.ReadTimeout("slow"), "did not answer"),
    "requests: broken off": (requests.exceptions.ChunkedEncodingError("cut"), "did not answer"),
    "urllib3: cut": (urllib3.exceptions.ProtocolError("Connection broken"), "did not answer"),
    "urllib3: slow": (urllib3.exceptions.ReadTimeoutError(None, "/", "slow"), "did not answer"),
    "websocket: closed": (websocket.WebSocketConnectionClosedException("closed"), "did not answer"),
    "a socket: reset": (ConnectionResetError(104, "reset"), "did not answer"),
    "a socket: slow": (TimeoutError("slow"), "did not answer"),
    "kubernetes: 500": (kube_error(500, message="etcd"), "cluster did not answer"),
    "kubernetes: no status": (ApiException(status=0, reason="Handshake"), "cluster did not answer"),
    "kubernetes: 403": (kube_error(403, message="forbidden"), "cluster refused"),
    "kubernetes: 404, the kind": (kube_error(404, message="no such resource"), "cluster refused"),
    "kubernetes: 404, a proxy": (kube_error(404), "cluster refused"),
    "kubernetes, dynamic: 503": (api_exception(kube_error(503, message="busy")), "cluster did not answer"),
    "kubernetes, dynamic: a kind": (ResourceNotFoundError("no kind"), "check itself broke"),
    "labkit: broken": (BrokenEnvironment("The helper ended.", found=["x"], fix="make up"), "helper ended"),
    "labkit: engine": (EngineUnavailable("No engine."), "No engine"),
    "labkit: cluster": (ClusterUnavailable("No cluster."), "No cluster"),
    "labkit: busy": (Busy("In use."), "In use"),
    "labkit: usage": (Usage("No such manifest."), "No such manifest"),
    "labkit: ledger": (LedgerError("Differs."), "Differs"),
    "a bug: key": (KeyError("State"), "check itself broke"),
    "a bug: type": (TypeError("x"), "check itself broke"),
    "a bug: file": (FileNotFoundError(2, "no", "x"), "check itself broke"),
    "a bug: assertion": (AssertionError(), "check itself broke"),
    "memory": (MemoryError(), "check itself broke"),
    "an exit": (SystemExit(0), "check itself broke"),
    "an interrupt inside": (KeyboardInterrupt(), "check itself broke"),
    "a generator's end": (GeneratorExit(), "check itself broke"),
}


@pytest.mark.parametrize("word", FAILURES)
def test_what_blames_the_learner(lab, word):
    result = told(lab, FAILURES[word])
    assert (result.verdict, result.earned) == (FAIL, 0)
    assert result.message
    json.dumps(result.as_json())


@pytest.mark.parametrize("word", FAULTS)
def test_what_blames_nobody(lab, word):
    error, said = FAULTS[word]
    result = told(lab, error)
    assert (result.verdict, result.earned) == (ERROR, 0)
    assert said in result.message
    assert result.fix
    json.dumps(result.as_json())


@pytest.mark.parametrize("word", [*FAILURES, "a bug: key", "requests: refused"])
def test_a_lab_that_is_down_is_told_in_place_of_any_failure(lab, word):
    lab.docker.raises = requests.exceptions.ConnectionError("refused")
    result = told(lab, FAILURES.get(word) or FAULTS[word][0])
    assert (result.verdict, result.fix) == (ERROR, "make up")
    assert result.message == "The Docker engine does not answer."


def test_a_failure_is_told_whole(lab):
    result = told(lab, FAILURES["mismatch"])
    assert (result.message, result.wanted, result.found) == ("It is another.", "3", "[1]")
    assert (result.hint, result.fix) == ("Look there.", "do it")
    assert told(lab, FAILURES["timed out"]).evidence == "pulling\nbackoff"


def test_a_long_answer_is_not_shown_whole(lab):
    result = told(lab, Mismatch("It is no function.", found="x" * 100_000))
    assert len(result.found) < 600
    assert result.found.endswith("…")


def test_a_bug_says_where(lab):
    assert "KeyError: 'State'" in told(lab, KeyError("State")).evidence


def test_a_pass_does_not_ask_the_engine(lab):
    @check(task="do", points=2)
    def one(lab):
        """It is so"""
        return 7

    result = Judge(suite(one), lab).run("one")
    assert (result.verdict, result.earned, result.message, lab.docker.asked) == (PASS, 2, "", 0)


# --- the lab itself


def test_a_silent_engine_is_told_in_time(lab, monkeypatch):
    monkeypatch.setattr(judge, "HEALTH_SECONDS", 0.3)
    held = threading.Event()
    lab.docker.raises = held.wait
    started = time.monotonic()
    result = told(lab, Missing("There is no web."))
    assert result.verdict == ERROR
    assert "did not end within 0.3 s" in result.message
    assert time.monotonic() - started < 3
    held.set()


@pytest.mark.parametrize(
    "error", [NotFound("x", response(404), "no page"), ValueError("x"), Usage("Forbidden.")]
)
def test_a_look_at_the_lab_that_breaks_is_an_error_and_no_crash(lab, error):
    lab.docker.raises = error
    assert told(lab, Missing("There is no web.")).verdict == ERROR


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
        (kube_error(403, message="nodes is forbidden"), ERROR, "The cluster's API server refuses."),
        (kube_error(500, message="etcd"), ERROR, "The cluster's API server is unwell."),
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

    monkeypatch.setattr(judge.client, "CoreV1Api", Core)
    lab.kube = object()
    result = told(lab, Missing("There is no web."), cluster=True)
    assert (result.verdict, result.message) == (verdict, said)
    monkeypatch.setattr(judge.client, "CoreV1Api", None)  # and is not looked at where it is not used
    assert told(lab, Missing("There is no web.")).message == "There is no web."


def test_a_cluster_that_is_not_there_is_told(lab):
    class NoCluster(FakeLab):
        @property
        def kube(self):
            raise ClusterUnavailable("The course's cluster is not there.", fix="make up")

    lab.__class__ = NoCluster
    result = told(lab, Missing("x"), cluster=True)
    assert (result.verdict, result.fix) == (ERROR, "make up")


# --- time


def test_a_check_that_outlives_its_time_is_itself_at_fault(lab):
    held = threading.Event()

    @check(task="do", points=1, timeout=0.2)
    def one(lab):
        """It ends"""
        held.wait()

    started = time.monotonic()
    result = Judge(suite(one), lab).run("one")
    assert (result.verdict, result.message) == (ERROR, "The check did not end within 0.2 s.")
    assert time.monotonic() - started < 3
    held.set()


def test_an_interrupt_from_the_keyboard_gets_through(lab, monkeypatch):
    def interrupted(self, timeout=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(judge.threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        told(lab, Missing("x"))


# --- needs


def chain(first_does, calls):
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

    return suite(first, second, third)


def test_a_need_is_run_once_and_its_value_handed_on(lab):
    calls = []
    found = Judge(chain(lambda: 7, calls), lab)
    assert found.run("third").verdict == PASS
    assert [r.verdict for r in found.run_all()] == [PASS] * 3
    assert calls == ["first", ("second", 7), ("third", 8)]


def fails():
    raise Mismatch("The first is another.")


def test_a_skip_names_its_blocker(lab):
    calls = []
    results = Judge(chain(fails, calls), lab).run_all()
    assert [r.verdict for r in results] == [FAIL, SKIP, SKIP]
    assert results[1].message == "It needs “The first is so”, and that is not so yet: fail."
    assert "The first is so" in results[2].message
    assert calls == ["first"]
    assert [r.earned for r in results] == [0, 0, 0]


def breaks():
    raise requests.exceptions.ConnectionError("refused")


def test_behind_an_error_stands_an_error_with_its_reason(lab):
    results = Judge(chain(breaks, []), lab).run_all()
    assert {r.verdict for r in results} == {ERROR}
    assert {r.message for r in results} == {"The lab did not answer."}
    assert all(r.fix for r in results)


def test_an_unknown_check_is_a_usage_error(lab):
    with pytest.raises(Usage, match="no check 'other'"):
        Judge(chain(lambda: 1, []), lab).run("other")


# --- scenes and answers


@scene(lambda random: {"word": random.choice("abcdefgh")})
def stage(lab, facts):
    """a stage"""


def on_stage(seen):
    @check(task="repair", points=1, needs=stage)
    def one(lab, stage):
        """The stage is so"""
        seen.append(stage)

    return suite(one, stage)


@pytest.mark.parametrize("noted", [{}, {"stage": False}, {"stage": None}])
def test_a_scene_that_was_not_started_or_broke_on_its_way_is_a_skip(lab, noted):
    for name, value in noted.items():
        lab.seat.note("scenes", name, value)
    result = Judge(on_stage([]), lab).run("one")
    assert result.verdict == SKIP
    assert 'start("stage")' in result.message


def test_a_scene_hands_over_its_facts_from_the_seat_alone(lab):
    seen = []
    lab.seat.note("scenes", "stage", {"word": "mine"})
    assert Judge(on_stage(seen), lab).run("one").verdict == PASS
    assert seen == [stage.facts(lab.seat)]


def test_a_plan_that_breaks_is_an_error(lab):
    broken = Scene("stage", "a stage", lambda random: 1 / 0, stage.build)
    lab.seat.note("scenes", "stage", True)
    one = check(task="repair", points=1, needs=broken)(on_stage([]).checks["one"].call)
    assert Judge(suite(one, broken), lab).run("one").verdict == ERROR


def handed_in(seen):
    @check(task="do", points=1)
    def one(answer):
        """What was handed in is so"""
        seen.append(answer)

    return suite(one)


def test_nothing_handed_in_is_a_failure_that_says_how(lab):
    result = Judge(handed_in([]), lab).run("one")
    assert (result.verdict, result.message) == (FAIL, "Nothing was handed in.")
    assert 'answer("one"' in result.wanted


@pytest.mark.parametrize("value", [None, 0, False, "", [], {"a": 1}])
def test_what_was_handed_in_is_handed_over(lab, value):
    seen = []
    lab.seat.hand_in("one", value)
    assert Judge(handed_in(seen), lab).run("one").verdict == PASS
    assert seen == [value]


def test_an_answer_that_cannot_be_looked_at_for_no_engine_answers(lab, monkeypatch):
    def down(self):
        raise EngineUnavailable("No Docker daemon answers.", fix="make up")

    lab.seat.hand_in("one", 1)
    monkeypatch.setattr(Seat, "env", down)
    result = Judge(handed_in([]), lab).run("one")
    assert (result.verdict, result.message, result.fix) == (ERROR, "No Docker daemon answers.", "make up")


def test_every_docker_error_has_been_thought_of():
    """A new kind of error in the SDK is looked at here, and does not become a failure by its class alone."""
    kinds = [
        k for k in vars(docker.errors).values() if isinstance(k, type) and issubclass(k, DockerException)
    ]
    assert len(kinds) > 10
    for kind in kinds:
        made = kind.__new__(kind)
        made.explanation, made.response = "x", None
        verdict = blame.explain(made)["verdict"]
        assert verdict == (FAIL if issubclass(kind, NotFound) else ERROR)
