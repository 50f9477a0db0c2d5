"""The doctor's checks of what Kubernetes needs: port, registry, mirror, nodes, DNS, metrics, traffic."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

from labkit.core import engine
from labkit.core.errors import CommandFailed
from labkit.core.labels import LABEL
from labkit.core.paths import REGISTRY, home, lab_id
from labkit.core.process import run
from labkit.provision import kind_cluster, kubernetes_build, node_health, pull, push, registry
from labkit.provision.doctor.finding import FAIL, SKIPPED, WARN, Finding, finding

TIMEOUT = 5


def tools() -> Iterator[Finding]:
    """Programs kind and kubectl, in the versions that go.mod pins."""
    for name, argv, module in (
        ("kind", ["version", "--quiet"], "sigs.k8s.io/kind"),
        ("kubectl", ["version", "--client", "--output=json"], "k8s.io/kubernetes"),
    ):
        wanted = kubernetes_build.version(module).lstrip("v")
        try:
            out = run([home() / "bin" / name, *argv])
            version = json.loads(out)["clientVersion"]["gitVersion"] if out.startswith("{") else out
            version = version.strip().removeprefix("v")
        except CommandFailed:
            version = "missing"
        yield finding(name, version == wanted, version, wanted, "make up")


def local_registry() -> Iterator[Finding]:
    """The registry runs, answers, and holds the course's images; its port is the usual one."""
    client = engine.client()
    container = next(iter(client.containers.list(all=True, filters={"name": f"^{registry.name()}$"})), None)
    if container and container.labels.get(LABEL) != lab_id():
        stranger = f"a container {registry.name()} that the course did not make"
        yield Finding(
            "registry", FAIL, stranger, "our own", "export LABKIT_CLUSTER=<another name>, then: make up"
        )
        return
    if container is None or container.status != "running":
        state = container.status if container else "none"
        yield Finding("registry", FAIL, state, f"answers on {REGISTRY}", "make up")
        return
    port = registry.published(container)
    fix = "nothing to do: images are pushed by another name"
    yield finding("port", port == registry.PORT, f"127.0.0.1:{port}", REGISTRY, fix, bad=WARN)
    if not registry.answers(port):
        yield Finding("registry", FAIL, "no answer", f"answers on 127.0.0.1:{port}", "make up")
        return
    missing = [name for name, digests in push.stored(port, push.PUSHED).items() if digests <= {None}]
    good = f"{len(push.PUSHED)} images"
    yield finding(
        "registry", not missing, f"missing: {', '.join(missing)}" if missing else good, good, "make up"
    )


def mirror() -> Iterator[Finding]:
    """The mirror named by LABKIT_MIRROR, where one is."""
    name = pull.mirror()
    if not name:
        yield Finding("mirror", "ok", "none set", "LABKIT_MIRROR is optional")
        return
    host = name.split("/")[0]
    local = host.split(":")[0] in ("localhost", "127.0.0.1")
    handlers = [urllib.request.ProxyHandler({})] if local else []  # what is here is asked past the proxy
    ask = urllib.request.build_opener(*handlers).open
    try:
        ask(f"{'http' if local else 'https'}://{host}/v2/", timeout=TIMEOUT).close()
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
    present = kind_cluster.nodes(engine.client())
    if not present:
        yield Finding("cluster", FAIL, "none", f"{kind_cluster.SIZE} nodes", "make up")
        return
    problems = node_health.problems(present)
    yield finding(
        "cluster",
        not problems,
        "; ".join(problems) or f"{len(present)} nodes Ready, DNS answers",
        "healthy",
        "make up",
    )
    if problems and not node_health.api_answers(present):
        why = "the API server cannot be asked"
        yield from (Finding(n, SKIPPED, why, "") for n in ("traffic", "aggregated APIs", "metrics"))
        return
    lost = node_health.lost_traffic(present)
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
    items = json.loads(kind_cluster.kubectl("get", "apiservices", "-o", "json"))["items"]
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
        served = json.loads(kind_cluster.kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes"))[
            "items"
        ]
    except CommandFailed:
        served = []
    good = len(served) == kind_cluster.SIZE
    fix = "half a minute after make up: kubectl -n kube-system rollout restart deployment/metrics-server"
    yield finding("metrics", good, f"{len(served)} nodes", f"{kind_cluster.SIZE} nodes", fix)


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "kind": tools,
    "registry": local_registry,
    "mirror": mirror,
    "cluster": nodes,
}
