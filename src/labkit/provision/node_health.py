"""What is wrong with a cluster, seen from inside its nodes: no Pod is made, nothing is changed.

Each node is asked, in one `docker exec`: a route for every other node's Pods, a DNS answer over the Service
address. The API server is asked for the rest.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, cast

from docker.errors import DockerException
from docker.models.containers import Container

from labkit.core.paths import cluster_name

API = "kubectl --kubeconfig=/etc/kubernetes/admin.conf --request-timeout=4s"
LOOK = f"{API} get nodes,leases,deployments -A -o json"
QUERY = (
    r"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    r"\x0akubernetes\x07default\x03svc\x07cluster\x05local\x00\x00\x01\x00\x01"
)
"""A DNS question, as bytes: the A record of kubernetes.default.svc.cluster.local (RFC 1035, 4.1)."""

DNS = f"exec 3<>/dev/udp/10.96.0.10/53 && printf '{QUERY}' >&3 && timeout 2 head -c 12 <&3 | wc -c"
"""bash speaks UDP itself; the answer's header is 12 bytes."""


def short(name: str | None) -> str:
    """A node's name without the cluster's: worker, worker2, control-plane."""
    return (name or "").removeprefix(cluster_name() + "-")


def ask(container: Container, command: str) -> str:
    """Runs a command in a node; an empty answer stands for any failure."""
    try:
        status, output = container.exec_run(["bash", "-c", command], stderr=False)
    except DockerException:
        return ""
    return cast(bytes, output).decode(errors="replace") if status == 0 else ""


def problems(containers: list[Container]) -> list[str]:
    """Everything that keeps the cluster from being healthy, in words; empty if it is."""
    stopped = [f"{short(c.name)} is {c.status}" for c in containers if c.status != "running"]
    if stopped:
        return stopped
    control = next((c for c in containers if (c.name or "").endswith("-control-plane")), None)
    if control is None:
        return ["there is no control-plane node"]
    answer = ask(control, LOOK)
    if not answer:
        return ["the API server does not answer"]
    items = json.loads(answer)["items"]
    nodes = [i for i in items if i["kind"] == "Node"]
    seen_by_api = [*unready(nodes, items, containers), *unavailable(items)]
    if seen_by_api:
        return seen_by_api
    with ThreadPoolExecutor(len(containers)) as pool:
        return [p for problems in pool.map(lambda c: network(c, nodes), containers) for p in problems]


def api_answers(containers: list[Container]) -> bool:
    """Whether the cluster's API server can be asked for anything."""
    return any(
        (c.name or "").endswith("-control-plane") and ask(c, f"{API} get --raw /version") for c in containers
    )


def unready(
    nodes: list[dict[str, Any]], items: list[dict[str, Any]], containers: list[Container]
) -> list[str]:
    """Nodes that are not Ready, or whose kubelet has said nothing since the container started."""
    leases = {i["metadata"]["name"]: i["spec"] for i in items if i["kind"] == "Lease"}
    problems = (
        [f"{len(nodes)} of {len(containers)} nodes have joined"] if len(nodes) < len(containers) else []
    )
    for container in containers:
        node = next((n for n in nodes if n["metadata"]["name"] == container.name), None)
        if node is None:
            continue
        conditions = {c["type"]: c for c in node["status"].get("conditions", [])}
        ready = conditions.get("Ready", {})
        last_word = max(
            ready.get("lastHeartbeatTime", ""), leases.get(container.name, {}).get("renewTime", "")
        )
        if ready.get("status") != "True":
            problems.append(f"{short(container.name)} is not Ready")
        elif last_word < started(container):
            problems.append(f"{short(container.name)}'s kubelet is silent")
    return problems


def started(container: Container) -> str:
    """When the container started, in the form Kubernetes writes times."""
    at = container.attrs["State"]["StartedAt"][:26].rstrip("Z")
    return datetime.fromisoformat(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def unavailable(items: list[dict[str, Any]]) -> list[str]:
    """System Deployments without an available replica (what a Pod can wait for itself is not waited for)."""
    wanted = {"coredns"}
    return [
        f"{i['metadata']['name']} has no available replica"
        for i in items
        if i["kind"] == "Deployment"
        and i["metadata"]["name"] in wanted
        and not i["status"].get("availableReplicas")
    ]


def network(container: Container, nodes: list[dict[str, Any]]) -> list[str]:
    """Routes to other nodes' Pods that are missing on this node, and whether cluster DNS answers it."""
    routes = ask(container, "ip -4 route show").splitlines()
    problems = []
    for node in nodes:
        if node["metadata"]["name"] == container.name:
            continue
        pods = node["spec"].get("podCIDR", "no Pod range")
        at = next((a["address"] for a in node["status"]["addresses"] if a["type"] == "InternalIP"), "")
        if not any(r.startswith(f"{pods} via {at} ") for r in routes):
            problems.append(
                f"{short(container.name)} has no route to the Pods of {short(node['metadata']['name'])}"
            )
    if ask(container, DNS).strip() != "12":
        problems.append(f"cluster DNS does not answer {short(container.name)}")
    return problems


def lost_traffic(containers: list[Container]) -> list[str]:
    """Tries a TCP connection from every node to system Pods on the others; returns those that failed."""
    control = next(c for c in containers if (c.name or "").endswith("-control-plane"))
    pods = json.loads(ask(control, f"{API} get pods -n kube-system -o json") or '{"items": []}')["items"]
    targets = []
    for pod in pods:
        ports = [p["containerPort"] for c in pod["spec"]["containers"] for p in c.get("ports", [])]
        ready = any(
            c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", [])
        )
        if not pod["spec"].get("hostNetwork") and ports and ready:
            tcp = [
                p["containerPort"]
                for c in pod["spec"]["containers"]
                for p in c["ports"]
                if p["protocol"] == "TCP"
            ]
            targets.append((pod["spec"]["nodeName"], pod["status"]["podIP"], tcp[0]))
    if not targets:
        return ["no system Pod to reach"]

    def reach(container: Container) -> list[str]:
        return [
            f"{short(container.name)} does not reach a Pod on {short(node)}"
            for node, ip, port in targets
            if node != container.name
            and ask(container, f"timeout 2 bash -c 'exec 3<>/dev/tcp/{ip}/{port}' && echo yes").strip()
            != "yes"
        ]

    with ThreadPoolExecutor(len(containers)) as pool:
        return sorted({problem for problems in pool.map(reach, containers) for problem in problems})
