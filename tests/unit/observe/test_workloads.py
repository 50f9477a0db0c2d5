"""What checks ask of the cluster, on objects as the API server has them; real ones are in the proofs."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest
from kubernetes import client

from labkit import BrokenEnvironment, Mismatch, Missing, TimedOut
from labkit.observe import containers, services, workloads
from labkit.observe.health import where_to_look
from labkit.observe.services import Address, addresses, behind, everyone_answers, host, port_of
from labkit.observe.workloads import (
    REVISION,
    has_started,
    image_ids,
    kept_waiting,
    pods_of,
    refuse,
    restarts,
    same,
    stated,
)


def pod(name, uid="", keeper=None, waiting=None, node="a", **more):
    """A Pod, with what keeps its container waiting."""
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {}}
    metadata = {"name": name, "uid": uid or name, **more}
    if keeper:
        metadata["ownerReferences"] = [{"uid": "x"}, {"uid": keeper, "controller": True}]
    status = {"phase": "Running", "containerStatuses": [{"state": state, "restartCount": 2, "imageID": "i"}]}
    spec = {"nodeName": node, "containers": [{"name": "web"}]}
    return {"metadata": metadata, "spec": spec, "status": status}


def kept(uid, revision, keeper="d"):
    """A ReplicaSet of a Deployment."""
    owners = [{"uid": keeper, "controller": True}]
    return {"metadata": {"uid": uid, "annotations": {REVISION: revision}, "ownerReferences": owners}}


@pytest.fixture
def there(monkeypatch):
    """What the API server lists, by kind."""
    found = {}
    monkeypatch.setattr(workloads, "listed", lambda lab, kind: found.get(kind, []))
    return found


def test_pods_of_a_deployment_are_those_of_its_newest_replicaset_that_stay(there):
    there["ReplicaSet"] = [kept("old", "1"), kept("new", "2"), kept("other", "2", keeper="e")]
    there["Pod"] = [
        pod("b", keeper="new"),
        pod("a", keeper="new"),
        pod("before", keeper="old"),
        pod("bare"),
        pod("theirs", keeper="other"),
        pod("going", keeper="new", deletionTimestamp="now"),
    ]
    deployment = {"metadata": {"uid": "d", "annotations": {REVISION: "2"}}}
    assert [p["metadata"]["name"] for p in pods_of(None, deployment)] == ["a", "b"]


def test_a_pod_has_started_when_all_of_it_runs():
    assert has_started(pod("a"))
    assert not has_started(pod("a", waiting="ContainerCreating"))
    assert not has_started({"metadata": {}, "status": {}})


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("ErrImagePull", "cannot get its image"),
        ("ImagePullBackOff", "cannot get its image"),
        ("CreateContainerConfigError", "cannot be made"),
        ("CrashLoopBackOff", "does not stay up"),
        ("RunContainerError", "does not stay up"),
    ],
)
def test_a_pod_that_will_not_come_up_is_refused_at_once(reason, says):
    with pytest.raises(Mismatch, match=f"A Pod of `x` {says}") as e:
        refuse("`x`", [pod("fine"), pod("a", waiting=reason)], [])
    assert e.value.hint


def test_a_pod_on_its_way_is_not_refused():
    refuse("`x`", [pod("a", waiting="ContainerCreating"), pod("b")], [])


def test_no_room_is_final_only_when_nobody_leaves():
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "cpu"}
    lonely = {"metadata": {"name": "a"}, "status": {"phase": "Pending", "conditions": [condition]}}
    refuse("`x`", [lonely], [lonely, pod("b", deletionTimestamp="now")])
    with pytest.raises(Mismatch, match="finds no node"):
        refuse("`x`", [lonely], [lonely, pod("b")])


def test_who_is_at_fault_when_a_pod_does_not_start(there):
    waits = [pod("a", waiting="ContainerCreating")]
    assert isinstance(kept_waiting(None, "`x`", waits), BrokenEnvironment)
    assert kept_waiting(None, "`x`", []) is None
    assert kept_waiting(None, "`x`", [pod("a", waiting="ContainerCreating", node=None)]) is None
    there["Event"] = [{"involvedObject": {"name": "a"}, "reason": "FailedMount", "message": "no ConfigMap"}]
    assert isinstance(kept_waiting(None, "`x`", waits), Mismatch)


def test_a_helper_that_does_not_start_is_nobodys_fault_but_the_labs():
    def wait(*_, **__):
        raise TimedOut("not Ready", evidence="Pending")

    with pytest.raises(BrokenEnvironment, match="helper Pod"):
        containers.helper_is_up(SimpleNamespace(wait=wait), {})


def slices(*parts):
    """EndpointSlices: family, the names of the ports, and the Pods with whether each is ready."""
    return {
        "items": [
            {
                "addressType": family,
                "ports": [{"name": name, "port": number} for name, number in ports.items()],
                "endpoints": [
                    {
                        "addresses": [f"{family}-{name}"],
                        "conditions": {} if ready is None else {"ready": ready},
                        "targetRef": {"name": name, "uid": f"uid-{name}"},
                    }
                    for name, ready in pods.items()
                ],
            }
            for family, ports, pods in parts
        ]
    }


def test_addresses_of_two_families_count_once_and_ports_go_by_name():
    both = {"http": 8080, "more": 9090}
    found = slices(("IPv4", both, {"a": True, "b": False}), ("IPv6", both, {"a": True, "b": False}))
    assert addresses(found, "http") == [
        Address("a", "uid-a", "IPv4-a", 8080, True),
        Address("b", "uid-b", "IPv4-b", 8080, False),
    ]
    assert [a.port for a in addresses(found, "more")] == [9090, 9090]
    assert addresses(found, None) == addresses(None) == []


def test_an_address_that_says_nothing_is_ready():
    assert [a.ready for a in addresses(slices(("IPv4", {"": 80}, {"a": None})))] == [True]


SERVICE = {
    "metadata": {"name": "shop"},
    "spec": {"ports": [{"port": 80, "targetPort": "http"}], "selector": {"app": "shop"}},
}


def test_a_port_is_found_by_its_whole_number():
    assert port_of(SERVICE, 80)["targetPort"] == "http"
    with pytest.raises(Mismatch, match="port 8080"):
        port_of(SERVICE, 8080)


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        ([], "finds no Pod"),
        ([("a", False), ("b", False)], "finds no Pod"),
        ([("a", True)], "does not send to every replica"),
        ([("a", True), ("b", True), ("c", True)], "other Pods as well"),
        ([("c", True)], "other Pods in place of the replicas"),
    ],
)
def test_a_service_that_sends_elsewhere(monkeypatch, seen, says):
    found = [Address(name, name, "1.2.3.4", 80, ready) for name, ready in seen]
    monkeypatch.setattr(services, "reaches", lambda *_: (False, found))
    ours = [{"metadata": {"name": n, "uid": n, "labels": {"app": "shop"}}} for n in ("a", "b")]
    with pytest.raises(Mismatch, match=says):
        behind(None, SERVICE, 80, ours, lambda strangers: f"who is {strangers}?")


@pytest.mark.parametrize(
    ("seen", "affinity", "says"),
    [
        ({""}, None, "Nobody answers"),
        (set(), None, "Nobody answers"),
        ({"a"}, "ClientIP", "One replica answers all"),
        ({"a"}, None, "Not every replica"),
        ({"a", "b", "c"}, None, "Not every replica"),
        ({"a", "b", ""}, None, "Not every replica"),
    ],
)
def test_who_answers_behind_a_service(monkeypatch, seen, affinity, says):
    monkeypatch.setattr(services, "answered_by", lambda *_: seen)
    service = {**SERVICE, "spec": {**SERVICE["spec"], "sessionAffinity": affinity}}
    with pytest.raises(Mismatch, match=says):
        everyone_answers(None, service, 80, [pod("a"), pod("b")])


def test_everyone_answers(monkeypatch):
    monkeypatch.setattr(services, "answered_by", lambda *_: {"a", "b"})
    everyone_answers(None, SERVICE, 80, [pod("a"), pod("b")])


@pytest.mark.parametrize(
    ("status", "body", "who"),
    [
        (200, '{"host": "a"}', "a"),
        (200, "[]", ""),
        (200, "hello", ""),
        (500, '{"host": "a"}', ""),
        (0, "", ""),
    ],
)
def test_who_answered(status, body, who):
    assert host(containers.Reply(status, body)) == who


def test_what_a_pod_states_is_summed_and_what_it_states_as_a_whole_comes_first():
    one = {"spec": {"containers": [{"resources": {"requests": {"cpu": "20m"}}}, {"name": "plain"}]}}
    assert stated(one, "requests", "cpu") == Decimal("0.02")
    assert stated(one, "limits", "memory") is None
    one["spec"]["containers"][1] = {"resources": {"requests": {"cpu": "0.01"}}}
    assert stated(one, "requests", "cpu") == Decimal("0.03")
    one["spec"]["resources"] = {"requests": {"cpu": "1"}}
    assert stated(one, "requests", "cpu") == 1


def test_quantities_are_compared_by_amount():
    same("limit", "128Mi", Decimal(134217728))
    with pytest.raises(Mismatch, match="no limit"):
        same("limit", "1", None, "hint")
    with pytest.raises(Mismatch, match="another limit") as e:
        same("limit", "1", Decimal(2), "hint")
    assert e.value.hint == "hint"


def test_restarts_and_images_of_pods():
    assert restarts([pod("a", uid="u")]) == {"u": 2}
    assert image_ids(pod("a")) == {"i"}


@pytest.mark.parametrize(
    ("probe_of", "says"),
    [
        (None, "Who asks"),
        ({"periodSeconds": 10, "failureThreshold": 3}, "How often"),
        ({"periodSeconds": 1, "failureThreshold": 3}, "What is a replica asked"),
    ],
)
def test_where_to_look_when_readiness_is_not_heeded(monkeypatch, probe_of, says):
    found = pod("a", uid="u")
    found["spec"]["containers"][0]["readinessProbe"] = probe_of
    monkeypatch.setattr("labkit.observe.health.listed", lambda lab, kind: [found])
    assert where_to_look(None, "u", 10).startswith(says)


def test_an_object_that_is_not_there(monkeypatch):
    monkeypatch.setattr(workloads, "read", lambda *_: None)
    with pytest.raises(Missing, match="no Service `shop`"):
        workloads.there(None, "Service", "shop")


def test_a_helper_pod_is_asked_by_a_client_of_its_own(monkeypatch):
    """While stream() connects, it swaps the client's `request`, which another thread may be using."""
    asked, kube = [], client.ApiClient()
    said = SimpleNamespace(run_forever=lambda timeout: None, read_all=lambda: "")
    monkeypatch.setattr(
        containers, "stream", lambda call, *a, **k: asked.append(call.__self__.api_client) or said
    )
    containers.Inside(SimpleNamespace(kube=kube, namespace="ch96"), "helper").http("http://web/")
    assert asked[0] is not kube
    assert asked[0].configuration is kube.configuration
