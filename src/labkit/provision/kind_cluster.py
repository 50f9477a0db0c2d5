"""The course's kind cluster: made, resumed after a stop, repaired, removed.

Its node containers carry the lab's label through their image, so that a foreign cluster of the same name is
told apart; its Docker network and its kubeconfig file are its own.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import docker
from docker.errors import NotFound
from docker.models.containers import Container
from docker.types import IPAMConfig, IPAMPool

from labkit.core import engine
from labkit.core.errors import ClusterUnavailable, CommandFailed, NotOurs, TimedOut
from labkit.core.labels import LABEL, labels
from labkit.core.paths import cluster_name, home, kubeconfig, lab_id, repo
from labkit.core.process import run
from labkit.provision import node_health
from labkit.provision.kubernetes_build import Say
from labkit.wait.until import until

KIND_LABEL = "io.x-k8s.kind.cluster"
READINESS = (
    '[{"op": "add", "path": "/spec/template/spec/containers/0/readinessProbe/periodSeconds", "value": 1}]'
)
HEALTHY_SECONDS = 120
API_IS_UP = "✓ Installing CNI"
"""When kind (v0.33.0) says this, the API server is there and the workers are still to come: the add-ons can
go in beside them. Should another kind not say so, they go in when it is done, a few seconds later."""

SIZE = 3
MAKING = threading.Lock()
"""The registry and the cluster come up side by side, and both need the network."""


def nodes(client: docker.DockerClient) -> list[Container]:
    """The cluster's node containers, stopped ones included.

    Raises:
        NotOurs: a cluster of our name exists and carries another lab's label, or none.
    """
    containers = client.containers.list(all=True, filters={"label": f"{KIND_LABEL}={cluster_name()}"})
    foreign = [c.name or "" for c in containers if c.labels.get(LABEL) != lab_id()]
    if foreign:
        raise NotOurs(
            f"A kind cluster named {cluster_name()} exists and this lab did not make it.",
            found=", ".join(sorted(foreign)),
            fix="export LABKIT_CLUSTER=<another name>, then: make up",
        )
    return sorted(containers, key=lambda c: c.name or "")


def network(client: docker.DockerClient) -> str:
    """Makes the cluster's own Docker network if it is not there; returns its name.

    Its subnet is the one that the engine would have chosen, stated: only then may a container be given an
    address, and a control plane that comes back with another address takes a minute longer to recover.
    """
    name = cluster_name()
    with MAKING:
        return ensure_network(client, name)


def ensure_network(client: docker.DockerClient, name: str) -> str:
    """Finds the network, or makes it; one caller at a time."""
    try:
        network = client.networks.get(name)
    except NotFound:
        trial = client.networks.create(name, driver="bridge", labels=labels())
        trial.reload()
        pool = IPAMPool(**{k.lower(): v for k, v in trial.attrs["IPAM"]["Config"][0].items()})
        trial.remove()
        client.networks.create(name, driver="bridge", labels=labels(), ipam=IPAMConfig(pool_configs=[pool]))
        return name
    if (network.attrs.get("Labels") or {}).get(LABEL) != lab_id():
        raise NotOurs(
            f"A Docker network named {name} exists and this lab did not make it.",
            fix="export LABKIT_CLUSTER=<another name>, then: make up",
        )
    return name


def kind_env() -> dict[str, str]:
    """The environment in which kind uses the course's engine and the cluster's own network.

    kind hands its proxy to the nodes, which must reach the lab's registry past it.
    """
    env = engine.cli_env() | {"KIND_EXPERIMENTAL_DOCKER_NETWORK": cluster_name()}
    if proxies := engine.proxies():
        past = [*env.get("NO_PROXY", "").split(","), *proxies.get("NO_PROXY", "").split(","), registry_name()]
        listed = ",".join(dict.fromkeys(name for name in past if name))
        for name, value in (proxies | {"NO_PROXY": listed}).items():
            env |= {name: value, name.lower(): value}
    return env


def registry_name() -> str:
    """The name of the local registry's container, by which nodes reach it, and of its volume."""
    return f"{cluster_name()}-registry"


def finish_control_plane(client: docker.DockerClient) -> None:
    """Adds metrics-server, and has CoreDNS asked for readiness each second instead of every ten."""
    control = client.containers.get(f"{cluster_name()}-control-plane")
    manifest = (repo() / "k8s/cluster/metrics-server.yaml").read_text()
    for command in (
        f"{node_health.API} -n kube-system patch deployment coredns --type=json -p '{READINESS}'",
        f"{node_health.API} apply --server-side -f - <<'MANIFEST'\n{manifest}\nMANIFEST",
    ):
        result = control.exec_run(["bash", "-c", command])
        if result.exit_code:
            output = cast(bytes, result.output).decode(errors="replace").strip()
            raise CommandFailed("The control plane refused an add-on.", found=output)


def kubectl(*arguments: object, **options: Any) -> str:
    """Runs the course's own kubectl against the course's cluster."""
    return run([home() / "bin" / "kubectl", *arguments], env=engine.cli_env(), **options)


