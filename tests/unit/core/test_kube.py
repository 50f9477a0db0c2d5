"""Failures of the API server told apart, and the calls of our client: labelled, and bounded in time."""

from __future__ import annotations

import json
import types

import pytest
import urllib3
from kubernetes import client
from kubernetes.client import ApiException
from kubernetes.dynamic.exceptions import ResourceNotFoundError

from labkit import ClusterUnavailable, Usage
from labkit.core import kube
from labkit.lab.clients import LabelledKube
from labkit.wait import diagnostics


def answer(status, body=None):
    """A call that the API server answers with an error."""

    def call():
        e = ApiException(status=status, reason="Because")
        e.body = body
        raise e

    return call


def raises(error):
    def call():
        raise error

    return call


def test_an_answer_is_handed_on():
    assert kube.ask(lambda: 42) == 42


def test_not_found_is_none():
    assert kube.ask(answer(404)) is None


@pytest.mark.parametrize("status", [500, 503, 504, 429, 401, 0])
def test_a_server_in_trouble(status):
    with pytest.raises(ClusterUnavailable):
        kube.ask(answer(status))


@pytest.mark.parametrize("status", [400, 403, 409, 422])
def test_a_request_that_is_refused(status):
    with pytest.raises(Usage, match="the field is immutable"):
        kube.ask(answer(status, json.dumps({"message": "the field is immutable"})))


@pytest.mark.parametrize("body", [None, "", "no json", "[]", '{"a": 1}'])
def test_a_refusal_without_a_message(body):
    with pytest.raises(Usage, match="422 Because"):
        kube.ask(answer(422, body))


@pytest.mark.parametrize(
    "error",
    [
        urllib3.exceptions.ProtocolError("cut"),
        urllib3.exceptions.ReadTimeoutError(None, "/", "silent"),
        ConnectionRefusedError(),
        json.JSONDecodeError("half an answer", "{", 1),
    ],
)
def test_a_server_that_does_not_answer(error):
    with pytest.raises(ClusterUnavailable, match="does not answer"):
        kube.ask(raises(error))


def test_a_mistake_of_ours_is_not_the_clusters():
    with pytest.raises(ZeroDivisionError):
        kube.ask(lambda: 1 / 0)


def test_the_time_for_an_answer_is_set_for_a_block():
    assert kube.timeouts() == (kube.CONNECT, kube.ANSWER_SECONDS)
    with kube.answer_within(2):
        assert kube.timeouts() == (2, 2)
    assert kube.timeouts() == (kube.CONNECT, kube.ANSWER_SECONDS)


def dynamic(*kinds, error=None):
    """A dynamic client that knows some kinds."""

    def get(kind, api_version):
        if error:
            raise error
        found = [r for r in kinds if (r.kind, r.group_version) == (kind, api_version)]
        if not found:
            raise ResourceNotFoundError(kind)
        return found[0]

    search = lambda kind, preferred: [r for r in kinds if r.kind.startswith(kind)]  # noqa: E731
    return types.SimpleNamespace(resources=types.SimpleNamespace(get=get, search=search))


def kind(name, version):
    return types.SimpleNamespace(kind=name, group_version=version)


def test_a_kind_is_found_by_its_version_or_by_the_first_group_that_has_it():
    core, events = kind("Event", "v1"), kind("Event", "events.k8s.io/v1")
    known = dynamic(kind("EventList", "v1"), core, events)
    assert kube.find(known, "events.k8s.io/v1", "Event") is events
    assert kube.find(known, None, "Event") is core


def test_a_kind_that_there_is_not():
    with pytest.raises(Usage, match="no kind Web of v1"):
        kube.find(dynamic(), "v1", "Web")
    with pytest.raises(Usage, match="no kind Web"):
        kube.find(dynamic(), None, "Web")


def test_a_cluster_that_is_away_has_not_lost_its_kinds():
    with pytest.raises(ClusterUnavailable):
        kube.find(dynamic(error=ConnectionRefusedError()), "v1", "Pod")


@pytest.fixture
def sent(monkeypatch):
    """What our client hands to the SDK's."""
    calls = []
    monkeypatch.setattr(client.ApiClient, "call_api", lambda self, *a, **k: calls.append(a))
    return calls


OWN = {"labkit.lab": "mine"}


@pytest.mark.parametrize(
    ("url", "given", "expected"),
    [
        ("/api/v1/pods", None, (kube.CONNECT, kube.ANSWER_SECONDS)),
        ("/api/v1/pods", 3, 3),
        ("/api/v1/pods?watch=True&timeoutSeconds=5", None, None),
        ("/api/v1/pods?resourceVersion=1&watch=true", None, None),
        ("/api/v1/namespaces/x/pods/y/log?follow=True", None, None),
        ("/api/v1/namespaces/x/pods/y/log?follow=False", None, (kube.CONNECT, kube.ANSWER_SECONDS)),
    ],
)
def test_no_call_lasts_for_ever_unless_it_follows(sent, url, given, expected):
    LabelledKube(client.Configuration(), OWN).call_api("GET", url, None, None, None, given)
    assert sent[0][-1] == expected


@pytest.mark.parametrize(
    ("conditions", "containers", "expected"),
    [
        ([{"type": "Ready", "status": "True"}], [], ""),
        (
            [],
            [{"state": {"waiting": {"reason": "ErrImagePull", "message": "no such"}}}],
            "ErrImagePull: no such",
        ),
        ([], [{"state": {"waiting": {"reason": "ContainerCreating"}}}], "ContainerCreating"),
        (
            [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}],
            [],
            "Unschedulable: 0/3 nodes",
        ),
        ([], [{"state": {"running": {}}}], "Running, not ready"),
    ],
)
def test_what_keeps_a_pod(conditions, containers, expected):
    status = {"phase": "Running", "conditions": conditions, "containerStatuses": containers}
    assert diagnostics.why({"metadata": {"name": "x"}, "status": status}) == expected


def test_the_state_of_what_has_no_conditions():
    assert diagnostics.states({"status": {"phase": "Active"}}) == ["last state: Active"]
    assert diagnostics.states({"data": {}}) == ["last state: no status yet"]


def test_events_are_sorted_by_when_they_happened_last():
    events = [
        {"lastTimestamp": "2026-01-01T00:00:03Z", "metadata": {"name": "a"}},
        {"eventTime": "2026-01-01T00:00:01.5Z", "metadata": {"name": "b"}},
        {"metadata": {"name": "c", "creationTimestamp": "2026-01-01T00:00:02Z"}},
    ]
    assert [e["metadata"]["name"] for e in sorted(events, key=diagnostics.when)] == ["b", "c", "a"]
