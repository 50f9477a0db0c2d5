"""A cluster that is broken on purpose, in a second lab: `doctor` finds each fault, `up` repairs it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import docker
import pytest

from labkit.core import engine
from labkit.devtools.second_lab import labkit, second_lab
from labkit.wait.until import until

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.faults, pytest.mark.timeout(600)]
NAME = "proven-test"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A whole second lab, up."""
    with second_lab(tmp_path_factory.mktemp("second") / "home", NAME) as env:
        labkit(env, "up")
        yield env


@pytest.fixture(scope="module")
def client() -> docker.DockerClient:
    return engine.client()


def findings(env) -> dict[str, dict]:
    """What the doctor says, by name."""
    return {f["name"]: f for f in json.loads(labkit(env, "doctor", "--json", check=False).stdout)}


def healthy(env) -> None:
    """The doctor agrees; on a busy machine a single DNS answer may come late."""
    until(lambda: findings(env)["cluster"]["state"] == "ok", timeout=30, what="the doctor finds it healthy")


def kubectl(env, *arguments: str) -> str:
    program = Path(env["LABKIT_HOME"]) / "bin" / "kubectl"
    config = Path(env["LABKIT_HOME"]) / f"{NAME}.kubeconfig"
    return subprocess.run(
        [program, "--kubeconfig", config, *arguments], check=True, capture_output=True, text=True
    ).stdout


def test_a_whole_lab_has_nothing_wrong(lab):
    until(lambda: findings(lab)["metrics"]["state"] == "ok", timeout=90, what="metrics are served")
    assert [f for f in findings(lab).values() if f["state"] == "fail"] == []


def test_up_again_changes_nothing(lab, client):
    before = {c.id: c.attrs["State"]["StartedAt"] for c in client.containers.list(filters={"name": NAME})}
    assert "already up" in labkit(lab, "up").stdout
    after = {c.id: c.attrs["State"]["StartedAt"] for c in client.containers.list(filters={"name": NAME})}
    assert before == after


def test_a_stopped_node_is_found_and_started_with_its_state(lab, client):
    kubectl(lab, "create", "configmap", "kept", "--from-literal=a=b")
    client.containers.get(f"{NAME}-worker").stop(timeout=1)
    found = findings(lab)["cluster"]
    assert "worker is exited" in found["found"]
    assert found["fix"] == "make up"
    labkit(lab, "up")
    healthy(lab)
    assert "kept" in kubectl(lab, "get", "configmaps")


def test_a_lost_route_is_found_and_comes_back(lab, client):
    node = client.containers.get(f"{NAME}-worker2")
    routes = [
        r for r in node.exec_run("ip -4 route show")[1].decode().splitlines() if r.startswith("10.244.")
    ]
    via = next(r for r in routes if " via " in r)
    kubectl(lab, "-n", "kube-system", "patch", "daemonset", "pod-routes", "--type=merge", "-p", AWAY)
    until(lambda: not routing(lab), timeout=60, what="nobody repairs routes")
    node.exec_run(f"ip route del {via.split(' ')[0]}")
    assert "worker2 has no route" in findings(lab)["cluster"]["found"]
    kubectl(lab, "-n", "kube-system", "patch", "daemonset", "pod-routes", "--type=merge", "-p", BACK)
    until(lambda: findings(lab)["cluster"]["state"] == "ok", timeout=60, what="the route is back")


AWAY = '{"spec":{"template":{"spec":{"nodeSelector":{"nowhere":"yes"}}}}}'
BACK = '{"spec":{"template":{"spec":{"nodeSelector":null}}}}'


def routing(env) -> list:
    return json.loads(kubectl(env, "-n", "kube-system", "get", "pods", "-l", "app=pod-routes", "-o", "json"))[
        "items"
    ]


def test_a_cluster_without_dns_is_found(lab):
    scale = ("-n", "kube-system", "scale", "deployment/coredns")
    kubectl(lab, *scale, "--replicas=0")
    until(lambda: "coredns" in findings(lab)["cluster"]["found"], timeout=60, what="the doctor misses DNS")
    kubectl(lab, *scale, "--replicas=2")
    until(lambda: findings(lab)["cluster"]["state"] == "ok", timeout=60, what="DNS is back")


