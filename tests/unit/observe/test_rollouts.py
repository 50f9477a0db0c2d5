"""What a rollout costs, on a cluster that is made up: who answers, who is gone, what is sent."""

from __future__ import annotations

import contextlib
import threading
from types import SimpleNamespace

import pytest

from labkit import ClusterUnavailable, Mismatch
from labkit.observe import rollouts
from labkit.observe.rollouts import answers_on, cut_short, only_these, restart_under_load

POD = {"metadata": {"name": "old", "uid": "1", "deletionTimestamp": "now", "deletionGracePeriodSeconds": 90}}


class Cluster:
    """A lab and a helper Pod in it; `replies` says of each request whether it is answered."""

    namespace, dynamic = "ch96", None

    def __init__(self, monkeypatch, replies, fails=None):
        self.replies, self.done, self.asked = iter(replies), [], threading.Event()
        self.fails = fails
        monkeypatch.setattr(rollouts, "find", lambda *names: self)
        monkeypatch.setattr(rollouts, "ask", lambda call: call())
        monkeypatch.setattr(rollouts, "rolled_out", self.rolled_out)

    def delete(self, name, namespace):
        self.done.append(f"delete {name}")

    def patch(self, name, namespace, body, content_type):
        self.asked.wait(5)  # the load is under way before anything changes
        self.done.append(f"patch {name}")

    def get(self, namespace):
        return SimpleNamespace(to_dict=lambda: {"items": [POD, {"metadata": {"name": "new"}}]})

    def rolled_out(self, lab, name):
        if self.fails:
            raise self.fails
        self.done.append(f"rolled out {name}")

    def wait(self, thing, condition, timeout):
        self.done.append(f"{thing['metadata']['name']} {condition} within {timeout} s")

    def http(self, url, times=1, patience=1):
        self.asked.set()
        return [SimpleNamespace(ok=next(self.replies, True)) for _ in range(times)]


ONE = SimpleNamespace(pod="old", ip="10.0.0.1", port=8080)


def test_a_pod_that_stops_answering_at_once(monkeypatch):
    cluster = Cluster(monkeypatch, [False])
    assert answers_on(cluster, cluster, ONE, "/healthz", 1) == 0
    assert cluster.done == ["delete old"]


def test_a_pod_that_lingers_is_asked_for_as_long_as_was_said(monkeypatch):
    cluster = Cluster(monkeypatch, [])
    assert 0.2 <= answers_on(cluster, cluster, ONE, "/healthz", 0.2) < 5


def test_lost_requests_are_counted_until_the_last_old_pod_is_gone(monkeypatch):
    cluster = Cluster(monkeypatch, [True, False, False])
    sent, lost = restart_under_load(cluster, cluster, "web", "http://web/")
    assert lost == 2
    assert sent >= rollouts.ROUND
    assert cluster.done == ["patch web", "rolled out web", "old gone within 120 s"]


def test_the_load_ends_with_a_rollout_that_fails(monkeypatch):
    before = threading.active_count()
    cluster = Cluster(monkeypatch, [], fails=Mismatch("It does not end."))
    with pytest.raises(Mismatch):
        restart_under_load(cluster, cluster, "web", "http://web/")
    assert threading.active_count() == before


def test_a_load_that_breaks_is_no_rollout_without_a_loss(monkeypatch):
    cluster = Cluster(monkeypatch, [])

    def http(url, times, patience):
        cluster.asked.set()
        raise ClusterUnavailable("The cluster's API server is unwell.")

    monkeypatch.setattr(cluster, "http", http)
    with pytest.raises(ClusterUnavailable):
        restart_under_load(cluster, cluster, "web", "http://web/")


def deployment(grace=30, **box):
    """A Deployment whose Pods have this grace period and this container."""
    spec = {"terminationGracePeriodSeconds": grace, "containers": [box]}
    return {"spec": {"template": {"spec": spec}, "strategy": {"type": "RollingUpdate"}}}


DRAIN = {"env": [{"name": "GREETING"}, {"name": "DRAIN_SECONDS", "value": "5"}]}
WHY = [
    (deployment(), "The address is taken off"),
    (deployment(1), "The address is taken off"),
    (deployment(1, **DRAIN), "It is told to take its time, and is killed"),
    (deployment(1, lifecycle={"preStop": {}}), "It is told to take its time, and is killed"),
    (deployment(30, **DRAIN), "It takes its time, but"),
]


@pytest.mark.parametrize(("found", "said"), WHY)
def test_why_a_pod_does_not_go_on_answering(found, said):
    assert cut_short(found, 2).startswith(said)


@pytest.mark.parametrize(("to", "ok"), [({"1"}, True), ({"1", "2"}, False), (set(), False)])
def test_a_service_sends_to_these_pods_alone(monkeypatch, to, ok):
    monkeypatch.setattr(rollouts, "reaches", lambda lab, service, port, test: (test(to), []))
    monkeypatch.setattr(rollouts, "sent_to", lambda addresses: addresses)
    monkeypatch.setattr(rollouts, "port_of", lambda service, number: {})
    with contextlib.nullcontext() if ok else pytest.raises(Mismatch, match="alone"):
        only_these(None, {}, 80, [{"metadata": {"uid": "1"}}])
