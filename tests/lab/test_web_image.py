"""The demo web application in its container: what the chapters rely on."""

import http.client
import json
import secrets
import threading
import time

import pytest

from labkit.core import engine
from labkit.core.labels import labels
from labkit.provision import images
from labkit.wait.until import until

pytestmark = pytest.mark.engine
SESSION = secrets.token_hex(4)
NOT_YET = (OSError, http.client.HTTPException)


@pytest.fixture(scope="module")
def client():
    images.ensure(["web:1.0", "web:2.0", "redis:8"])
    it = engine.client()
    yield it
    it.close()


@pytest.fixture
def network(client):
    it = client.networks.create(f"test-web-{secrets.token_hex(4)}", labels=labels("test", "test", SESSION))
    yield it
    it.remove()


@pytest.fixture
def run(client, network):
    """Starts containers on a network of their own and removes them in the end."""
    made = []

    def run(image="web:1.0", alias="web", **options):
        endpoint = client.api.create_endpoint_config(aliases=[alias])
        it = client.containers.run(
            f"localhost:5001/{image}",
            detach=True,
            labels=labels("test", "test", SESSION),
            network=network.name,
            networking_config={network.name: endpoint},
            ports={"8080/tcp": ("127.0.0.1", None)} if image.startswith("web") else None,
            **options,
        )
        made.append(it)
        it.reload()
        if image.startswith("web"):
            until(lambda: ask(it, "/healthz")[0] == 200, timeout=10, ignore=NOT_YET)
        return it

    yield run
    for container in made:
        container.remove(force=True, v=True)


def ask(container, path, method="GET", body=None, timeout=5.0):
    port = container.ports["8080/tcp"][0]["HostPort"]
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=timeout)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    return answer.status, json.loads(text) if text.startswith("{") else text.strip()


def test_it_names_its_container_and_version(run):
    for version in ("1.0", "2.0"):
        it = run(f"web:{version}")
        said = ask(it, "/")[1]
        assert said == {"host": it.id[:12], "version": version, "visits": 1, "greeting": "hello"}


def test_it_runs_as_nobody_in_particular_on_a_read_only_root(run):
    it = run(read_only=True, cap_drop=["ALL"], security_opt=["no-new-privileges"])
    assert it.exec_run(["id", "-u"]).output == b"10001\n"
    assert ask(it, "/")[0] == 200


@pytest.mark.times
def test_sigterm_ends_it_within_a_second(run):
    it = run()
    start = time.monotonic()
    it.stop(timeout=10)
    took = time.monotonic() - start
    assert it.wait()["StatusCode"] == 0
    assert took < 1


@pytest.mark.times
def test_draining_it_still_answers_and_is_not_ready(run):
    it = run(environment={"DRAIN_SECONDS": "2"})
    start = time.monotonic()
    it.kill("SIGTERM")
    until(lambda: ask(it, "/readyz")[0] == 503, timeout=1)
    assert ask(it, "/")[0] == 200
    assert it.wait()["StatusCode"] == 0
    assert 1.9 < time.monotonic() - start < 3.5


def test_a_crash_is_exit_code_1(run):
    it = run()
    with pytest.raises(NOT_YET):
        ask(it, "/crash")
    assert it.wait(timeout=5)["StatusCode"] == 1
    it.reload()
    assert it.attrs["State"]["OOMKilled"] is False


def test_a_hung_one_runs_and_is_found_unhealthy(run):
    check = {
        "test": ["CMD", "python3", "-IS", "check.py"],
        "interval": 300_000_000,
        "timeout": 500_000_000,
        "retries": 1,
    }
    it = run(healthcheck=check)

    def health():
        it.reload()
        return it.health

    until(lambda: health() == "healthy", timeout=10, every=0.05)
    assert ask(it, "/hang", "POST")[0] == 202
    for path in ("/", "/healthz", "/readyz"):
        with pytest.raises(TimeoutError):
            ask(it, path, timeout=0.3)
    until(lambda: health() == "unhealthy", timeout=10, every=0.05)
    assert it.status == "running"


def test_the_images_own_health_check_passes(run):
    it = run()

    def health():
        it.reload()
        return it.health

    assert until(lambda: health() != "starting" and health(), timeout=15, every=0.05) == "healthy"


def test_it_is_ready_after_its_time(run):
    it = run(environment={"READY_AFTER": "1.5"})
    assert ask(it, "/readyz")[0] == 503
    assert ask(it, "/healthz")[0] == 200
    until(lambda: ask(it, "/readyz")[0] == 200, timeout=3)


def test_visits_are_shared_through_redis_and_apart_without(run):
    store = run("redis:8", "store")
    until(lambda: store.exec_run(["redis-cli", "ping"]).output == b"PONG\n", timeout=10, every=0.05)
    url = {"REDIS_URL": "redis://store:6379"}
    together = [run(alias="a", environment=url), run(alias="b", environment=url)]
    assert [ask(it, "/")[1]["visits"] for it in together * 2] == [1, 2, 3, 4]
    apart = [run(alias="c"), run(alias="d")]
    assert [ask(it, "/")[1]["visits"] for it in apart * 2] == [1, 1, 2, 2]
    store.stop(timeout=2)
    status, said = ask(together[0], "/")
    assert status == 503
    assert "error" in said
    store.start()
    until(lambda: ask(together[0], "/")[0] == 200, timeout=10)


@pytest.mark.times
def test_a_cpu_limit_makes_work_slower_and_not_a_wait(run):
    it = run(nano_cpus=250_000_000)
    took = {}
    for path in ("/work?ms=250", "/slow?ms=250"):
        start = time.monotonic()
        assert ask(it, path)[0] == 200
        took[path] = time.monotonic() - start
    assert took["/work?ms=250"] > 0.6
    assert took["/slow?ms=250"] < 0.6


def test_a_burst_of_requests_is_all_answered(run):
    it, answers = run(), []
    threads = [threading.Thread(target=lambda: answers.append(ask(it, "/slow?ms=200")[0])) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 64


def test_its_log_has_a_line_a_request(run):
    it = run()
    ask(it, "/version")
    first = b"web 1.0 listens on port 8080"
    asked = b"GET /healthz 200"  # by run, and by the health check
    wanted = [first, b"GET /version 200"]
    until(
        lambda: [x for x in it.logs().splitlines() if x != asked] == wanted,
        timeout=10,
        what="its start and the request are logged",
    )
