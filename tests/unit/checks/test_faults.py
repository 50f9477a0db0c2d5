"""From what a check raises to whose fault it is: only failures blame the learner."""

from __future__ import annotations

import json

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
)
from labkit.checks import faults
from labkit.checks.result import ERROR, FAIL
from labkit.core import errors


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
    "kubernetes: 422": (kube_error(422, message="invalid", details={"name": "web"}), "cluster refused"),
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
    result = lab.told(FAILURES[word])
    assert (result.verdict, result.earned) == (FAIL, 0)
    assert result.message
    json.dumps(result.as_json())


@pytest.mark.parametrize("word", FAULTS)
def test_what_blames_nobody(lab, word):
    error, said = FAULTS[word]
    result = lab.told(error)
    assert (result.verdict, result.earned) == (ERROR, 0)
    assert said in result.message
    assert result.fix
    json.dumps(result.as_json())


@pytest.mark.parametrize("word", [*FAILURES, "a bug: key", "requests: refused"])
def test_a_lab_that_is_down_is_told_in_place_of_any_failure(lab, word):
    lab.docker.raises = requests.exceptions.ConnectionError("refused")
    result = lab.told(FAILURES.get(word) or FAULTS[word][0])
    assert (result.verdict, result.fix) == (ERROR, "make up")
    assert result.message == "The Docker engine does not answer."


def test_a_failure_is_told_whole(lab):
    result = lab.told(FAILURES["mismatch"])
    assert (result.message, result.wanted, result.found) == ("It is another.", "3", "[1]")
    assert (result.hint, result.fix) == ("Look there.", "do it")
    assert lab.told(FAILURES["timed out"]).evidence == "pulling\nbackoff"


def test_a_long_answer_is_not_shown_whole(lab):
    result = lab.told(Mismatch("It is no function.", found="x" * 100_000))
    assert len(result.found) < 600
    assert result.found.endswith("…")


def test_a_bug_says_where(lab):
    assert "KeyError: 'State'" in lab.told(KeyError("State")).evidence


def test_a_refused_connection_is_told_in_the_systems_own_words(lab):
    with pytest.raises(requests.exceptions.ConnectionError) as e:
        requests.get("http://127.0.0.1:9/", timeout=1)
    assert lab.told(e.value).found == "[Errno 111] Connection refused"
    assert errors.root(KeyError("x")).args == ("x",)
    loop = ValueError("x")
    loop.__context__ = KeyError("y")
    loop.__context__.__context__ = loop
    assert errors.root(loop) is loop


def test_every_docker_error_has_been_thought_of():
    """A new kind of error in the SDK is looked at here, and does not become a failure by its class alone."""
    kinds = [
        k for k in vars(docker.errors).values() if isinstance(k, type) and issubclass(k, DockerException)
    ]
    assert len(kinds) > 10
    for kind in kinds:
        made = kind.__new__(kind)
        made.explanation, made.response = "x", None
        verdict = faults.explain(made)["verdict"]
        assert verdict == (FAIL if issubclass(kind, NotFound) else ERROR)
