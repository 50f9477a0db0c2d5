"""A replica that hangs, restarted or not, on a cluster that is made up."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from labkit import Mismatch, TimedOut
from labkit.observe import health
from labkit.observe.health import left_alone, restarted, slowest, unseen

QUICK = {"periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 3}
ONE = SimpleNamespace(pod="desk-1", uid="1", ip="10.0.0.1", port=8080)


class Cluster:
    """A lab of one Pod, which was restarted so often."""

    def __init__(self, monkeypatch, count, probe=None):
        box = {"livenessProbe": probe} if probe else {}
        status = {"containerStatuses": [{"restartCount": count}]}
        self.pod = {"metadata": {"uid": "1"}, "spec": {"containers": [box]}, "status": status}
        self.waited = []
        monkeypatch.setattr(health, "listed", lambda lab, kind: [self.pod])

    def wait(self, thing, condition, timeout):
        self.waited.append((thing, timeout))
        if callable(condition) and not condition(self.pod):
            raise TimedOut("not yet")


def test_a_restart_is_waited_for_and_then_the_pod(monkeypatch):
    lab = Cluster(monkeypatch, 1)
    restarted(lab, ONE, 0, 25)
    assert lab.waited == [("pod/desk-1", 25), ("pod/desk-1", 60)]


def test_a_probe_that_may_be_too_slow_is_not_tried(monkeypatch):
    defaults = {"httpGet": {}, "periodSeconds": 10, "timeoutSeconds": 1, "failureThreshold": 3}
    assert slowest(defaults) == 31
    lab = Cluster(monkeypatch, 1, defaults)  # it was restarted, by luck of the moment
    with pytest.raises(Mismatch, match="within 25 s") as e:
        restarted(lab, ONE, 0, 25)
    assert e.value.hint.startswith("How often")
    assert lab.waited == []


def test_a_probe_whose_answer_takes_longer_than_its_period():
    assert slowest({"periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 2}) == 7


def test_no_restart_says_what_the_probe_does_not_see(monkeypatch):
    lab = Cluster(monkeypatch, 1, {**QUICK, "tcpSocket": {"port": 8080}})
    with pytest.raises(Mismatch, match="within 25 s") as e:
        restarted(lab, ONE, 1, 25)
    assert "kernel accepts" in e.value.hint


HOW = [
    (None, "Who asks"),
    ({"exec": {}}, "Does the command"),
    ({"httpGet": {}}, "How often"),
]


@pytest.mark.parametrize(("probe", "words"), HOW)
def test_each_kind_of_probe_has_its_own_words(probe, words):
    assert unseen(probe).startswith(words)


def test_a_replica_is_left_alone_for_one_more_question(monkeypatch):
    lab = Cluster(monkeypatch, 2, {"periodSeconds": 5, "timeoutSeconds": 2})
    left_alone(lab, ONE, 2)
    assert lab.waited == [("pod/desk-1", 7)]


def test_a_replica_that_is_restarted_for_being_unready(monkeypatch):
    with pytest.raises(Mismatch, match="restarted, too"):
        left_alone(Cluster(monkeypatch, 3), ONE, 2)
