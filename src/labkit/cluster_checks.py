"""The doctor's checks of what Kubernetes needs: port, registry, mirror, nodes, DNS, metrics, traffic."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Callable, Iterator

from labkit import cluster, engine, golang, node_probe, registry
from labkit.doctor import FAIL, SKIPPED, WARN, Finding, finding
from labkit.errors import CommandFailed, NotOurs
from labkit.home import REGISTRY, home
from labkit.run import run

TIMEOUT = 5


def tools() -> Iterator[Finding]:
    """kind and kubectl, in the versions that go.mod pins."""
    for name, argv, module in (
        ("kind", ["version", "--quiet"], "sigs.k8s.io/kind"),
        ("kubectl", ["version", "--client", "--output=json"], "k8s.io/kubernetes"),
    ):
        wanted = golang.version(module).lstrip("v")
        try:
            out = run([home() / "bin" / name, *argv])
            found = json.loads(out)["clientVersion"]["gitVersion"] if out.startswith("{") else out
            found = found.strip().removeprefix("v")
        except CommandFailed:
            found = "missing"
        yield finding(name, found == wanted, found, wanted, "make up")


def local_registry() -> Iterator[Finding]:
    """The registry runs, answers, and holds the course's images; its port is not somebody else's."""
    try:
        address = registry.address()
    except NotOurs as e:
        yield Finding("registry", FAIL, e.message, "our own container", e.fix or "")
        return
    if not address:
        yield Finding("registry", FAIL, "not running", f"answers on {REGISTRY}", "make up")
        return
    usual = address == REGISTRY
    yield finding(
        "port", usual, address, REGISTRY, f"free port {REGISTRY.split(':')[1]}; all works meanwhile", bad=WARN
    )
    try:
        with urllib.request.urlopen(f"http://{address}/v2/_catalog?n=1000", timeout=TIMEOUT) as answer:
            held = json.load(answer)["repositories"]
    except (OSError, ValueError) as e:
        yield Finding("registry", FAIL, f"no answer ({type(e).__name__})", f"answers on {address}", "make up")
        return
    missing = sorted(registry.wanted() - set(held))
    yield finding(
        "registry", not missing, ", ".join(missing) or f"{len(held)} images", "all pushed", "make up"
    )


def mirror() -> Iterator[Finding]:
    """The mirror named by LABKIT_MIRROR, where one is."""
    name = os.environ.get("LABKIT_MIRROR", "").rstrip("/")
    if not name:
        yield Finding("mirror", "ok", "none set", "LABKIT_MIRROR is optional")
        return
    host = name.split("/")[0]
    local = host.split(":")[0] in ("localhost", "127.0.0.1")
    try:
        urllib.request.urlopen(f"{'http' if local else 'https'}://{host}/v2/", timeout=TIMEOUT).close()
        yield Finding("mirror", "ok", f"{name} answers", "answers")
    except urllib.error.HTTPError as e:  # an answer all the same: it wants a login, say
        yield finding(
            "mirror", e.code in (401, 403), f"{name}: HTTP {e.code}", "answers", "unset LABKIT_MIRROR"
        )
    except OSError as e:
        yield Finding(
            "mirror", FAIL, f"{name}: {e}", "answers", "unset LABKIT_MIRROR, or name another registry"
        )


def nodes() -> Iterator[Finding]:
    """Nodes, routes, DNS, traffic across nodes, aggregated APIs, metrics."""
    present = cluster.nodes(engine.client())
    if not present:
        yield Finding("cluster", FAIL, "none", f"{cluster.SIZE} nodes", "make up")
        return
    problems = node_probe.problems(present)
    yield finding(
        "cluster",
        not problems,
        "; ".join(problems) or f"{len(present)} nodes Ready, DNS answers",
        "healthy",
        "make up",
    )
    if any("is exited" in p or "API server" in p for p in problems):
        why = "the API server cannot be asked"
        yield from (Finding(n, SKIPPED, why, "") for n in ("traffic", "aggregated APIs", "metrics"))
        return
    lost = node_probe.lost_traffic(present)
    yield finding(
        "traffic",
        not lost,
        "; ".join(lost) or "every node reaches every node's Pods",
        "across nodes",
        "make up",
    )
    yield from aggregated()


def aggregated() -> Iterator[Finding]:
    """APIServices that are not available keep namespaces from being deleted; metrics feed the autoscaler."""
    items = json.loads(cluster.kubectl("get", "apiservices", "-o", "json"))["items"]
    down = [
        i["metadata"]["name"]
        for i in items
        if not any(
            c["type"] == "Available" and c["status"] == "True" for c in i["status"].get("conditions", [])
        )
    ]
    yield finding(
        "aggregated APIs", not down, ", ".join(down) or f"all {len(items)}", "all available", "make up"
    )
    try:
        served = json.loads(cluster.kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes"))["items"]
    except CommandFailed:
        served = []
    good = len(served) == cluster.SIZE
    fix = "wait half a minute after `make up`; then: kubectl -n kube-system rollout restart deployment/metrics-server"
    yield finding("metrics", good, f"{len(served)} nodes", f"{cluster.SIZE} nodes", fix)


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "kind": tools,
    "registry": local_registry,
    "mirror": mirror,
    "cluster": nodes,
}
