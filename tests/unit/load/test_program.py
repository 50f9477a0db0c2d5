"""The sender's program, against servers of this process: no engine is needed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from labkit import Usage
from labkit.load import program
from labkit.load.generator import checked, command
from labkit.load.records import parse


class Handler(BaseHTTPRequestHandler):
    """Answers by the path; /hang waits until the server is told to end, /wait until it is told to go on."""

    def do_GET(self):
        if self.path in self.server.held:
            self.server.held[self.path].wait(60)
        status = 503 if self.path == "/bad" else 200
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"x" * 500 if self.path == "/long" else b'{"version": "1.0", "host": "h"}\n')

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def serving():
    it = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.daemon_threads, it.held = True, {path: threading.Event() for path in ("/hang", "/wait")}
    thread = threading.Thread(target=it.serve_forever)
    thread.start()
    yield it
    it.held["/hang"].set()
    it.shutdown()
    thread.join()
    it.server_close()


@pytest.fixture
def server(serving):
    return f"http://127.0.0.1:{serving.server_port}"


def one(url, **how):
    return program.Target("a", url, how.pop("timeout", 5), once=True, **how).record(7)


def test_a_request_becomes_a_record(server):
    before = time.time()
    number, sent, seconds, target, status, answer, error = one(f"{server}/?x=1", key="version")
    assert (number, target, status, answer, error) == (7, "a", 200, "1.0", None)
    assert before - 0.01 <= sent <= time.time()
    assert 0 <= seconds <= 5


def test_what_goes_wrong_is_in_the_record(server):
    assert one(f"{server}/bad")[4:] == (503, '{"version": "1.0", "host": "h"}\n', None)
    assert one(f"{server}/hang", timeout=0.1)[4:] == (None, "", "TimeoutError")
    assert one("http://127.0.0.1:9/")[6] == "ConnectionRefusedError"
    assert one(f"{server}/", key="none")[6] == "KeyError"
    assert len(one(f"{server}/long")[5]) == program.KEPT


def test_an_answer_that_comes_too_late_is_lost(server, monkeypatch):
    monkeypatch.setattr(program.Target, "get", lambda self: (200, "", None))
    ticks = iter([0.0, 3.0])
    monkeypatch.setattr(program.time, "monotonic", lambda: next(ticks))
    assert one(server, timeout=2)[6] == "late"


def test_a_name_is_looked_up_once_or_for_each_request(monkeypatch):
    monkeypatch.setattr(program.socket, "gethostbyname", lambda host: f"address of {host}")
    once = program.Target("a", "http://web:8080/x?y=1", 2, once=True)
    each = program.Target("a", "http://web/", 2, once=False)
    assert (once.address, once.port, once.path, once.host) == ("address of web", 8080, "/x?y=1", "web:8080")
    assert (each.address, each.port, each.path) == ("web", 80, "/")


def run(settings):
    done = subprocess.run(
        [sys.executable, *command(settings)[1:]], capture_output=True, text=True, check=True, timeout=60
    )
    return parse(done.stdout)


def test_the_command_sends_whether_or_not_earlier_ones_were_answered(server):
    """The target that hangs gets as many as the other one: a closed loop would send it a single request."""
    targets = {"good": f"{server}/", "hangs": f"{server}/hang"}
    rows = run(checked(targets, rate=20, timeout=3, duration=0.5, key="version"))
    assert [sorted(r.number for r in rows.of(name)) for name in targets] == [list(range(10))] * 2
    assert rows.of("good").outcomes == {"1.0": 10}
    assert rows.of("hangs").outcomes == {"lost": 10}


def test_a_sender_with_too_many_under_way_skips(serving, server, monkeypatch, capsys):
    monkeypatch.setattr(program, "AT_MOST", 3)
    monkeypatch.setattr(program, "BEHIND", 60.0)  # none is skipped because this machine was slow
    target = program.Target("hangs", f"{server}/wait", 60, once=True)
    program.send([target], rate=50, duration=0.2)
    serving.held["/wait"].set()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon and "(one)" in thread.name:
            thread.join()
    assert sorted(r.number for r in parse(capsys.readouterr().out)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("targets", "how"),
    [
        ({}, {}),
        ({"a": "https://web/"}, {}),
        ({"": "http://web/"}, {}),
        ({"a": "http://web/"}, {"rate": 0}),
        ({"a": "http://web/"}, {"timeout": -1}),
        ({"a": "http://web/"}, {"duration": 0}),
        ({"a": "http://web/"}, {"lookup": "never"}),
    ],
)
def test_settings_that_make_no_sense_are_refused(targets, how):
    with pytest.raises(Usage):
        checked(targets, **how)


def test_the_settings_go_to_the_program_as_json():
    *_, settings = command(checked({"a": "http://web/"}, lookup="each"))
    wanted = {"targets": {"a": "http://web/"}, "rate": 25, "timeout": 2, "duration": 600, "key": None}
    assert json.loads(settings) == wanted | {"once": False}


def test_a_failure_is_one_line_for_whoever_reads_meanwhile():
    done = subprocess.run(
        [sys.executable, *command(checked({"a": "http://nobody.invalid/"}))[1:]],
        capture_output=True,
        text=True,
    )
    (line,) = done.stdout.splitlines()
    assert "gaierror" in json.loads(line)
    assert (done.returncode, done.stderr) == (1, "")
