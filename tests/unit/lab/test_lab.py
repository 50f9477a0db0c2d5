"""What a Lab refuses, how its clients label, and what a manifest must be; no Docker needed."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace

import docker
import pytest
from docker.errors import APIError
from kubernetes import client

from labkit import Busy, ClusterUnavailable, EngineUnavailable, Lab, Usage
from labkit.lab import cleanup, manifests, reset
from labkit.lab import lab as lab_module
from labkit.lab.clients import BUILT, LabelledAPI, LabelledKube, full_name, kube_client
from labkit.lab.lab import Use, take_lock
from labkit.lab.private_engine import PrivateEngine
from labkit.lab.workspace import VARIABLE, Workspace

OWN = {"labkit.lab": "mine", "labkit.stem": "ch01_x"}


@pytest.mark.parametrize("stem", ["", "ch01", "ch01-x", "../x"])
def test_a_stem_that_is_none(stem):
    with pytest.raises(Usage, match="no stem"):
        Lab(stem)


def test_a_role_that_is_none():
    with pytest.raises(Usage, match="no role"):
        Lab("ch01_x", role="boss")


def test_one_process_a_stem(monkeypatch, tmp_path):
    import subprocess
    import sys

    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
    hold = (
        "import sys; from labkit.lab.lab import take_lock; lock = take_lock('ch01_x');"
        "print('held', flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", hold], **pipes) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Busy, match="in use") as e:
            take_lock("ch01_x")
        assert str(other.pid) in e.value.found
        take_lock("ch02_y").release()
        other.kill()
    take_lock("ch01_x").release()  # the system let go of it when the process died


@pytest.fixture
def api(monkeypatch):
    """A labelled docker client that only records what it would send."""
    made = LabelledAPI.__new__(LabelledAPI)
    made.own_labels, sent = OWN, []
    monkeypatch.setattr(LabelledAPI, "_url", lambda self, path, *a, **k: path)
    monkeypatch.setattr(LabelledAPI, "_version", "1.45", raising=False)
    monkeypatch.setattr(LabelledAPI, "_post_json", lambda self, url, data=None, **k: sent.append(data))
    monkeypatch.setattr(LabelledAPI, "_result", lambda self, *a, **k: {})
    return made, sent


def test_what_docker_creates_is_labelled(api):
    made, sent = api
    made.create_container_from_config({"Image": "x", "Labels": {"a": "b", "labkit.lab": "of the image"}})
    made.create_network("n")
    made.create_volume("v", labels={"c": "d"})
    assert sent[0]["Labels"] == {"a": "b", **OWN, BUILT: ""}
    assert sent[1]["Labels"] == OWN
    assert sent[2]["Labels"] == {"c": "d", **OWN}


def test_a_configuration_that_the_caller_keeps_is_not_changed_for_others(api):
    made, _ = api
    mine = {"Image": "x"}
    made.create_container_from_config(mine)
    assert "Labels" not in mine


@pytest.mark.parametrize(("method", "labelled"), [("POST", True), ("PATCH", False), ("DELETE", False)])
def test_what_kubernetes_creates_is_labelled(monkeypatch, method, labelled):
    kube, sent = LabelledKube(client.Configuration(), OWN), []
    monkeypatch.setattr(
        client.ApiClient, "call_api", lambda self, m, u, h=None, body=None, *a, **k: sent.append(body)
    )
    body = {"metadata": {"name": "x", "labels": {"a": "b"}}, "spec": {"template": {"metadata": {}}}}
    kube.call_api(method, "/api", None, body)
    assert sent[0]["metadata"]["labels"] == ({"a": "b", **OWN} if labelled else {"a": "b"})
    assert sent[0]["spec"] == body["spec"]
    assert body["metadata"]["labels"] == {"a": "b"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("a: [", "cannot be read"),
        ("kind: Pod\napiVersion: v1\n", "no object"),
        ("kind: Pod\napiVersion: v1\nmetadata: {}\n", "no object"),
        ("just words\n", "no object"),
    ],
)
def test_a_bad_manifest(tmp_path, text, said):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(Usage, match=said):
        manifests.read(tmp_path / "x.yaml", {})


def test_a_manifest_with_a_value_that_is_not_given(tmp_path):
    (tmp_path / "x.yaml").write_text("kind: Pod\napiVersion: v1\nmetadata: {name: '${NAME}'}\n")
    assert manifests.read(tmp_path / "x.yaml", {"NAME": "web"})[0]["metadata"]["name"] == "web"
    with pytest.raises(Usage, match="cannot be read"):
        manifests.read(tmp_path / "x.yaml", {"OTHER": 1})


def test_a_manifest_that_is_not_there_names_those_that_are():
    with pytest.raises(Usage, match="no manifest"):
        manifests.locate("ch12_scalability", "none.yaml")


def test_docker_clients_are_the_sdks_own(monkeypatch):
    assert issubclass(LabelledAPI, docker.APIClient)
    assert issubclass(LabelledKube, client.ApiClient)


@pytest.mark.parametrize(
    ("repository", "tag", "expected"),
    [
        ("ch01-app", None, "ch01-app:latest"),
        ("ch01-app", "2", "ch01-app:2"),
        ("ch01-app:2", None, "ch01-app:2"),
        ("localhost:5001/ch01-app", None, "localhost:5001/ch01-app:latest"),
        ("localhost:5001/ch01-app:2", None, "localhost:5001/ch01-app:2"),
        (None, "2", "untagged"),
    ],
)
def test_an_images_full_name(repository, tag, expected):
    assert full_name(repository, tag) == expected


@pytest.mark.parametrize("how", [("x", "ch01-app"), ("x",)])
def test_what_is_built_is_labelled_and_named(monkeypatch, api, how):
    made, _ = api
    sent = {}
    monkeypatch.setattr(docker.APIClient, "build", lambda self, path, tag, *a, **k: sent.update(k, tag=tag))
    if len(how) == 2:
        made.build(*how, labels={"a": "b"})
    else:
        made.build(*how, tag="ch01-app", labels={"a": "b"})
    assert sent["tag"] == "ch01-app"
    assert sent["labels"] == {"a": "b", **OWN, BUILT: "ch01-app:latest"}


@pytest.mark.parametrize("changes", [None, "ENV A=b", ["ENV A=b"]])
def test_what_is_committed_is_labelled_and_named(monkeypatch, api, changes):
    made, _ = api
    sent = {}
    monkeypatch.setattr(docker.APIClient, "commit", lambda self, c, r, t, *a, **k: sent.update(k))
    made.commit("box", "ch01-app", "2", changes=changes)
    labels = [f'LABEL {k}="{v}"' for k, v in {**OWN, BUILT: "ch01-app:2"}.items()]
    assert sent["changes"] == ([] if changes is None else ["ENV A=b"]) + labels


class Thing:
    """An image or another object, as docker-py has it."""

    def __init__(self, name=None, tags=(), built=None):
        if name is None:
            self.tags, self.short_id = list(tags), "sha256:0123"
        self.name, self.labels = name, {BUILT: built} if built else {}


@pytest.mark.parametrize(
    ("tags", "built", "ours"),
    [
        (["ch01-app:1"], "ch01-app:1", ["ch01-app:1"]),
        (["ch01-app:1", "mine:1"], "ch01-app:1", ["ch01-app:1"]),
        (["app:1"], "app:1", ["app:1"]),  # built without the prefix, and ours all the same
        (["mine:1"], "ch01-app:1", []),  # built upon ours by somebody else: the label is inherited
        (["localhost:5001/ch01-app:1"], None, ["localhost:5001/ch01-app:1"]),
        (["ch010-app:1"], None, []),
    ],
)
def test_which_names_of_an_image_are_ours(tags, built, ours):
    assert cleanup.own_tags(Thing(tags=tags, built=built), "ch01-") == ours


def test_what_things_are_called():
    assert cleanup.name_of(Thing("ch01-box"), "ch01-") == "ch01-box"
    assert cleanup.name_of(Thing(tags=["mine:1", "ch01-app:1"]), "ch01-") == "ch01-app:1"
    assert cleanup.name_of(Thing(tags=[]), "ch01-") == "sha256:0123"


class Committed:
    """An image that was made of another one; two removals at once meet, and fail."""

    meeting = threading.Barrier(2)

    def __init__(self, name, parent=""):
        self.id, self.tags, self.labels, self.attrs = name, [f"ch01-{name}:1"], {}, {"Parent": parent}

    @classmethod
    def remove(cls, tag, force):
        try:
            cls.meeting.wait(timeout=0.05)
        except threading.BrokenBarrierError:  # nobody came
            cls.meeting.reset()
        else:
            raise APIError("409", explanation="image has dependent child images")


def test_children_of_an_image_go_before_it():
    images = [Committed("a"), Committed("b", "a"), Committed("other", "away"), Committed("c", "b")]
    assert [i.id for i in cleanup.children_first(images)] == ["c", "b", "a", "other"]


def test_images_are_removed_one_by_one(monkeypatch):
    images = [Committed("a"), Committed("b", "a"), Committed("c", "b")]
    monkeypatch.setattr(cleanup, "things", lambda *arguments: {"images": images})
    removed = cleanup.remove(SimpleNamespace(images=Committed), {"labkit.stem": "ch01_x"}, None)
    assert removed == {"images": ["ch01-a:1", "ch01-b:1", "ch01-c:1"]}


def test_whose_things_are(monkeypatch):
    monkeypatch.setattr(reset, "lab_id", lambda: "mine")
    assert reset.is_free(None)
    assert reset.is_free({})
    assert reset.is_free({"labkit.lab": "mine"})
    assert not reset.is_free({"labkit.lab": "theirs"})


def test_without_a_cluster_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
    with pytest.raises(ClusterUnavailable, match="make up"):
        kube_client({})


def test_without_an_engine_the_stem_is_free_again(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(EngineUnavailable):
        Lab("ch01_x")
    take_lock("ch01_x").release()


def test_the_cluster_is_never_asked_through_a_proxy(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
    monkeypatch.setenv("LABKIT_CLUSTER", "c")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    config = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443"}}],
        "users": [{"name": "c", "user": {}}],
    }
    (tmp_path / "c.kubeconfig").write_text(json.dumps(config))
    assert kube_client({}).configuration.proxy is None


class Place:
    """What a Lab is opened with here: no engine, no lock but its own."""

    def __init__(self, monkeypatch, tmp_path):
        monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
        monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "progress"))
        monkeypatch.delenv(VARIABLE, raising=False)
        monkeypatch.setattr(lab_module, "docker_client", lambda labels, **engine: Closable())


class Closable:
    def close(self):
        pass


def test_a_chapters_lab_has_the_stem_for_itself_and_no_workspace(monkeypatch, tmp_path):
    Place(monkeypatch, tmp_path)
    lab = Lab("ch96_x")
    try:
        assert lab.use is Use.ALONE
        assert not lab.has_workspace
        with pytest.raises(Usage, match="has no workspace"):
            _ = lab.workspace
        with pytest.raises(Busy):
            take_lock("ch96_x")
    finally:
        lab.leave()


def test_a_learners_own_exercise_has_the_stem_for_itself(monkeypatch, tmp_path):
    Place(monkeypatch, tmp_path)
    lab = Lab("ch96_x", "exercise")
    try:
        assert (lab.use, lab.workspace.own, Lab.opened()) == (Use.ALONE, True, lab)
        with pytest.raises(Busy):
            take_lock("ch96_x")
    finally:
        lab.leave()


def test_a_named_workspace_leaves_the_stem_to_other_processes(monkeypatch, tmp_path):
    Place(monkeypatch, tmp_path)
    workspace = Workspace.fresh("ch96_x", tmp_path / "w")
    monkeypatch.setenv(VARIABLE, str(workspace.write()))
    lab = Lab("ch96_x", "exercise")
    try:
        assert (lab.use, lab.session, Lab.opened()) == (Use.NAMED, workspace.session, lab)
        take_lock("ch96_x").release()
    finally:
        lab.leave()


def test_labs_at_workspaces_of_their_callers_are_open_side_by_side(monkeypatch, tmp_path):
    Place(monkeypatch, tmp_path)
    labs = [Lab("ch96_x", "proof", Workspace.fresh("ch96_x", tmp_path / n)) for n in "ab"]
    try:
        assert {lab.use for lab in labs} == {Use.APART}
        assert Lab.opened() is None
        assert labs[0].session != labs[1].session
    finally:
        for lab in labs:
            lab.leave()


def test_the_cluster_is_not_asked_for_until_it_is_needed(monkeypatch, tmp_path):
    Place(monkeypatch, tmp_path)
    clients = []
    monkeypatch.setattr(lab_module, "kube_client", lambda labels, path: clients.append(labels) or "client")
    removed = []
    monkeypatch.setattr(cleanup, "remove", lambda api, labels, kube: removed.append(kube))
    Lab("ch96_x").close()
    assert (clients, removed) == ([], [None])
    lab = Lab("ch96_x")
    assert lab.kube is lab.kube
    lab.close()
    assert (len(clients), removed) == (1, [None, "client"])


class Refusing:
    """A container, or a volume, whose removal the engine refuses with a conflict."""

    def __init__(self, text):
        self.text, self.tags, self.name = text, [], "x"

    def remove(self, **options):
        response = type("Response", (), {"status_code": 409})
        raise APIError("409", response=response, explanation=self.text)


def test_a_container_that_is_being_removed_is_waited_for_however_the_engine_words_it(monkeypatch):
    waited = []
    monkeypatch.setattr(cleanup.wait_docker, "wait", lambda *arguments: waited.append(arguments))
    container = Refusing("wird bereits entfernt")
    assert cleanup.remove_thing(None, "containers", "ch96-", container) is None
    assert waited == [(container, "removed", cleanup.REMOVAL_SECONDS)]
    assert cleanup.remove_thing(None, "volumes", "ch96-", Refusing("volume is in use")) == "volume is in use"
    assert len(waited) == 1


def test_a_private_engine_that_does_not_run_says_so():
    owner = type("Owner", (), {"prefix": "ch96-", "session": "abcdef"})
    engine = PrivateEngine(owner, "other")
    for part in ("container", "docker", "docker_host"):
        with pytest.raises(Usage, match="does not run"):
            getattr(engine, part)
