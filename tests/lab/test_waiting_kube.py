"""Waits for objects of the real cluster: by watch, through broken watches, with evidence at the end."""

from __future__ import annotations

import threading
import time

import pytest
from kubernetes import client

from labkit import Lab, Mismatch, TimedOut, Usage
from labkit.wait import objects
from tests.config_maps import is_set, marker, setter
from tests.conftest import Once, later

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(300)]
STEM = "ch94_wait_kube"

WEB = """
apiVersion: apps/v1
kind: ${KIND}
metadata: {name: ${NAME}}
spec:
  ${MORE}
  selector: {matchLabels: {app: ${NAME}}}
  template:
    metadata: {labels: {app: ${NAME}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: "${IMAGE}"
        readinessProbe: {httpGet: {path: /readyz, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: ${NAME}}
spec: {selector: {app: ${NAME}}, ports: [{port: 80, targetPort: 8080}]}
"""
JOB = (
    "{apiVersion: batch/v1, kind: Job, metadata: {name: ${NAME}}, spec: {backoffLimit: 0, template: {spec: {"
    "restartPolicy: Never, containers: [{name: a, image: 'localhost:5001/python:3.13', command: [${DO}]}]}}}}"
)


@pytest.fixture(scope="module")
def lab():
    with Lab(STEM, role="test") as made:
        yield made


@pytest.fixture
def web(lab, tmp_path):
    """Applies a workload and its Service."""

    def make(name, image="localhost:5001/web:1.0", kind="Deployment", more="replicas: 2"):
        (tmp_path / "web.yaml").write_text(WEB)
        return lab.apply(tmp_path / "web.yaml", NAME=name, IMAGE=image, KIND=kind, MORE=more)

    return make


def test_rollout_service_pods_and_their_end(lab, web):
    deployment, service = web("web")
    assert lab.wait(deployment, "Available").status.availableReplicas == 2
    assert len(lab.wait(service, "Endpoints", count=2).endpoints) == 2
    web("web", image="localhost:5001/web:2.0")
    done = lab.wait("deployment/web", "complete")
    assert done.status.updatedReplicas == done.status.replicas == 2
    core = client.CoreV1Api(lab.kube)
    pods = core.list_namespaced_pod(lab.namespace, label_selector="app=web").items
    living = next(p for p in pods if not p.metadata.deletion_timestamp)
    assert living.kind is None  # the SDK leaves it empty in lists
    assert lab.wait(living, "Ready").metadata.name == living.metadata.name
    core.delete_namespaced_pod(living.metadata.name, lab.namespace)
    lab.wait(living, "gone", timeout=30)


def test_complete_is_not_what_the_old_replicas_say(lab, web):
    web("turn")
    lab.wait("deployment/turn", "complete")
    web("turn", image="localhost:5001/none:1.0")
    with pytest.raises(TimedOut):  # the old Pods are available all the while
        lab.wait("deployment/turn", "complete", timeout=2)


def test_a_service_with_two_slices_counts_both(lab):
    discovery = client.DiscoveryV1Api(lab.kube)
    core = client.CoreV1Api(lab.kube)
    core.create_namespaced_service(
        lab.namespace, {"metadata": {"name": "two"}, "spec": {"ports": [{"port": 80}]}}
    )
    for number in (1, 2):
        labels = {"kubernetes.io/service-name": "two"}
        slice_ = {
            "metadata": {"name": f"two-{number}", "labels": labels},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [f"10.1.1.{number}"], "conditions": {"ready": True}}],
        }
        later(0.3 * number, lambda s=slice_: discovery.create_namespaced_endpoint_slice(lab.namespace, s))
    assert lab.wait("service/two", "Endpoints", count=2, timeout=10).kind == "EndpointSlice"
    with pytest.raises(TimedOut, match=r"at 3 ready endpoint\(s\)") as e:
        lab.wait("svc/two", "Endpoints", count=3, timeout=0.5)
    assert "2 ready endpoint(s)" in e.value.evidence


@pytest.mark.parametrize(("kind", "more"), [("StatefulSet", "serviceName: x"), ("DaemonSet", "")])
def test_other_rollouts(lab, web, kind, more):
    workload, _ = web(kind.lower(), kind=kind, more=more)
    status = lab.wait(workload, "complete").status
    assert (status.availableReplicas or status.numberAvailable) >= 1


def test_a_rollout_that_cannot_finish_shows_why(lab, web):
    stuck, _ = web("stuck", image="localhost:5001/none:1.0")
    with pytest.raises(TimedOut) as e:
        lab.wait(stuck, "Available", timeout=8)
    assert "MinimumReplicasUnavailable" in e.value.evidence
    assert "event: ScalingReplicaSet" in e.value.evidence
    assert "ErrImagePull" in e.value.evidence or "ImagePullBackOff" in e.value.evidence
    assert e.value.fix == f"kubectl describe deployment stuck -n {lab.namespace}"


def test_a_job(lab, tmp_path):
    (tmp_path / "job.yaml").write_text(JOB)
    done = lab.apply(tmp_path / "job.yaml", NAME="once", DO="'true'")
    assert lab.wait(done, "Complete").status.succeeded == 1
    lab.wait("job/once", "complete", timeout=0)


