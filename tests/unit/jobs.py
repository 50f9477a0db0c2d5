"""What the tests of the fork server run in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from labkit.core.fork_server import ForkServer

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
QUIET = "start_new_session=True, stdout=subprocess.DEVNULL"
ORPHAN = f"import subprocess; print(subprocess.Popen({SLEEPER!r}, {QUIET}).pid, flush=True)"


def identify(line, *values):
    """Says what it was told, and in which process and session it runs."""
    line.send([*values, os.getpid(), os.getsid(0)])


def start_others(line):
    """Starts a process, one in a session of its own, and one whose parent ends; then waits for ever."""
    pids = [subprocess.Popen(SLEEPER, start_new_session=new).pid for new in (False, True)]
    pids.append(int(subprocess.check_output([sys.executable, "-c", ORPHAN], stdin=subprocess.DEVNULL)))
    line.send(pids)
    signal.pause()


def leave_others(line):
    """Ends, and leaves a process behind."""
    line.send([subprocess.Popen(SLEEPER, start_new_session=True).pid])


def fail(*line):
    """Raises an error."""
    raise ValueError("not so")


def remember(word):
    """Notes a word in the process that it is called in."""
    remember.word = word


def recall(line):
    """Says the word."""
    line.send(remember.word)


def fork_another(line):
    """Forks a server of its own, and has a job done by it."""
    server = ForkServer.fork()
    job = server.run(identify, "inner")
    line.send([server.pid, *job.line.recv()])
    server.close()
    line.send("closed")