def mark() -> Path:
    """The file that says a cluster was made whole, and its nodes' addresses; a half-made one lacks it."""
    return home() / f"{cluster_name()}.complete"


def address(container: Container) -> str:
    """A node's address in the cluster's network; empty while it is stopped."""
    return str(container.attrs["NetworkSettings"]["Networks"].get(cluster_name(), {}).get("IPAddress", ""))


def create(client: docker.DockerClient, image: str, say: Say) -> None:
    """Makes the cluster; what a half-finished earlier run left is removed first."""
    delete(client)
    network(client)
    command: list[str | Path] = [
        *(home() / "bin" / "kind", "create", "cluster", "--name", cluster_name(), "--image", image),
        *("--config", repo() / "k8s/cluster/kind.yaml", "--kubeconfig", kubeconfig(), "--wait", "0s"),
    ]
    lines: list[str] = []
    add_ons: Future[None] | None = None
    with (
        subprocess.Popen(command, env=kind_env(), stderr=subprocess.PIPE, text=True) as process,
        ThreadPoolExecutor(1) as pool,
    ):
        for line in process.stderr or ():
            lines.append(line.rstrip())
            say("kind: " + line.strip(" •✓.\n").encode("ascii", "ignore").decode().strip())
            if API_IS_UP in line and add_ons is None:
                add_ons = pool.submit(finish_control_plane, client)
    if process.returncode:
        raise CommandFailed("kind could not make the cluster.", found="\n".join(lines[-15:]), fix="make up")
    if add_ons is None:
        finish_control_plane(client)
    else:
        add_ons.result()
    mark().write_text(json.dumps({c.name: address(c) for c in nodes(client)}))


def resume(client: docker.DockerClient, say: Say) -> None:
    """Starts stopped node containers, each with the address it had; the state of the cluster is kept."""
    addresses, own = json.loads(mark().read_text()), client.networks.get(cluster_name())
    stopped = [c for c in nodes(client) if c.status != "running"]
    if stopped:
        say("starting the stopped nodes: " + ", ".join(node_health.short(c.name) for c in stopped))
    for container in stopped:
        if container.status == "paused":
            container.unpause()
            continue
        own.disconnect(container, force=True)
        own.connect(container, ipv4_address=addresses[container.name])
        container.start()


def wait_healthy(client: docker.DockerClient, say: Say, timeout: float = HEALTHY_SECONDS) -> None:
    """Waits until nodes are Ready, routes are set and cluster DNS answers on every node.

    Raises:
        ClusterUnavailable: they did not in time; names what is missing.
    """
    say("waiting for nodes, routes and DNS")
    last: list[str] = []

    def healthy() -> bool:
        last[:] = node_health.problems(nodes(client))
        return not last

    try:
        until(healthy, timeout=timeout, every=0.05, what="the cluster is healthy")
    except TimedOut:
        raise ClusterUnavailable(
            "The cluster did not become healthy.",
            found="; ".join(last),
            fix="make up (a second try makes a new one)",
        ) from None


def ensure(image: str, say: Say = lambda text: None) -> str:
    """Brings the cluster up: left alone, resumed, repaired, or made.

    Args:
        image: the node image for a new cluster.
        say: told what is going on.

    Returns:
        What was done: "already up", "resumed", "made" or "made anew: …" with the reason.
    """
    client = engine.client()
    network(client)
    present = nodes(client)
    whole = len(present) == SIZE and mark().exists() and kubeconfig().exists()
    if not whole:
        create(client, image, say)
        wait_healthy(client, say)
        return (
            "made"
            if not present
            else f"made anew: {len(present)} of {SIZE} nodes were left of an earlier one"
        )
    stopped = [c for c in present if c.status != "running"]
    if not stopped and not node_health.problems(present):
        return "already up"
    started = time.monotonic()
    try:
        resume(client, say)
        wait_healthy(client, say)
        return "resumed" if stopped else f"recovered in {time.monotonic() - started:.0f} s"
    except (ClusterUnavailable, CommandFailed, docker.errors.APIError) as e:
        say("it cannot be repaired: making a new one")
        create(client, image, say)
        wait_healthy(client, say)
        return f"made anew, what was in it is gone: {getattr(e, 'found', None) or e}"


def stop(client: docker.DockerClient) -> int:
    """Stops the nodes, all at once, and keeps their state; returns how many were stopped."""
    running = [c for c in nodes(client) if c.status == "running"]
    if running:
        run([*engine.docker_cmd(), "stop", *(c.name for c in running)], env=engine.cli_env())
    return len(running)


def delete(client: docker.DockerClient) -> bool:
    """Removes the cluster and its kubeconfig; True if there was one."""
    present = nodes(client)
    mark().unlink(missing_ok=True)
    for container in present:
        container.remove(force=True, v=True)
    kubeconfig().unlink(missing_ok=True)
    return bool(present)
