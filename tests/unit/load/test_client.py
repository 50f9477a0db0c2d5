"""The client's program against a server of this process, and the client with a program on this host."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from labkit.load import client, client_program
from labkit.load.client import PodClient


class Handler(BaseHTTPRequestHandler):
    """Answers by the path: /third answers the third request of all, /text is no JSON."""

    def do_GET(self):
        self.server.asked.append(self.path)
        late = self.path == "/third" and self.server.asked.count("/third") < 3
        self.send_response(503 if late or self.path == "/bad" else 200)
        self.end_headers()
        self.wfile.write(b"hello\n" if self.path == "/text" else b'{"host": "h"}\n')

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    it = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.daemon_threads, it.asked = True, []
    thread = threading.Thread(target=it.serve_forever)
    thread.start()
    it.url = f"http://127.0.0.1:{it.server_port}"
    yield it
    it.shutdown()
    thread.join()
    it.server_close()


class Program:
    """The program in a process of this host, with the connection's calls."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, *client.command()[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def is_open(self):
        return not self.process.stdin.closed

    def write_stdin(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def readline_stdout(self, timeout):
        return self.process.stdout.readline().rstrip("\n")

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


class Silent:
    """A connection on which nothing ever comes."""

    def __init__(self):
        self.sent, self.is_closed = [], False

    def is_open(self):
        return not self.is_closed

    def write_stdin(self, data):
        self.sent.append(data)

    def readline_stdout(self, timeout):
        return ""

    def close(self):
        self.is_closed = True


@pytest.fixture
def program():
    it = Program()
    yield it
    it.close()


def test_each_request_gets_its_own_answer(server, program):
    answers = PodClient(lambda: program).get(f"{server.url}/?x=1", 3)
    assert answers == [{"host": "h"}] * 3
    assert server.asked == ["/?x=1"] * 3


def test_a_request_without_an_answer_is_sent_three_times(server, program):
    asker = PodClient(lambda: program)
    assert asker.get(f"{server.url}/third") == [{"host": "h"}]
    assert server.asked == ["/third"] * 3
    with pytest.raises(ConnectionError, match=r"/bad.*503"):
        asker.get(f"{server.url}/bad")
    assert server.asked.count("/bad") == client_program.TRIES
    assert asker.get(f"{server.url}/") == [{"host": "h"}]  # the program goes on


def test_an_answer_that_is_no_json_is_an_error(server, program):
    with pytest.raises(ValueError, match="Expecting value"):
        PodClient(lambda: program).get(f"{server.url}/text")


def test_where_nobody_listens_the_exception_is_told():
    text, error = client_program.get("http://127.0.0.1:1/", tries=2, patience=1)
    assert text is None
    assert "refused" in error


def test_after_a_silence_the_program_is_started_anew(server, program):
    silent = Silent()
    connections = iter([silent, program])
    asker = PodClient(lambda: next(connections))
    with pytest.raises(ConnectionError, match="said nothing for 30 s"):
        asker.get(server.url)
    assert silent.is_closed
    assert asker.get(server.url) == [{"host": "h"}]


def test_the_program_prints_a_line_of_json_for_each_line(server, capsys):
    client_program.main([f"{server.url}/\n", f"{server.url}/text\n"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [['{"host": "h"}\n', None], ["hello\n", None]]
