"""The course's images on the real engine: built when they should be, and each a service that works."""

import contextlib
import secrets
import shutil
import time

import docker
import pytest
from docker.errors import ImageNotFound
from requests.exceptions import RequestException

from labkit.core import engine
from labkit.core.errors import CommandFailed, NotOurs
from labkit.core.labels import labels
from labkit.core.paths import REGISTRY, lab_id
from labkit.provision import base_image, image_table, images
from labkit.provision.image_table import IMAGES, Image
from labkit.wait.until import until

pytestmark = pytest.mark.engine
SESSION = secrets.token_hex(4)


@pytest.fixture(scope="module")
def client():
    images.ensure()
    it = engine.client()
    yield it
    it.close()


@pytest.fixture
def volume(client):
    it = client.volumes.create(f"test-images-{secrets.token_hex(4)}", labels=labels("test", "test", SESSION))
    yield it.name
    it.remove(force=True)


@pytest.fixture
def run(client, volume):
    """Starts containers and, in the end, removes them and their network (before `volume`, so it is named)."""
    made = []
    network = client.networks.create(
        f"test-images-{secrets.token_hex(4)}", labels=labels("test", "test", SESSION)
    )

    def run(image, *command, name="it", **options):
        volumes = {v: {"bind": path, "mode": "rw"} for v, path in options.pop("mount", {}).items()}
        options = {"labels": labels("test", "test", SESSION), "volumes": volumes, **options}
        made.append(
            client.containers.create(
                f"localhost:5001/{image}",
                list(command) or None,
                network=network.name,
                networking_config={network.name: client.api.create_endpoint_config(aliases=[name])},
                **options,
            )
        )
        made[-1].start()
        return made[-1]

    yield run
    for container in made:
        container.remove(force=True, v=True)
    network.remove()


def healthy(container, timeout=30):
    def state():
        container.reload()
        assert container.status == "running", container.logs(tail=5).decode()
        return container.health == "healthy"

    until(state, timeout=timeout, every=0.05, what=f"{container.name} is healthy")


def sh(container, *command, **options):
    code, out = container.exec_run(list(command), **options)
    assert code == 0, out.decode()
    return out.decode().strip()


def stopped(container, timeout=8):
    start = time.monotonic()
    container.stop(timeout=timeout)
    container.reload()
    return container.attrs["State"]["ExitCode"], time.monotonic() - start


def course_images(client):
    """The names of the course's images; other tests make and remove images of theirs meanwhile."""
    names = {name for image in client.api.images() for name in image["RepoTags"] or ()}
    return {name for name in names if name.startswith(f"{REGISTRY}/")}


