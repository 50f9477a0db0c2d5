"""The local registry: ports, ownership, what is pushed. No Docker needed."""

import http.server
import json
import threading

import pytest
from docker.errors import APIError, ImageNotFound, NotFound

from labkit.core import engine
from labkit.core.errors import CommandFailed, ImageUnavailable, NotOurs
from labkit.core.labels import LABEL, labels
from labkit.core.paths import lab_id
from labkit.provision import images, kind_cluster, push, registry


class Container:
    def __init__(self, port=5001, status="running", fails=None, **more):
        self.labels = more.get("labels", labels())
        self.status, self.fails, self.removed = status, fails, False
        ports = {"5000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(port)}]}
        self.attrs = {"HostConfig": {"PortBindings": ports}, "Image": "sha256:now"}

    def start(self):
        if self.fails:
            raise APIError("500", explanation=self.fails)
        self.status = "running"

    def stop(self, timeout):
        self.status = "exited"

    def reload(self):
        pass

    def remove(self, force):
        assert force
        self.removed = True

    def logs(self, tail):
        return b"last words\n"


class Engine:
    """An engine with at most one container, the registry's."""

    def __init__(self, container=None):
        self.container, self.containers, self.images, self.volumes = container, self, self, self
        self.image, self.made, self.fails, self.forgotten = "sha256:now", [], [], []
        self.api = self.networks = self

    def get(self, name):
        if name == registry.IMAGE:
            if not self.image:
                raise ImageNotFound("no")
            return type("Image", (), {"id": self.image})
        if name == "net":
            return type("Network", (), {"attrs": {"IPAM": {"Config": [{"Subnet": "172.30.0.0/24"}]}}})
        if self.container is None:
            raise NotFound("no such container")
        return self.container

    def create_endpoint_config(self, ipv4_address):
        return ipv4_address

    def create(self, image, **options):
        if not self.image:
            raise ImageNotFound("no")
        options["ports"] = options["ports"]["5000/tcp"]
        self.made.append(options)
        self.container = Container(options["ports"][1], "created", self.fails.pop(0) if self.fails else None)
        return self.container


@pytest.fixture
def use(monkeypatch):
    def use(it):
        monkeypatch.setattr(engine, "client", lambda *a, **k: it)
        monkeypatch.setattr(kind_cluster, "network", lambda client: "net")
        monkeypatch.setattr(registry, "volume", lambda client: "volume")
        monkeypatch.setattr(registry, "answers", lambda port: True)
        monkeypatch.setattr(push, "push", lambda client, port, say: [])
        monkeypatch.setattr(images, "forget", lambda client, ids: it.forgotten.extend(ids))
        return it

    return use


def test_a_running_one_is_used_as_it_is(use):
    it = use(Engine(Container()))
    assert registry.ensure() == "localhost:5001"
    assert it.made == []


def test_none_one_is_made_on_the_usual_port_of_this_machine_only(use):
    it = use(Engine())
    assert registry.ensure() == "localhost:5001"
    made = it.made[0]
    assert made["ports"] == ("127.0.0.1", 5001)
    assert made["name"] == registry.name()
    assert made["labels"][LABEL] == lab_id()
    assert made["networking_config"] == {"net": "172.30.0.254"}


@pytest.mark.parametrize("status", ["exited", "created", "paused", "dead"])
def test_one_that_does_not_run_is_replaced(use, status):
    old = Container(status=status)
    it = use(Engine(old))
    registry.ensure()
    assert old.removed
    assert it.container.status == "running"


def test_one_of_an_older_image_is_replaced(use):
    old = Container()
    it = use(Engine(old))
    it.image = "sha256:newer"
    registry.ensure()
    assert old.removed
    assert it.forgotten == ["sha256:now"]


def test_a_foreign_one_is_left_alone(use):
    foreign = Container(labels={LABEL: "someone"}, status="exited")
    use(Engine(foreign))
    for call in (registry.ensure, registry.stop, registry.address):
        with pytest.raises(NotOurs, match="LABKIT_CLUSTER"):
            call()
    assert not foreign.removed


@pytest.mark.parametrize(
    "words",
    [
        "Bind for 127.0.0.1:5001 failed: port is already allocated",
        "listen tcp4 127.0.0.1:5001: bind: address already in use",
        "ports are not available: exposing port TCP 127.0.0.1:5001",
    ],
)
def test_a_taken_port_gives_another_and_says_so(use, words):
    it, said = use(Engine()), []
    it.fails = [words]
    where = registry.ensure(said.append)
    assert where != "localhost:5001"
    assert len(it.made) == 2
    assert said == [f"{where} (port 5001 is taken by something else)"]


def test_another_failure_is_told(use):
    it = use(Engine())
    it.fails = ["no space left on device"] * 3
    with pytest.raises(CommandFailed, match="no space left"):
        registry.ensure()
    assert it.container.removed


def test_no_image_is_told(use):
    it = use(Engine())
    it.image = None
    with pytest.raises(ImageUnavailable, match="make up"):
        registry.ensure()


def test_silence_is_told_with_the_log(use, monkeypatch):
    use(Engine(Container()))
    monkeypatch.setattr(registry, "answers", lambda port: False)
    monkeypatch.setattr(registry, "ANSWER_SECONDS", 0.05)
    with pytest.raises(CommandFailed, match="last words"):
        registry.ensure()


def test_a_port_that_cannot_be_reached_from_here_is_told_as_such(use, monkeypatch):
    it = use(Engine(Container()))
    it.container.logs = lambda tail: b'level=info msg="listening on [::]:5000"'
    monkeypatch.setattr(registry, "answers", lambda port: False)
    monkeypatch.setattr(registry, "ANSWER_SECONDS", 0.05)
    with pytest.raises(CommandFailed, match="cannot be reached from here"):
        registry.ensure()


def test_address_and_stop(use):
    use(Engine())
    assert registry.address() == ""
    assert not registry.stop()
    it = use(Engine(Container(port=4711)))
    assert registry.address() == "localhost:4711"
    assert registry.stop()
    assert it.container.status == "exited"
    assert registry.address() == ""


def test_wanted_are_repositories():
    assert {"web", "python", "postgres"} <= registry.wanted()
    assert "base" not in registry.wanted()


@pytest.fixture
def stored():
    """A registry that has web:1.0 only."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            assert "vnd.oci.image.manifest.v1+json" in self.headers["Accept"]
            found = self.path == "/v2/web/manifests/1.0"
            body = json.dumps({"config": {"digest": "sha256:c"}} if found else {"errors": []}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Docker-Content-Digest", "sha256:m")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_stored_knows_manifest_and_config(stored):
    assert push.stored(stored, ["web:1.0", "web:2.0"]) == {
        "web:1.0": {"sha256:m", "sha256:c"},
        "web:2.0": set(),
    }


@pytest.mark.parametrize(("id_", "sent"), [("sha256:m", []), ("sha256:c", []), ("sha256:x", ["web:1.0"])])
def test_only_what_differs_is_pushed(stored, monkeypatch, id_, sent):
    monkeypatch.setattr(images, "present", lambda client: {"localhost:5001/web:1.0": {"Id": id_}})
    monkeypatch.setattr(push, "push_one", lambda client, name, where: None)
    assert push.push(None, stored, ["web:1.0"]) == sent


def test_an_image_that_was_not_built_is_named(stored, monkeypatch):
    monkeypatch.setattr(images, "present", lambda client: {})
    with pytest.raises(ImageUnavailable, match=r"localhost:5001/web:1\.0"):
        push.push(None, stored, ["web:1.0"])


class Pusher:
    """An engine that notes pushes and tags."""

    def __init__(self, *lines):
        self.lines, self.calls, self.images, self.api = lines, [], self, self

    def get(self, name):
        return self

    def tag(self, repository, tag):
        self.calls.append(("tag", f"{repository}:{tag}"))

    def push(self, repository, tag, auth_config=None, **_):
        assert auth_config == {}  # else a helper for logins is called, which may be gone
        self.calls.append(("push", f"{repository}:{tag}"))
        return iter(self.lines)

    def remove(self, name, noprune):
        self.calls.append(("untag", name))


def test_the_usual_port_needs_no_other_name():
    client = Pusher({"status": "ok"})
    push.push_one(client, "web:1.0", "localhost:5001")
    assert client.calls == [("push", "localhost:5001/web:1.0")]


def test_another_port_needs_another_name_for_a_moment_even_when_it_fails():
    client = Pusher({"error": "denied"})
    with pytest.raises(CommandFailed, match="denied"):
        push.push_one(client, "web:1.0", "localhost:4711")
    name = "localhost:4711/web:1.0"
    assert client.calls == [("tag", name), ("push", name), ("untag", name)]
