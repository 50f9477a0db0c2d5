"""What ready, complete and gone mean, on objects as the API server sends them."""

from __future__ import annotations

import pytest

from labkit import Mismatch, Usage
from labkit.wait.conditions import has, is_complete, is_done, observed, ready_endpoints


def deployment(generation=2, seen=2, wanted=3, kind="Deployment", **status):
    spec = {} if wanted is None else {"replicas": wanted}
    return {
        "kind": kind,
        "metadata": {"name": "web", "generation": generation},
        "spec": spec,
        "status": {"observedGeneration": seen, **status},
    }


ALL = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}


@pytest.mark.parametrize(
    ("o", "expected"),
    [
        (deployment(**ALL), True),
        (deployment(seen=1, **ALL), False),  # the controller has not read the new spec
        (deployment(**{**ALL, "replicas": 4}), False),  # an old one is left
        (deployment(**{**ALL, "updatedReplicas": 2}), False),
        (deployment(**{**ALL, "availableReplicas": 2}), False),
        (deployment(wanted=2, **ALL), False),
        (deployment(wanted=0), True),
        (deployment(wanted=None, replicas=1, updatedReplicas=1, availableReplicas=1), True),
        ({**deployment(wanted=0), "status": {}}, False),  # nobody has looked at it yet
        (None, False),
        (deployment(kind="StatefulSet", **ALL), True),
        (deployment(kind="ReplicaSet", replicas=3, availableReplicas=3), True),
        (deployment(kind="ReplicaSet", replicas=3, availableReplicas=1), False),
        (
            deployment(
                kind="DaemonSet", desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=2
            ),
            True,
        ),
        (
            deployment(
                kind="DaemonSet", desiredNumberScheduled=2, updatedNumberScheduled=1, numberAvailable=2
            ),
            False,
        ),
    ],
)
def test_a_rollout(o, expected):
    assert is_complete(o) is expected


def test_what_has_no_rollout():
    with pytest.raises(Usage, match="ConfigMap has no rollout"):
        is_complete({"kind": "ConfigMap", "metadata": {"name": "x"}})


def job(kind, status="True"):
    condition = {"type": kind, "status": status, "reason": "BackoffLimitExceeded", "message": "too often"}
    return {"kind": "Job", "metadata": {"name": "once"}, "status": {"conditions": [condition]}}


def test_a_job():
    assert is_complete(job("Complete"))
    assert not is_complete(job("Complete", "False"))
    assert not is_done({"kind": "Job", "metadata": {"name": "once"}})
    assert not is_done(job("Failed", "False"))
    with pytest.raises(Mismatch, match="BackoffLimitExceeded: too often"):
        is_complete(job("Failed"))


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([{"type": "Ready", "status": "True"}], True),
        ([{"type": "Ready", "status": "False"}], False),
        ([{"type": "Ready", "status": "Unknown"}], False),
        ([{"type": "PodReadyToStartContainers", "status": "True"}], False),
        ([], False),
        (None, False),
    ],
)
def test_a_condition_type(conditions, expected):
    pod = {"kind": "Pod", "metadata": {"name": "x"}, "status": {"conditions": conditions}}
    assert has("Ready")(pod) is expected


def test_a_condition_of_an_older_generation_does_not_count():
    o = deployment(generation=3, seen=2, conditions=[{"type": "Available", "status": "True"}])
    assert not observed(o)
    assert not has("Available")(o)


def test_a_condition_of_nothing_is_not_true():
    assert has("Ready")(None) is False
    assert has("Ready")({"kind": "Pod", "metadata": {}}) is False


def endpoints(*ready, family="IPv4"):
    return {
        "addressType": family,
        "endpoints": [{"addresses": ["x"], "conditions": {"ready": r}} for r in ready],
    }


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (endpoints(True, False, True), 2),
        (endpoints(None), 1),  # absent means yes, says the API
        (endpoints(), 0),
        ({"addressType": "IPv4", "endpoints": None}, 0),
        (None, 0),
        ({"items": [endpoints(True), endpoints(True, True)]}, 3),
        ({"items": [endpoints(True, True), endpoints(True, True, family="IPv6")]}, 2),
        ({"items": []}, 0),
    ],
)
def test_ready_endpoints(found, expected):
    assert ready_endpoints(found) == expected
