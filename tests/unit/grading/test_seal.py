"""Processes that judge are closed up: what a submission starts opens nothing of them."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from labkit.core.fork_server import ForkServer
from labkit.grading import seal, worker
from labkit.grading.runners import local

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")

LOOK = """
import os, sys
for pid in sys.argv[1:]:
    for look in (lambda: open(f"/proc/{pid}/mem", "rb"), lambda: os.readlink(f"/proc/{pid}/fd/0")):
        try:
            look()
            print("open", end=" ")
        except PermissionError:
            print("closed", end=" ")
"""


def look(line, closes):
    """What a program of the same user sees of this process and of the one that has started it."""
    if closes:
        seal.close_up()
        seal.give_up_looking()
    pids = [str(os.getpid()), str(os.getppid())]
    line.send_bytes(subprocess.run([sys.executable, "-c", LOOK, *pids], capture_output=True).stdout)


@pytest.fixture
def server():
    """What forks jobs."""
    server = ForkServer.start()
    yield server
    server.close()


def seen(server, closes):
    job = server.run(look, closes)
    try:
        assert job.line.poll(60)
        return job.line.recv_bytes().decode().split()
    finally:
        job.end()


def test_what_a_closed_process_starts_opens_neither_it_nor_its_server(server):
    assert seen(server, False) == ["open"] * 4
    server.call(seal.close_up)
    assert seen(server, True) == ["closed"] * 4


def test_who_holds_the_line_of_verdicts_is_closed_before_anything_is_run(monkeypatch):
    done = []
    server = SimpleNamespace(call=lambda function, *arguments: done.append((function.__name__, *arguments)))
    monkeypatch.setattr(local, "new_server", lambda module: server)
    monkeypatch.setattr(local.seal, "close_up", closes := lambda: done.append("this process"))
    closes.__name__ = "close_up"
    local.LocalRunner(["ch96_x"])
    assert done == ["this process", ("close_up",), ("load", "ch96_x")]


def test_who_grades_one_is_closed_before_its_kernel_starts(monkeypatch):
    done = []
    monkeypatch.setattr(worker.seal, "close_up", lambda: done.append("closed"))
    monkeypatch.setattr(worker.seal, "give_up_looking", lambda: done.append("blind"))
    monkeypatch.setattr(worker.ForkServer, "fork", lambda: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(worker, "outcome_of", lambda request, server: done.append("run"))
    monkeypatch.setattr(worker, "end_descendants", lambda: None)
    worker.work(SimpleNamespace(send_bytes=lambda data: done.append(data)), {})
    assert done == ["closed", "blind", "run", b"null"]
