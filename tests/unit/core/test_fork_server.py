"""Jobs in processes of their own: quick to start, ended with all that they started, and with their server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jobs
import psutil
import pytest

from labkit import BrokenEnvironment
from labkit.core import fork_server
from labkit.core.fork_server import ForkServer, Spawner
from labkit.core.process_tree import is_running

SECONDS = 60.0
"""How long a job may take on a machine that is busy."""


@pytest.fixture(scope="module")
def server():
    """A server that knows the jobs."""
    made = serving()
    yield made
    made.close()


def serving():
    """A new server."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(Path(jobs.__file__).parent)
    try:
        return ForkServer.start("jobs")
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)


def received(job):
    """The next message of a job."""
    assert job.line.poll(SECONDS)
    return job.line.recv()


def have_ended(pids):
    """Whether processes end within a time."""
    running = []
    for pid in pids:
        try:
            running.append(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
    return not psutil.wait_procs([p for p in running if is_running(p)], timeout=SECONDS)[1]


def test_a_job_has_a_process_and_a_session_of_its_own(server):
    results = [received(server.run(jobs.identify, "a", word)) for word in ("b", "c")]
    assert [r[:2] for r in results] == [["a", "b"], ["a", "c"]]
    assert all(pid == session != server.pid for _, _, pid, session in results)
    assert results[0][2] != results[1][2]


def test_threads_may_ask_at_the_same_time(server):
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda n: received(server.run(jobs.identify, n)), range(24)))
    assert [r[0] for r in results] == list(range(24))
    assert len({r[1] for r in results}) == 24


def test_what_the_server_has_done_its_jobs_find(server):
    server.call(jobs.remember, "spring")
    assert received(server.run(jobs.recall)) == "spring"


def test_what_cannot_be_done_is_told_and_the_server_goes_on(server):
    with pytest.raises(BrokenEnvironment, match="ValueError: not so"):
        server.call(jobs.fail)
    job = server.run(jobs.fail)
    with pytest.raises(EOFError):
        received(job)
    assert received(server.run(jobs.identify, 1))[0] == 1


def test_a_job_is_ended_with_all_that_it_has_started(server):
    job = server.run(jobs.start_others)
    pids = received(job)
    assert all(psutil.pid_exists(pid) for pid in [job.pid, *pids])
    job.end()
    job.end()  # again does nothing
    assert have_ended([job.pid, *pids])


def test_what_a_job_leaves_behind_is_ended_with_it(server):
    assert have_ended(received(server.run(jobs.leave_others)))


def test_an_interrupt_from_the_keyboard_reaches_no_server(server):
    assert received(server.run(jobs.identify, 0))[0] == 0  # it serves; until then its session alone keeps it
    os.kill(server.pid, signal.SIGINT)
    assert received(server.run(jobs.identify, 1))[0] == 1


def test_a_server_that_is_closed_ends_its_jobs():
    server = serving()
    job = server.run(jobs.start_others)
    pids = received(job)
    server.close()
    assert have_ended([server.pid, job.pid, *pids])
    assert server.has_ended
    with pytest.raises(BrokenEnvironment, match="has ended"):
        server.run(jobs.identify)


def test_a_job_that_cannot_begin_leaves_no_socket_open(monkeypatch):
    server, pairs = serving(), []
    server.close()

    def socketpair(make=socket.socketpair):
        pairs.append(make())
        return pairs[-1]

    monkeypatch.setattr(fork_server.socket, "socketpair", socketpair)
    with pytest.raises(BrokenEnvironment):
        server.run(jobs.identify)
    assert [one.fileno() for pair in pairs for one in pair] == [-1, -1]


def test_a_server_ends_with_whoever_started_it():
    program = (
        "import os, jobs\nfrom labkit.core.fork_server import ForkServer\nserver = ForkServer.start()\n"
        "job = server.run(jobs.start_others)\nprint(server.pid, job.pid, *job.line.recv(), flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(jobs.__file__).parent)}
    killed = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert (killed.returncode, killed.stderr) == (-9, "")
    assert have_ended([int(pid) for pid in killed.stdout.split()])


def test_a_job_can_fork_a_server_of_its_own(server):
    job = server.run(jobs.fork_another)
    inner, word, pid, _ = received(job)
    assert (word, received(job)) == ("inner", "closed")
    assert have_ended([inner, pid])


def test_where_there_is_no_fork_each_job_is_an_interpreter():
    job = Spawner().run(jobs.identify, "alone")
    word, pid, _ = received(job)
    assert (word, pid) == ("alone", job.pid)
    job.end()
    assert have_ended([pid])
