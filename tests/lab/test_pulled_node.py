"""The pulled road: `kindest/node` from a registry that a setting names, then a whole cluster of it.

The registry is a container of this test; what it serves under kindest/node is a real node image.
"""

from __future__ import annotations

import pytest

from labkit.core import engine, paths
from labkit.core.labels import labels
from labkit.devtools.second_lab import labkit, second_lab
from labkit.provision import images, kubernetes_build, node_image
from labkit.wait import containers

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def mirror():
    """A registry with a node image under the name that kind asks for; the engine keeps nothing of it."""
    client = engine.client()
    built = node_image.built(client, images.ensure_base(), lambda text: None)
    registry = client.containers.run(
        f"{paths.REGISTRY}/registry:2",
        detach=True,
        ports={"5000/tcp": ("127.0.0.1", None)},
        labels=labels(role="test"),
    )
    containers.wait(registry, "healthy", 60)
    registry.reload()
    at = f"localhost:{registry.ports['5000/tcp'][0]['HostPort']}"
    repository, tag = f"{at}/hub/{node_image.PULLED}".rsplit(":", 1)
    client.images.get(built).tag(repository, tag)
    for line in client.api.push(repository, tag=tag, stream=True, decode=True):
        assert "error" not in line, line
    client.images.remove(f"{repository}:{tag}", noprune=True)
    yield f"{at}/hub"
    registry.remove(force=True, v=True)
    for image in client.images.list(repository):
        for name in image.tags:
            if name.startswith(at):
                client.images.remove(name, noprune=True)


def test_a_cluster_of_a_pulled_node_image(mirror, tmp_path):
    client = engine.client()
    with second_lab(tmp_path / "home", "proven-pulled") as env:
        said = labkit(env | {"LABKIT_MIRROR": mirror}, "up").stdout
        assert "cluster" in said
        assert client.images.get(f"{mirror}/{node_image.PULLED}")
        control = client.containers.get("proven-pulled-control-plane")
        below = client.images.get(f"{mirror}/{node_image.PULLED}").attrs["RootFS"]["Layers"]
        assert control.image.attrs["RootFS"]["Layers"][: len(below)] == below
        assert control.exec_run("cat /kind/version")[1].decode().strip() == kubernetes_build.version(
            "k8s.io/kubernetes"
        )


def test_a_mirror_without_it_falls_back_to_what_is_built(mirror, monkeypatch):
    monkeypatch.setenv("LABKIT_MIRROR", mirror.replace("/hub", "/none"))
    assert node_image.pulled(engine.client()) is None


def test_the_setting_that_forbids_pulling(mirror, monkeypatch):
    monkeypatch.setenv("LABKIT_MIRROR", mirror)
    monkeypatch.setenv("LABKIT_BUILD_NODE", "1")
    assert node_image.pulled(engine.client()) is None
