"""Waits on the real engine and cluster: by events, through broken streams, with evidence when time is up."""

from __future__ import annotations

import threading
import time

import pytest
from kubernetes import client

from labkit import ClusterUnavailable, EngineUnavailable, Lab, TimedOut, Usage, engine, wait_docker, wait_kube
from labkit.home import kubeconfig
from labkit.labelled import docker_client

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
BASE, STEM = "debian:trixie-slim", "ch93_wait_test"
HEALTH = {"test": ["CMD", "test", "-e", "/ok"], "interval": 10**8, "timeout": 10**9, "retries": 1}


@pytest.fixture(scope="module")
def lab():
    with Lab(STEM, role="test") as made:
        yield made


def run(lab, command, **options):
    return lab.docker.containers.run(BASE, ["sh", "-c", command], detach=True, init=True, **options)


class TestContainers:
    def test_exit(self, lab):
        assert lab.wait(run(lab, "sleep 0.3; exit 7"), "exited").attrs["State"]["ExitCode"] == 7

    def test_one_that_was_never_started_has_not_exited(self, lab):
        with pytest.raises(TimedOut, match="was not exited"):
            lab.wait(lab.docker.containers.create(BASE, "true"), "exited", timeout=0.5)

    def test_health(self, lab):
        box = run(lab, "sleep 0.5; touch /ok; sleep 60", healthcheck=HEALTH)
        assert lab.wait(box, "healthy").attrs["State"]["Health"]["Status"] == "healthy"

    def test_health_of_one_without_a_check_is_a_mistake(self, lab):
        with pytest.raises(Usage, match="has no health check"):
            lab.wait(run(lab, "sleep 60"), "healthy")

    def test_removal(self, lab):
        box = run(lab, "sleep 60")
        threading.Timer(0.3, lambda: engine.client().containers.get(box.id).remove(force=True)).start()
        lab.wait(box, "removed", timeout=10)

    def test_a_predicate(self, lab):
        box = run(lab, "sleep 60")
        threading.Timer(0.3, lambda: engine.client().containers.get(box.id).pause()).start()
        assert lab.wait(box, lambda c: c.status == "paused", timeout=10).status == "paused"
        box.unpause()

    def test_an_unknown_condition(self, lab):
        with pytest.raises(Usage, match="no condition 'ready'"):
            lab.wait(run(lab, "sleep 60"), "ready")

    def test_time_up_shows_state_and_log(self, lab):
        box = run(lab, "echo I am stuck; sleep 60", healthcheck=HEALTH)
        lab.wait(box, lambda c: b"stuck" in c.logs(), timeout=10)
        with pytest.raises(TimedOut) as e:
            lab.wait(box, "healthy", timeout=1)
        assert "last state: running" in e.value.evidence
        assert "I am stuck" in e.value.evidence
        assert e.value.fix.startswith("docker logs")

    def test_a_stream_cut_in_the_middle_is_opened_again(self, lab, proxy):
        through = proxy(engine.host().removeprefix("unix://"))
        box = run(lab, "sleep 2; exit 3")
        api = docker_client({}, f"tcp://127.0.0.1:{through.port}")
        seen = api.containers.get(box.id)
        cut = threading.Timer(0.5, through.cut)
        cut.start()
        assert wait_docker.wait(seen, "exited", 20).attrs["State"]["ExitCode"] == 3
        assert through.opened >= 3

    def test_an_engine_that_goes_away_is_the_engines_fault(self, lab, proxy):
        through = proxy(engine.host().removeprefix("unix://"))
        seen = docker_client({}, f"tcp://127.0.0.1:{through.port}").containers.get(run(lab, "sleep 60").id)
        threading.Timer(0.3, through.close).start()
        with pytest.raises(EngineUnavailable):
            wait_docker.wait(seen, "exited", 20)

    def test_the_deadline_holds_when_nothing_happens(self, lab):
        box, began = run(lab, "sleep 60"), time.monotonic()
        with pytest.raises(TimedOut):
            lab.wait(box, "exited", timeout=0.7)
        assert 0.6 < time.monotonic() - began < 3


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: "${IMAGE}"
        readinessProbe: {httpGet: {path: /readyz, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""


JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: a, image: "localhost:5001/python:3.13", command: ["true"]}]
"""


def marker(lab, name: str) -> dict:
    """A ConfigMap to wait on."""
    core = client.CoreV1Api(lab.kube)
    core.create_namespaced_config_map(lab.namespace, {"metadata": {"name": name}})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": lab.namespace}}


def set_later(lab, name: str, seconds: float) -> None:
    """Writes to the ConfigMap after a while."""
    core = client.CoreV1Api(lab.kube)
    body = {"data": {"now": "yes"}}
    threading.Timer(seconds, lambda: core.patch_namespaced_config_map(name, lab.namespace, body)).start()


def is_set(found: dict) -> bool:
    return (found.get("data") or {}).get("now") == "yes"


@pytest.mark.cluster
class TestCluster:
    def test_rollout_service_pods_and_their_end(self, lab, tmp_path):
        (tmp_path / "web.yaml").write_text(DEPLOYMENT)
        web, service = lab.apply(tmp_path / "web.yaml", IMAGE="localhost:5001/web:1.0")
        assert lab.wait(web, "Available").status.availableReplicas == 2
        assert len(lab.wait(service, "Endpoints", count=2).endpoints) == 2
        web, _ = lab.apply(tmp_path / "web.yaml", IMAGE="localhost:5001/web:2.0")
        done = lab.wait("deployment/web", "complete")
        assert done.status.updatedReplicas == done.status.replicas == 2
        pods = client.CoreV1Api(lab.kube).list_namespaced_pod(lab.namespace, label_selector="app=web").items
        living = next(p for p in pods if not p.metadata.deletion_timestamp)
        assert lab.wait(living, "Ready").metadata.name == living.metadata.name
        client.CoreV1Api(lab.kube).delete_namespaced_pod(living.metadata.name, lab.namespace)
        lab.wait(living, "gone", timeout=30)

    def test_a_rollout_that_cannot_finish_shows_why(self, lab, tmp_path):
        (tmp_path / "web.yaml").write_text(DEPLOYMENT.replace("name: web}", "name: stuck}"))
        stuck, _ = lab.apply(tmp_path / "web.yaml", IMAGE="localhost:5001/none:1.0")
        with pytest.raises(TimedOut) as e:
            lab.wait(stuck, "Available", timeout=3)
        assert "MinimumReplicasUnavailable" in e.value.evidence
        assert "kubectl describe deployment stuck" in e.value.fix

    def test_a_job(self, lab, tmp_path):
        (tmp_path / "job.yaml").write_text(JOB)
        assert lab.wait(lab.apply(tmp_path / "job.yaml"), "Complete").status.succeeded == 1
        lab.wait("job/once", "complete")

    def test_a_predicate_by_event(self, lab):
        target = marker(lab, "by-event")
        set_later(lab, "by-event", 0.5)
        assert lab.wait(target, is_set, timeout=10).data.now == "yes"

    def test_an_object_that_does_not_exist_yet(self, lab):
        core = client.CoreV1Api(lab.kube)
        body = {"metadata": {"name": "later"}, "data": {"now": "yes"}}
        threading.Timer(0.5, lambda: core.create_namespaced_config_map(lab.namespace, body)).start()
        assert lab.wait("configmap/later", is_set, timeout=10)

    def test_a_watch_cut_in_the_middle_is_opened_again(self, lab, proxy):
        dynamic, through = proxied(lab, proxy)
        target = marker(lab, "cut")
        threading.Timer(0.5, through.cut).start()
        set_later(lab, "cut", 1.5)
        assert wait_kube.wait(dynamic, target, is_set, 20)["data"] == {"now": "yes"}

    def test_a_version_that_is_too_old_is_listed_again(self, lab, monkeypatch):
        target, calls = marker(lab, "old"), []
        real = wait_kube.watch.Watch.stream

        def gone_once(self, *a, **k):
            calls.append(1)
            if len(calls) == 1:
                raise client.ApiException(status=410, reason="Gone")
            return real(self, *a, **k)

        monkeypatch.setattr(wait_kube.watch.Watch, "stream", gone_once)
        set_later(lab, "old", 0.5)
        assert lab.wait(target, is_set, timeout=10)
        assert len(calls) >= 2

    def test_an_api_server_that_goes_away_is_the_clusters_fault(self, lab, proxy):
        dynamic, through = proxied(lab, proxy)
        target = marker(lab, "away")
        threading.Timer(0.3, through.close).start()
        with pytest.raises(ClusterUnavailable):
            wait_kube.wait(dynamic, target, is_set, 20)

    def test_an_unknown_kind_and_an_unclear_name(self, lab):
        with pytest.raises(Usage, match="names no object"):
            lab.wait("nonsense/x", "Ready")
        with pytest.raises(Usage, match="nothing that can be waited for"):
            lab.wait(42, "Ready")


def proxied(lab, proxy):
    """A dynamic client whose connection goes through a proxy."""
    from urllib.parse import urlsplit

    from kubernetes import config
    from kubernetes.dynamic import DynamicClient

    from labkit.apply import cache_file
    from labkit.labelled import LabelledKube

    configuration = client.Configuration()
    config.load_kube_config(str(kubeconfig()), client_configuration=configuration)
    at = urlsplit(configuration.host)
    through = proxy((at.hostname, at.port))
    configuration.host, configuration.retries = f"https://127.0.0.1:{through.port}", False
    return DynamicClient(LabelledKube(configuration, {}), cache_file=cache_file()), through
