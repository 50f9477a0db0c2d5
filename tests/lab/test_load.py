"""The load generator in a real container and a real Pod, while what it asks is stopped and started."""

from __future__ import annotations

import time

import pytest

from labkit import BrokenEnvironment, Lab, LoadGenerator, PodClient, PodWatch
from labkit.provision import images

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
STEM = "ch89_load"
MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: localhost:5001/web:1.0
        env: [{name: VERSION, value: "1.0"}]
        readinessProbe: {httpGet: {path: /readyz, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""


@pytest.fixture
def lab():
    images.ensure(["web:1.0", "python:3.13"])
    with Lab(STEM, role="test") as made:
        yield made


@pytest.mark.times  # a busy computer costs the control a request, too
def test_in_a_container_it_sees_an_outage_and_none_beside_it(lab):
    lab.docker.networks.create("ch89-net")
    options = {"network": "ch89-net", "detach": True}
    for name in ("stopped", "still"):
        version = {"VERSION": name}
        lab.docker.containers.run(
            "localhost:5001/web:1.0", name=f"ch89-{name}", environment=version, **options
        )
    targets = {name: f"http://ch89-{name}:8080/" for name in ("stopped", "still")}
    load = LoadGenerator.in_container(lab, "ch89-load", targets, network="ch89-net", key="version")
    load.wait_last(5, lambda r: r.outcome == "stopped", "stopped")
    load.wait_last(5, lambda r: r.outcome == "still", "still")
    began = time.time()
    container = lab.docker.containers.get("ch89-stopped")
    container.stop()
    load.wait_last(5, lambda r: r.lost, "stopped")
    container.start()
    load.wait_last(5, lambda r: not r.lost, "stopped")
    ended = time.time()
    log = load.complete(began, ended)
    assert log.undisturbed("still", began, ended)
    gone = log.of("stopped").between(began, ended)
    assert len(gone.lost) >= 5
    assert 5 / 25 <= gone.longest_outage <= ended - began + 2
    assert log.of("still").between(began, ended).longest_outage == 0
    load.renew(seconds=0)
    assert load.last(1, "still")[0].number < len(log)
    load.remove()
    assert lab.owned()["containers"] == ["ch89-still", "ch89-stopped"]


def test_a_name_that_nobody_has_is_told_at_once(lab):
    lab.docker.networks.create("ch89-net")
    with pytest.raises(BrokenEnvironment) as told:
        LoadGenerator.in_container(lab, "ch89-load", {"a": "http://ch89-nobody/"}, network="ch89-net")
    assert "gaierror" in told.value.found


@pytest.mark.cluster
@pytest.mark.times
def test_in_a_pod_it_sees_a_service_through_the_end_of_its_pod(lab, tmp_path):
    (tmp_path / "web.yaml").write_text(MANIFEST)
    deployment, _ = lab.apply(tmp_path / "web.yaml")
    lab.wait(deployment, "complete")
    seen = PodWatch(lab)
    load = LoadGenerator.in_pod(lab, "load", {"web": "http://web/"}, cpu="50m", key="version")
    load.wait_last(5, lambda r: r.outcome == "1.0", "web")
    began, (first,) = time.time(), seen.kept("web")
    lab.dynamic.resources.get(api_version="v1", kind="Pod").delete(first.name, lab.namespace)
    load.wait_last(1, lambda r: r.lost, "web")
    load.wait_last(5, lambda r: not r.lost, "web")
    ended = time.time()
    assert load.complete(began, ended).between(began, ended).lost
    (second,) = seen.kept("web")
    assert second.started
    assert began - 1 <= first.deleted <= second.ready
    assert [i.is_new for i in seen.intervals("web", began, ended)] == [False, True]
    load.renew(seconds=0)
    load.remove()


@pytest.mark.cluster
def test_a_client_in_a_pod_says_who_answers_and_starts_its_program_anew(lab, tmp_path):
    (tmp_path / "web.yaml").write_text(MANIFEST)
    deployment, service = lab.apply(tmp_path / "web.yaml")
    lab.wait(deployment, "complete")
    lab.wait(service, "Endpoints")
    url = f"http://{service.spec.clusterIP}/"
    PodClient.start(lab)
    asker = PodClient.start(lab)  # in place of the first one's Pod
    assert {answer["version"] for answer in asker.get(url, 20)} == {"1.0"}
    asker.connection.close()
    assert len(asker.get(url, 2)) == 2
    with pytest.raises(ConnectionError, match="404"):
        asker.get(f"{url}nowhere")
