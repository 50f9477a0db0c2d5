"""What the probe says of a cluster, from recorded answers of its nodes."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from labkit.core.paths import cluster_name
from labkit.provision import node_health

NAMES = [f"{cluster_name()}-{n}" for n in ("control-plane", "worker", "worker2")]
CIDRS = dict(zip(NAMES, ("10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"), strict=True))
IPS = dict(zip(NAMES, ("172.19.0.4", "172.19.0.3", "172.19.0.2"), strict=True))


def node(name: str, ready: str = "True", heartbeat: str = "2026-11-24T11:00:10Z") -> dict:
    return {
        "kind": "Node",
        "metadata": {"name": name},
        "spec": {"podCIDR": CIDRS[name]},
        "status": {
            "conditions": [{"type": "Ready", "status": ready, "lastHeartbeatTime": heartbeat}],
            "addresses": [{"type": "InternalIP", "address": IPS[name]}],
        },
    }


def coredns(available: int) -> dict:
    return {"kind": "Deployment", "metadata": {"name": "coredns"}, "status": {"availableReplicas": available}}


class Fake:
    """A node container whose `exec_run` answers from a table."""

    def __init__(self, name: str, items: list[dict] | None, *, status="running", routes=None, dns="12"):
        self.name, self.status, self.items, self.dns = name, status, items, dns
        self.attrs = {"State": {"StartedAt": "2026-11-24T11:00:00.123456789Z"}}
        others = [n for n in NAMES if n != name]
        self.routes = [f"{CIDRS[n]} via {IPS[n]} dev eth0 " for n in others] if routes is None else routes

    def exec_run(self, argv, stderr=False):
        command = argv[-1]
        if "get nodes" in command:
            return (1, b"") if self.items is None else (0, json.dumps({"items": self.items}).encode())
        return 0, ("\n".join(self.routes) if "route" in command else self.dns).encode()


def cluster(items=None, **changes) -> list[Fake]:
    items = [*map(node, NAMES), coredns(1)] if items is None else items
    return [Fake(n, items, **changes.get(node_health.short(n).replace("-", "_"), {})) for n in NAMES]


def test_a_healthy_cluster_has_no_problems():
    assert node_health.problems(cluster()) == []


@pytest.mark.parametrize(
    ("containers", "said"),
    [
        (cluster(worker={"status": "exited"}), "worker is exited"),
        (cluster(items=[node(NAMES[0]), node(NAMES[1]), coredns(1)]), "2 of 3 nodes have joined"),
        (
            cluster(items=[node(NAMES[0]), node(NAMES[1], "False"), node(NAMES[2]), coredns(1)]),
            "worker is not Ready",
        ),
        (
            cluster(
                items=[*map(node, NAMES[:2]), node(NAMES[2], heartbeat="2026-11-24T10:59:00Z"), coredns(1)]
            ),
            "worker2's kubelet is silent",
        ),
        (cluster(items=[*map(node, NAMES), coredns(0)]), "coredns has no available replica"),
        (cluster(worker={"dns": "0"}), "cluster DNS does not answer worker"),
        (cluster(worker2={"routes": []}), "worker2 has no route to the Pods of worker"),
    ],
)
def test_each_fault_is_named(containers, said):
    assert said in node_health.problems(containers)


def test_an_address_that_has_moved_makes_a_route_wrong():
    old = [f"{CIDRS[NAMES[0]]} via 172.19.0.9 dev eth0 ", f"{CIDRS[NAMES[2]]} via {IPS[NAMES[2]]} dev eth0 "]
    assert node_health.problems(cluster(worker={"routes": old})) == [
        "worker has no route to the Pods of control-plane"
    ]


def test_a_silent_api_server_is_one_problem():
    containers = cluster()
    for c in containers:
        c.items = None
    assert node_health.problems(containers) == ["the API server does not answer"]


def test_no_control_plane():
    assert node_health.problems(cluster()[1:]) == ["there is no control-plane node"]


def test_a_node_that_cannot_be_asked_is_a_problem_and_no_crash():
    from docker.errors import APIError

    def refuse(*_, **__):
        raise APIError("409: container is not running")

    broken = SimpleNamespace(name=NAMES[0], exec_run=refuse)
    assert node_health.ask(broken, "true") == ""