def test_a_job_that_failed_is_not_waited_for(lab, tmp_path):
    (tmp_path / "job.yaml").write_text(JOB)
    failed, began = lab.apply(tmp_path / "job.yaml", NAME="never", DO="'false'"), time.monotonic()
    with pytest.raises(Mismatch, match="BackoffLimitExceeded"):
        lab.wait(failed, "Complete", timeout=120)
    assert time.monotonic() - began < 60


def test_a_predicate_by_event(lab):
    target = marker(lab, "by-event")
    assert lab.wait(target, Once(is_set, (0.3, setter(lab, "by-event"))), timeout=10).data.now == "yes"


def test_an_object_that_does_not_exist_yet(lab):
    core = client.CoreV1Api(lab.kube)
    body = {"metadata": {"name": "later"}, "data": {"now": "yes"}}
    later(0.5, lambda: core.create_namespaced_config_map(lab.namespace, body))
    assert lab.wait("configmap/later", is_set, timeout=10)


def test_what_happens_between_the_list_and_the_watch_is_not_missed(lab, monkeypatch):
    target, began, real = marker(lab, "between"), time.monotonic(), objects.Watched.look

    def look(self, deadline):
        found = real(self, deadline)
        if not is_set(found):
            setter(lab, "between")()
        return found

    monkeypatch.setattr(objects.Watched, "look", look)
    assert lab.wait(target, is_set, timeout=20)
    assert time.monotonic() - began < 10


def test_gone_means_that_very_object(lab):
    core = client.CoreV1Api(lab.kube)
    old = core.create_namespaced_config_map(lab.namespace, {"metadata": {"name": "twice"}})
    replaced = threading.Event()

    def replace():
        core.delete_namespaced_config_map("twice", lab.namespace)
        core.create_namespaced_config_map(lab.namespace, {"metadata": {"name": "twice"}})
        replaced.set()

    later(0.3, replace)
    lab.wait(old, "gone", timeout=10)
    assert replaced.wait(10)
    lab.wait(old, "gone", timeout=0)
    with pytest.raises(TimedOut):
        lab.wait("configmap/twice", "gone", timeout=0.3)


@pytest.mark.parametrize("words", ["cm/named", "configmap/named", "configmaps/named", "ConfigMap/named"])
def test_names_as_kubectl_takes_them(lab, words):
    if words.startswith("cm"):
        marker(lab, "named")
    assert lab.wait(words, lambda o: o["metadata"]["name"] == "named", timeout=5).kind == "ConfigMap"


def test_a_name_that_two_groups_have_is_the_core_ones(lab):
    assert objects.wait  # pods are in the core group and in metrics.k8s.io
    from labkit.lab.manifests import as_object

    assert as_object(lab, "pods/x")["apiVersion"] == "v1"
    assert as_object(lab, "event/x")["apiVersion"] == "v1"


def test_a_dict_without_a_namespace_is_looked_for_in_the_labs(lab):
    marker(lab, "here")
    target = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "here"}}
    assert lab.wait(target, lambda o: True, timeout=5).metadata.namespace == lab.namespace


def test_an_unknown_kind_and_an_unclear_name(lab):
    with pytest.raises(Usage, match="names no object"):
        lab.wait("nonsense/x", "Ready")
    with pytest.raises(Usage, match="names no object"):
        lab.wait("web", "Ready")
    with pytest.raises(Usage, match="nothing that can be waited for"):
        lab.wait(42, "Ready")
    with pytest.raises(Usage, match="no kind Nonsense"):
        lab.wait({"kind": "Nonsense", "metadata": {"name": "x"}}, "Ready")


@pytest.mark.parametrize(("kind", "condition"), [("pod", "running"), ("pod", "Endpoints"), ("pod", None)])
def test_an_unknown_condition(lab, kind, condition):
    with pytest.raises(Usage, match="has no condition"):
        lab.wait(f"{kind}/x", condition, timeout=1)


def test_what_has_no_rollout_is_never_complete(lab):
    target = marker(lab, "no-rollout")
    with pytest.raises(Usage, match="no rollout"):
        lab.wait(target, "complete", timeout=1)


@pytest.mark.times
def test_the_deadline_holds_when_nothing_happens(lab):
    target, began = marker(lab, "nothing"), time.monotonic()
    with pytest.raises(TimedOut, match=r"was not is_set within 0\.7 s"):
        lab.wait(target, is_set, timeout=0.7)
    assert 0.6 < time.monotonic() - began < 2


@pytest.mark.times
def test_a_wait_ends_soon_after_the_event(lab):
    target, core, late = marker(lab, "soon"), client.CoreV1Api(lab.kube), []
    for number in range(9):
        done = []

        def change(number=str(number), done=done):
            core.patch_namespaced_config_map("soon", lab.namespace, {"data": {"now": number}})
            done.append(time.monotonic())

        timer = threading.Timer(0.1, change)
        timer.start()
        lab.wait(target, lambda o, n=str(number): (o.get("data") or {}).get("now") == n, timeout=10)
        ended = time.monotonic()
        timer.join()
        late.append(ended - done[0])
    assert sorted(late)[4] < 0.1  # `labkit bench` measures it on a quiet machine: 50 ms is the bound there
