"""The local registry on the real engine, under a cluster name of the test's own."""

import http.client
import json
import secrets
import socket

import pytest
from docker.errors import ImageNotFound, NotFound

from labkit.core import engine
from labkit.core.errors import NotOurs
from labkit.core.labels import LABEL
from labkit.core.paths import REGISTRY, cluster_name, lab_id
from labkit.provision import images, kind_cluster, push, registry

pytestmark = pytest.mark.engine
SMALL = ("redis:8", "nginx:1.26")


@pytest.fixture(scope="module")
def client():
    images.ensure([*SMALL, "registry:2"])
    it = engine.client(timeout=60)
    yield it
    it.close()


@pytest.fixture
def lab(client, monkeypatch):
    """A name that no cluster has, a port that is free, two images to push; all is removed in the end."""
    monkeypatch.setenv("LABKIT_CLUSTER", f"test-registry-{secrets.token_hex(4)}")
    monkeypatch.setattr(registry, "PORT", registry.free_port())
    monkeypatch.setattr(push, "PUSHED", SMALL)
    yield client
    for get, what, options in (
        (client.containers, registry.name(), {"force": True}),
        (client.networks, cluster_name(), {}),
        (client.volumes, registry.name(), {"force": True}),
    ):
        try:
            get.get(what).remove(**options)
        except NotFound:
            continue


def ask(where, path, method="GET", **headers):
    host, _, port = where.partition(":")
    connection = http.client.HTTPConnection(
        "127.0.0.1" if host == "localhost" else host, int(port), timeout=5
    )
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def test_it_comes_up_with_the_images_and_their_layers(lab):
    said = []
    where = registry.ensure(said.append)
    assert where == registry.address() == f"localhost:{registry.PORT}"
    assert said == ["pushing redis:8", "pushing nginx:1.26", where]
    assert json.loads(ask(where, "/v2/_catalog")[1]) == {"repositories": ["nginx", "redis"]}
    for name in SMALL:
        repository, _, tag = name.partition(":")
        manifest = json.loads(ask(where, f"/v2/{repository}/manifests/{tag}", Accept=push.MANIFESTS)[1])
        for part in [manifest["config"], *manifest["layers"]]:
            assert ask(where, f"/v2/{repository}/blobs/{part['digest']}", "HEAD")[0] == 200
    container = lab.containers.get(registry.name())
    assert container.labels[LABEL] == lab_id()
    assert container.labels["labkit.role"] == "infra"
    assert container.attrs["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert list(container.attrs["NetworkSettings"]["Networks"]) == [cluster_name()]
    assert container.attrs["HostConfig"]["PortBindings"]["5000/tcp"][0]["HostIp"] == "127.0.0.1"


def test_a_second_time_nothing_is_done(lab):
    registry.ensure()
    before, said = lab.containers.get(registry.name()).attrs["State"]["StartedAt"], []
    registry.ensure(said.append)
    assert lab.containers.get(registry.name()).attrs["State"]["StartedAt"] == before
    assert len(said) == 1  # nothing pushed


def test_the_passing_names_are_gone_and_the_images_stay(lab):
    where = registry.ensure()
    for name in SMALL:
        with pytest.raises(ImageNotFound):
            lab.images.get(f"{where}/{name}")
        assert lab.images.get(f"{REGISTRY}/{name}")


@pytest.mark.parametrize("fault", ["stop", "kill", "pause", "remove"])
def test_it_is_mended_and_has_kept_its_images(lab, fault):
    where = registry.ensure()
    container = lab.containers.get(registry.name())
    container.remove(force=True) if fault == "remove" else getattr(container, fault)()
    said = []
    assert registry.ensure(said.append) == where
    assert said == [where]  # nothing pushed: its volume had it all
    assert ask(where, "/v2/_catalog")[0] == 200


def test_stop_stops_it_once(lab):
    assert registry.stop() is False
    registry.ensure()
    assert registry.stop() is True
    assert registry.stop() is False
    assert registry.address() == ""


def test_a_taken_port_gives_another_for_good(lab):
    said = []
    with socket.create_server(("127.0.0.1", registry.PORT)):
        where = registry.ensure(said.append)
        assert where != f"localhost:{registry.PORT}"
        assert said[-1].endswith(f"(port {registry.PORT} is taken by something else)")
        lab.containers.get(registry.name()).restart(timeout=2)
        assert registry.ensure() == where
    registry.stop()
    assert registry.ensure() == f"localhost:{registry.PORT}"  # free again


@pytest.mark.parametrize("kind", ["container", "volume", "network"])
def test_what_is_somebody_elses_is_left_alone(lab, kind):
    if kind == "container":
        foreign = lab.containers.create(
            f"{REGISTRY}/redis:8", name=registry.name(), labels={LABEL: "another"}
        )
    elif kind == "volume":
        foreign = lab.volumes.create(registry.name())
    else:
        foreign = lab.networks.create(cluster_name())
    with pytest.raises(NotOurs):
        registry.ensure()
    foreign.reload()
    if kind == "container":
        assert foreign.status == "created"


def test_its_address_is_out_of_the_nodes_way(lab):
    registry.ensure()
    found = lab.containers.get(registry.name()).attrs["NetworkSettings"]["Networks"][cluster_name()]
    net = lab.networks.get(kind_cluster.network(lab)).attrs["IPAM"]["Config"][0]
    assert found["IPAddress"] != net.get("Gateway")
    assert not found["IPAddress"].endswith((".1", ".2", ".3", ".4", ".5"))


def test_an_image_can_be_deleted_from_it(lab):
    where = registry.ensure()
    digests = push.stored(int(where.partition(":")[2]), ["redis:8"])["redis:8"]
    assert 202 in {ask(where, f"/v2/redis/manifests/{d}", "DELETE")[0] for d in digests}
    said = []
    registry.ensure(said.append)
    assert said[0] == "pushing redis:8"