def test_an_aggregated_api_without_a_server_is_found(lab):
    scale = ("-n", "kube-system", "scale", "deployment/metrics-server")
    kubectl(lab, *scale, "--replicas=0")
    until(lambda: findings(lab)["metrics"]["state"] == "fail", timeout=60, what="the doctor misses metrics")
    until(
        lambda: "metrics" in findings(lab)["aggregated APIs"]["found"], timeout=60, what="the API is missed"
    )
    kubectl(lab, *scale, "--replicas=1")


def test_traffic_that_does_not_cross_nodes_is_found(lab, client):
    node = client.containers.get(f"{NAME}-worker")
    rule = "FORWARD -s {} -p tcp -j DROP"
    ours = node.attrs["NetworkSettings"]["Networks"][NAME]["IPAddress"]
    others = [client.containers.get(f"{NAME}-{n}") for n in ("control-plane", "worker2")]
    for other in others:
        assert other.exec_run(f"iptables -I {rule.format(ours)}")[0] == 0
    assert "worker does not reach" in findings(lab)["traffic"]["found"]
    for other in others:
        other.exec_run(f"iptables -D {rule.format(ours)}")
    assert findings(lab)["traffic"]["state"] == "ok"


def test_a_registry_that_is_gone_is_found_and_made_again(lab, client):
    client.containers.get(f"{NAME}-registry").remove(force=True)
    assert findings(lab)["registry"]["state"] == "fail"
    labkit(lab, "up")
    assert findings(lab)["registry"]["state"] == "ok"


def test_a_taken_port_is_a_warning_and_pods_still_pull(lab):
    # the user's own lab, or the socket below, has 5001: this lab's registry is on another port
    with socket.socket() as s:
        s.settimeout(1)
        if s.connect_ex(("127.0.0.1", 5001)):
            s.bind(("127.0.0.1", 5001))
        port = findings(lab)["port"]
    assert port["state"] == "warn"
    kubectl(lab, "run", "pulled", "--image=localhost:5001/web:1.0")
    kubectl(lab, "wait", "pod/pulled", "--for=condition=Ready", "--timeout=60s")


def test_stop_then_up_keeps_what_was_there(lab):
    kubectl(lab, "create", "configmap", "rested", "--from-literal=a=b")
    assert "stopped 3 nodes" in labkit(lab, "stop").stdout
    assert "resumed" in labkit(lab, "up").stdout
    assert "rested" in kubectl(lab, "get", "configmaps")


def test_a_removed_node_means_a_new_cluster_and_says_so(lab, client):
    client.containers.get(f"{NAME}-worker").remove(force=True, v=True)
    assert "made anew: 2 of 3 nodes" in labkit(lab, "up").stdout
    healthy(lab)


def test_up_interrupted_half_way_is_finished_by_the_next(lab, client):
    for node in client.containers.list(all=True, filters={"label": f"io.x-k8s.kind.cluster={NAME}"}):
        node.remove(force=True, v=True)
    half = subprocess.Popen([sys.executable, "-m", "labkit", "up"], env=lab, stdout=subprocess.DEVNULL)
    until(
        lambda: client.containers.list(filters={"name": f"{NAME}-control-plane"}),
        timeout=60,
        what="kind has begun",
    )
    half.kill()
    half.wait()
    labkit(lab, "up")
    healthy(lab)


def test_missing_tools_are_found(lab):
    kind = Path(lab["LABKIT_HOME"]) / "bin" / "kind"
    target = os.readlink(kind)
    kind.unlink()
    assert findings(lab)["kind"]["found"] == "missing"
    kind.symlink_to(target)


def test_down_takes_all_of_it_and_nothing_of_the_other_lab(lab, client):
    foreign = {c.id for c in client.containers.list(all=True) if not c.name.startswith(NAME)}
    labkit(lab, "down", "--store", "--keep-engine")
    assert client.containers.list(all=True, filters={"name": NAME}) == []
    assert client.networks.list(names=[NAME]) == []
    assert [v for v in client.volumes.list() if v.name.startswith(NAME)] == []
    assert foreign == {c.id for c in client.containers.list(all=True)}