class TestBuilding:
    """With images of the test's own, entered into the table for the time of the test."""

    @pytest.fixture
    def tiny(self, client, tmp_path, monkeypatch):
        """Two images: `parent`, and `child` on it; they belong to a lab of the test's own."""
        mark = secrets.token_hex(4)
        monkeypatch.setattr(images, "lab_id", lambda: f"test-{mark}")
        names = []
        for name, parent in (
            (f"test-{mark}-parent:1", "base:trixie"),
            (f"test-{mark}-child:1", f"test-{mark}-parent:1"),
        ):
            folder = tmp_path / name.partition(":")[0]
            folder.mkdir()
            (folder / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nCOPY file /file\n")
            (folder / "file").write_text(f"{name} 1")
            monkeypatch.setitem(image_table.IMAGES, name, Image(name, str(folder), parent))
            names.append(name)
        yield names
        for image in client.images.list(filters={"label": f"labkit.image-of=test-{mark}"}):
            client.images.remove(image.id, force=True)

    def folder(self, name):
        return IMAGES[name].context

    def test_built_once(self, client, tiny):
        assert images.ensure(tiny[1:]) == tiny
        assert images.ensure(tiny[1:]) == []

    def test_labels(self, client, tiny):
        images.ensure(tiny)
        found = client.images.get(IMAGES[tiny[1]].reference).labels
        assert found["labkit.image"] == tiny[1]
        assert len(found["labkit.hash"]) == 16
        assert "labkit.lab" not in found

    def test_a_changed_file_rebuilds_it_and_the_old_one_is_gone(self, client, tiny):
        images.ensure(tiny)
        old = client.images.get(IMAGES[tiny[1]].reference).id
        (self.folder(tiny[1]) / "file").write_text("two")
        assert images.ensure(tiny) == tiny[1:]
        assert client.images.get(IMAGES[tiny[1]].reference).id != old
        with pytest.raises(ImageNotFound):
            client.images.get(old)

    def test_a_changed_parent_rebuilds_both(self, client, tiny):
        images.ensure(tiny)
        (self.folder(tiny[0]) / "file").write_text("two")
        assert images.ensure(tiny) == tiny

    def test_an_old_image_that_a_container_uses_stays(self, client, tiny):
        images.ensure(tiny)
        old = client.images.get(IMAGES[tiny[1]].reference).id
        container = client.containers.create(old, labels=labels("test", "test", SESSION))
        (self.folder(tiny[1]) / "file").write_text("two")
        assert images.ensure(tiny) == tiny[1:]
        assert client.images.get(old)
        container.remove()

    def test_a_failure_tells_the_programs_own_words(self, client, tiny):
        (self.folder(tiny[0]) / "Dockerfile").write_text(
            "ARG BASE\nFROM ${BASE}\nRUN echo sorry, no && false\n"
        )
        with pytest.raises(CommandFailed, match=r"was not built(.|\n)*sorry, no") as e:
            images.ensure(tiny)
        assert str(self.folder(tiny[0])) in e.value.fix

    def test_a_foreign_image_is_left_alone(self, client, tiny):
        reference = IMAGES[tiny[0]].reference
        client.images.get(base_image.SOURCE).tag(reference)
        try:
            with pytest.raises(NotOurs):
                images.ensure(tiny)
            assert client.images.get(reference).id == client.images.get(base_image.SOURCE).id
        finally:
            client.images.remove(reference, noprune=True)

    def test_remove_all_removes_what_we_built_and_nothing_else(self, client, tiny, tmp_path):
        images.ensure(tiny)
        derived = f"{tiny[0].partition(':')[0]}-learners:1"  # inherits our labels
        (tmp_path / "Dockerfile").write_text(f"FROM {IMAGES[tiny[1]].reference}\nRUN touch /mine\n")
        cli = [
            *engine.docker_cmd(),
            "buildx",
            "build",
            "--builder",
            "default",
            "--tag",
            derived,
            str(tmp_path),
        ]
        images.run(cli, env=engine.cli_env())
        before = course_images(client)
        removed, kept = images.remove_all()
        gone = before - course_images(client)
        assert gone == {IMAGES[n].reference for n in tiny}
        assert set(removed) >= gone
        assert client.images.get(derived)
        assert client.images.get(base_image.SOURCE)
        assert kept == {}

    def test_remove_all_says_what_is_in_use(self, client, tiny):
        images.ensure(tiny)
        reference = IMAGES[tiny[1]].reference
        container = client.containers.create(reference, labels=labels("test", "test", SESSION))
        _, kept = images.remove_all()
        assert set(kept) == {reference}
        container.remove()


@pytest.mark.times
def test_warm_ensure_is_quick_and_builds_nothing(client):
    start = time.monotonic()
    assert images.ensure() == []
    assert time.monotonic() - start < 1


def test_the_images_say_whose_they_are(client):
    for name in images.names():
        found = client.images.get(name)
        assert found.labels["labkit.image"] == name.removeprefix("localhost:5001/")
        assert found.labels["labkit.image-of"]
        assert not {"labkit.lab", "labkit.stem", "labkit.role"} & found.labels.keys()


@pytest.mark.parametrize(
    ("name", "ask", "answer"),
    [
        ("python:3.13", "python --version", "Python 3.13."),
        ("postgres:17", "postgres --version", "postgres (PostgreSQL) 17."),
        ("redis:8", "redis-server --version", "Redis server v=8."),
        ("nginx:1.26", "nginx -v 2>&1", "nginx version: nginx/1.26."),
        ("registry:2", "docker-registry --version", "docker-registry github.com/docker/distribution 2.8"),
        ("engine:26.1", "dockerd --version", "Docker version 26.1."),
    ],
)
def test_the_tag_says_what_is_in_it(client, name, ask, answer):
    out = client.containers.run(
        f"localhost:5001/{name}", ["-c", ask], entrypoint=["sh"], remove=True
    ).decode()
    assert out.startswith(answer)


class TestBase:
    @pytest.mark.skipif(not shutil.which("mmdebstrap"), reason="made by mmdebstrap, which is not here")
    def test_bootstrap(self, client, monkeypatch):
        name = f"test-base-{secrets.token_hex(4)}:trixie-slim"
        monkeypatch.setattr(base_image, "SOURCE", name)
        base_image.bootstrap("a test")
        try:
            made = client.images.get(name)
            assert made.labels == {
                "labkit.base": "bootstrapped",
                "labkit.image": name,
                "labkit.image-of": lab_id(),
            }
            assert made.attrs["Config"]["Cmd"] == ["bash"]
            out = client.containers.run(
                name, ["sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME"], remove=True
            )
            assert out == b"trixie\n"
            assert made.attrs["Size"] < 100e6
        finally:
            client.images.remove(name)

    def test_it_trusts_what_the_machine_trusts(self, client, tmp_path, monkeypatch):
        """An authority made up for the test, named by a variable, is believed in what stands on the base."""
        make = (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=made-up "
            "-keyout /dev/null -out /dev/stdout -days 2 2>/dev/null"
        )
        authority = client.containers.run("localhost:5001/base:trixie", ["sh", "-c", make], remove=True)
        bundle = tmp_path / "ca.pem"
        bundle.write_bytes(b"# a comment\n" + authority)
        for variable in base_image.CA_VARIABLES:
            monkeypatch.setenv(variable, str(bundle))
        name = f"test-base-{secrets.token_hex(4)}:1"
        image = Image(name, "base", parent=None)
        images.build(image, "hash", base_image.ca_bundle(), lambda *_: None)
        try:
            check = [
                "openssl",
                "verify",
                "-CApath",
                "/etc/ssl/certs",
                "/usr/local/share/ca-certificates/host-001.crt",
            ]
            assert b"OK" in client.containers.run(image.reference, check, remove=True)
            count = ["grep", "-c", "BEGIN", "/etc/ssl/certs/ca-certificates.crt"]
            extra = ["sh", "-c", "ls /usr/local/share/ca-certificates | wc -l"]
            assert client.containers.run(image.reference, extra, remove=True).strip() == b"1"
            assert int(client.containers.run(image.reference, count, remove=True)) > 100
            assert client.images.get(image.reference).attrs["Config"]["Env"] == [f"PATH={base_image.PATH}"]
        finally:
            client.images.remove(image.reference)

    def test_a_bundle_that_debian_knows_adds_nothing(self, client, tmp_path):
        bundle = tmp_path / "ca.pem"
        plain = ["sh", "-c", "cat /usr/share/ca-certificates/mozilla/*.crt"]
        bundle.write_bytes(client.containers.run("localhost:5001/base:trixie", plain, remove=True))
        image = Image(f"test-base-{secrets.token_hex(4)}:1", "base", parent=None)
        images.build(image, "hash", bundle, lambda *_: None)
        try:
            extra = ["sh", "-c", "ls /usr/local/share/ca-certificates | wc -l"]
            assert client.containers.run(image.reference, extra, remove=True).strip() == b"0"
        finally:
            client.images.remove(image.reference)


class TestPython:
    def test_versions_and_clients(self, run):
        it = run(
            "python:3.13",
            "sh",
            "-c",
            "python -V; python -c 'import redis, psycopg; print(redis.__version__)'",
        )
        assert it.wait()["StatusCode"] == 0
        assert it.logs().startswith(b"Python 3.13.")

    def test_pip_may_install(self, run):
        it = run("python:3.13", "pip", "install", "--no-index", "nothing-of-this-name")
        it.wait()
        assert b"externally-managed" not in it.logs()
        assert b"No matching distribution" in it.logs()


class TestPostgres:
    def psql(self, container, query):
        return sh(container, "psql", "-U", "postgres", "-qAtc", query)

    def test_rows_survive_a_stop_and_it_stops_quickly(self, run):
        it = run("postgres:17", environment={"POSTGRES_PASSWORD": "course"})
        healthy(it)
        self.psql(it, "create table t (n int); insert into t select generate_series(1, 1000)")
        code, seconds = stopped(it)
        assert (code, seconds < 4) == (0, True)
        it.start()
        healthy(it)
        assert self.psql(it, "select count(*) from t") == "1000"
        assert self.psql(it, "show server_version").startswith("17.")

    def test_rows_survive_a_removal_on_a_volume(self, run, volume):
        data = {volume: "/var/lib/postgresql/data"}
        first = run("postgres:17", environment={"POSTGRES_PASSWORD": "course"}, mount=data)
        healthy(first)
        self.psql(first, "create table t (n int); insert into t values (7)")
        stopped(first)
        second = run("postgres:17", mount=data)  # the password is in the data by now
        healthy(second)
        assert self.psql(second, "select n from t") == "7"

    def test_it_has_no_volume_and_no_root(self, client, run):
        config = client.images.get("localhost:5001/postgres:17").attrs["Config"]
        assert not config.get("Volumes")
        assert config["StopSignal"] == "SIGINT"
        it = run("postgres:17", environment={"POSTGRES_PASSWORD": "course"})
        healthy(it)
        assert sh(it, "id", "-un") == "postgres"
        assert sh(it, "cat", "/proc/1/comm") == "postgres"

    def test_without_a_password_it_says_so(self, run):
        it = run("postgres:17")
        assert it.wait()["StatusCode"] == 1
        assert b"POSTGRES_PASSWORD" in it.logs()

    def test_the_password_is_asked_for_over_the_network(self, run):
        server = run(
            "postgres:17", name="db", environment={"POSTGRES_PASSWORD": "course", "POSTGRES_DB": "shop"}
        )
        healthy(server)
        url = "postgresql://postgres:{}@db/shop"
        ask = ("-Atc", "select current_database()")
        good = run("postgres:17", "psql", url.format("course"), *ask)
        bad = run("postgres:17", "psql", url.format("wrong"), *ask)
        assert (good.wait()["StatusCode"], good.logs()) == (0, b"shop\n")
        assert bad.wait()["StatusCode"] == 2
        assert b"password authentication failed" in bad.logs()

    def test_options_reach_the_server(self, run):
        it = run("postgres:17", "-c", "max_connections=7", environment={"POSTGRES_PASSWORD": "course"})
        healthy(it)
        assert self.psql(it, "show max_connections") == "7"


class TestRedis:
    def test_it_keeps_what_it_has_over_a_stop(self, run):
        it = run("redis:8")
        healthy(it)
        assert sh(it, "redis-cli", "set", "a", "1") == "OK"
        code, seconds = stopped(it)
        assert (code, seconds < 2) == (0, True)
        it.start()
        healthy(it)
        assert sh(it, "redis-cli", "get", "a") == "1"
        assert sh(it, "id", "-u") == "999"

    def test_the_client_reaches_it_by_name(self, run):
        healthy(run("redis:8", name="store"))
        it = run("redis:8", "redis-cli", "-h", "store", "ping")
        assert it.wait()["StatusCode"] == 0
        assert it.logs() == b"PONG\n"


class TestNginx:
    def test_it_serves_and_ends_in_order(self, run):
        it = run("nginx:1.26", name="front", read_only=True, tmpfs={"/tmp": ""})
        healthy(it)
        ask = "import urllib.request as u; print(u.urlopen('http://front:8080/').read().decode())"
        client = run("python:3.13", "python", "-c", ask)
        assert client.wait()["StatusCode"] == 0
        assert b"container of the course" in client.logs()
        assert b"GET / HTTP" in it.logs()
        sh(it, "sh", "-c", 'test "$(id -un)" = www-data')  # an engine that is busy loses output, no status
        code, seconds = stopped(it)
        assert (code, seconds < 2) == (0, True)


class TestWorker:
    def test_a_job_becomes_a_row_though_the_database_comes_late(self, run):
        healthy(run("redis:8", name="redis"))
        url = {
            "REDIS_URL": "redis://redis:6379",
            "DATABASE_URL": "postgresql://postgres:course@postgres/postgres",
        }
        worker = run("worker:1.0", name="worker", environment=url)
        until(lambda: b"lost:" in worker.logs(), timeout=10, every=0.05)
        database = run("postgres:17", name="postgres", environment={"POSTGRES_PASSWORD": "course"})
        healthy(database)
        web = run("web:1.0", name="web", environment=url)
        healthy(web)
        post = "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/jobs', b'three short words')"
        sh(web, "python", "-c", post)
        query = ("psql", "-U", "postgres", "-Atc", "select job, words from results")
        until(lambda: database.exec_run(query).output == b"1|3\n", timeout=15, every=0.05)
        healthy(worker)
        database.stop(timeout=5)
        lost = worker.logs().count(b"lost:")
        sh(web, "python", "-c", post)
        until(lambda: worker.logs().count(b"lost:") > lost, timeout=10, every=0.05)
        database.start()
        until(lambda: b"2|3" in database.exec_run(query).output, timeout=20, every=0.05)
        code, seconds = stopped(worker)
        assert (code, seconds < 3) == (0, True)

    def test_without_retry_it_gives_up(self, run):
        it = run("worker:1.0", environment={"RETRY": "no"})
        assert it.wait()["StatusCode"] == 1
        assert b"gives up:" in it.logs()


class TestEngine:
    @pytest.fixture
    def other(self, run, volume):
        it = run(
            "engine:26.1",
            privileged=True,
            mount={volume: "/var/lib/docker"},
            ports={"2376/tcp": ("127.0.0.1", None)},
        )
        healthy(it)
        it.reload()
        return it

    def test_it_answers_over_tls_with_a_certificate_and_only_so(self, other, tmp_path):
        for name in ("ca.pem", "cert.pem", "key.pem"):
            (tmp_path / name).write_text(sh(other, "cat", f"/certs/client/{name}"))
        url = f"tcp://127.0.0.1:{other.ports['2376/tcp'][0]['HostPort']}"
        authority = str(tmp_path / "ca.pem")
        pair = (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
        tls = docker.tls.TLSConfig(client_cert=pair, ca_cert=authority, verify=True)
        it = docker.DockerClient(base_url=url, tls=tls, version="1.43")
        it.api.trust_env = False  # else a CA bundle named by REQUESTS_CA_BUNDLE takes the place of ours
        with contextlib.closing(it):
            assert it.version()["Version"].startswith("26.1.")
            assert it.info()["Driver"] in ("overlay2", "overlayfs")
        stranger = docker.tls.TLSConfig(ca_cert=authority, verify=True)
        it = docker.DockerClient(base_url=url, tls=stranger, version="1.43")
        it.api.trust_env = False
        with contextlib.closing(it), pytest.raises(RequestException):
            it.ping()

    def test_it_runs_and_limits_a_container_with_an_init(self, client, other):
        stream = client.images.get("localhost:5001/redis:8").save(named="localhost:5001/redis:8")
        inside = client.api.exec_create(other.id, ["docker", "load"], stdin=True)["Id"]
        socket = client.api.exec_start(inside, socket=True)
        for chunk in stream:
            socket._sock.sendall(chunk)
        socket._sock.shutdown(1)
        until(lambda: not client.api.exec_inspect(inside)["Running"], timeout=60, every=0.05)
        socket.close()
        said = sh(
            other,
            *("docker", "run", "--rm", "--init", "--memory", "64m", "localhost:5001/redis:8"),
            *(
                "sh",
                "-c",
                "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true",
            ),
        )
        assert said == str(64 * 2**20)

    def test_it_has_the_tools_of_the_pages(self, other):
        for command in (
            ["docker", "buildx", "version"],
            ["docker", "compose", "version"],
            ["curl", "--version"],
        ):
            assert sh(other, *command)

    def test_a_restart_keeps_its_certificates_and_a_kill_does_not_break_it(self, other):
        before = sh(other, "cat", "/certs/ca.pem")
        other.kill()
        other.start()
        healthy(other)
        assert sh(other, "cat", "/certs/ca.pem") == before
