"""The demo web application, run as a process of its own on a free port."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from labkit.core.paths import repo
from labkit.wait.until import until

PROGRAM = repo() / "images/web/web.py"
PATIENCE = 60
"""Seconds that a busy computer is given; nothing here takes a fraction of it on an idle one."""


class Web:
    """A running web.py and how to ask it."""

    def __init__(self, **settings: str):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        env = {**os.environ, "PYTHONUNBUFFERED": "1", **settings, "PORT": str(self.port)}
        self.process = subprocess.Popen([sys.executable, PROGRAM], env=env, stdout=subprocess.PIPE, text=True)
        self.first_line = self.process.stdout.readline()

    def ask(self, path, method="GET", body=None, timeout=PATIENCE):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        is_json = answer.headers["Content-Type"] == "application/json"
        return answer.status, json.loads(text) if is_json else text.rstrip("\n")

    def end(self, signum=signal.SIGTERM) -> int:
        self.process.send_signal(signum)
        return self.process.wait(PATIENCE)


@pytest.fixture
def web(request):
    running = []

    def start(**settings):
        running.append(Web(**settings))
        return running[-1]

    yield start
    for each in running:
        each.process.kill()
        each.process.wait()
        each.process.stdout.close()


def test_home_counts_visits_and_names_itself(web):
    it = web(VERSION="1.5", GREETING="good day")
    first, second = it.ask("/")[1], it.ask("/")[1]
    assert first == {"host": socket.gethostname(), "version": "1.5", "visits": 1, "greeting": "good day"}
    assert second["visits"] == 2


def test_defaults(web):
    it = web()
    assert it.ask("/")[1]["greeting"] == "hello"
    assert it.ask("/healthz") == (200, "ok")
    assert it.ask("/readyz") == (200, "ready")
    assert it.first_line.startswith("web dev listens on port ")


def test_config_gives_three_settings_and_no_secret(web):
    it = web(MODE="production", VERSION="2.0", PASSWORD="hush", REDIS_URL="")
    assert it.ask("/config") == (200, {"GREETING": "hello", "MODE": "production", "VERSION": "2.0"})
    assert it.ask("/version") == (200, "2.0")
    assert it.ask("/env?name=PASSWORD") == (404, "not found")


@pytest.mark.parametrize("path", ["/nothing", "/answer", "/hang", "/../etc/passwd", "/slow/"])
def test_unknown_paths_are_404(web, path):
    assert web().ask(path)[0] == 404


@pytest.mark.parametrize("ms", ["abc", "1;2", "%20"])
def test_a_bad_number_is_400(web, ms):
    assert web().ask(f"/slow?ms={ms}")[0] == 400


def test_slow_takes_its_time_and_does_not_block_others(web):
    it = web()
    with socket.create_connection(("127.0.0.1", it.port)) as s:
        s.sendall(b"GET /slow?ms=60000 HTTP/1.0\r\n\r\n")
        start = time.monotonic()
        assert it.ask("/slow?ms=300") == (200, "done")
        assert time.monotonic() - start >= 0.3


def test_work_uses_the_cpu(web):
    it = web()
    before = cpu_seconds(it.process.pid)
    assert it.ask("/work?ms=300") == (200, "done")
    assert cpu_seconds(it.process.pid) - before >= 0.25


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_it_is_ready_only_after_a_while(web):
    it = web(READY_AFTER="2")
    assert it.ask("/readyz") == (503, "not ready")
    assert it.ask("/healthz")[0] == 200
    assert it.ask("/")[0] == 200
    until(lambda: it.ask("/readyz")[0] == 200, timeout=PATIENCE)


def test_it_takes_itself_out_and_back(web):
    it = web()
    assert it.ask("/unready", "POST")[0] == 200
    assert it.ask("/readyz")[0] == 503
    assert it.ask("/ready", "POST")[0] == 200
    assert it.ask("/readyz")[0] == 200


def test_crash_ends_it_with_status_1(web):
    it = web()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        it.ask("/crash")
    assert it.process.wait(PATIENCE) == 1


def test_hang_leaves_it_alive_and_deaf(web):
    it = web()
    assert it.ask("/hang", "POST") == (202, "hanging")
    for path in ("/", "/healthz", "/readyz", "/version"):
        with pytest.raises(TimeoutError):
            it.ask(path, timeout=0.2)
    assert it.process.poll() is None
    assert it.end() == 0


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(web, signum):
    assert web().end(signum) == 0


def test_a_request_in_progress_does_not_hold_it(web):
    it = web()
    with socket.create_connection(("127.0.0.1", it.port)) as s:
        s.sendall(b"GET /slow?ms=600000 HTTP/1.0\r\n\r\n")
        until(lambda: it.ask("/healthz")[0] == 200, timeout=PATIENCE)
        assert it.end() == 0
        assert s.recv(100) == b""


def test_draining_it_answers_and_is_not_ready(web):
    it = web(DRAIN_SECONDS="5")
    start = time.monotonic()
    it.process.send_signal(signal.SIGTERM)
    until(lambda: it.ask("/readyz")[0] == 503, timeout=4)
    assert it.ask("/")[0] == 200
    assert it.process.wait(PATIENCE) == 0
    assert time.monotonic() - start >= 5


def test_one_line_a_request(web):
    it = web()
    it.ask("/version")
    it.ask("/nothing")
    it.end()
    assert it.process.stdout.read().splitlines() == ["GET /version 200", "GET /nothing 404"]


REDIS = """
class Redis:
    values = {}
    @classmethod
    def from_url(cls, url, **options):
        return cls()
    def incr(self, key):
        if key == "visits" and self.values.get("jobs"):
            raise ConnectionError("refused")
        self.values[key] = self.values.get(key, 0) + 1
        return self.values[key]
    def lpush(self, key, value):
        self.values.setdefault(key, []).insert(0, value)
"""


def test_with_redis_visits_and_jobs_go_there_and_its_absence_is_an_answer(web, tmp_path):
    (tmp_path / "redis.py").write_text(REDIS)  # as little of the client as the app uses
    it = web(REDIS_URL="redis://nowhere", PYTHONPATH=str(tmp_path))
    assert [it.ask("/")[1]["visits"] for _ in range(2)] == [1, 2]
    assert it.ask("/jobs", "POST", "some words") == (202, {"id": 1, "text": "some words"})
    assert it.ask("/") == (503, {"error": "ConnectionError: refused"})
    assert it.ask("/healthz")[0] == 200


def test_jobs_need_redis(web):
    assert web().ask("/jobs", "POST", "some words") == (501, "REDIS_URL is not set")


def test_the_health_check_follows_healthz(web):
    it = web()
    check = [sys.executable, "-IS", repo() / "images/web/check.py"]
    env = {**os.environ, "PORT": str(it.port)}
    assert subprocess.run(check, env=env, capture_output=True).returncode == 0
    it.ask("/hang", "POST")
    assert subprocess.run(check, env=env, capture_output=True).returncode != 0


def test_it_is_short():
    assert len(PROGRAM.read_text().splitlines()) <= 150
