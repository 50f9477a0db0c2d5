"""The course's worker: takes jobs from the list "jobs" in Redis, writes their results to PostgreSQL.

A job is {"id": …, "text": …}; its result is the number of words. While it is worked on it lies in the list
"taken:<host>", from which it is removed when the result is committed: a worker that crashes and is started
again does it once more, and the second result is not counted.

Settings are environment variables: REDIS_URL, DATABASE_URL, WORK_MS (how long a job takes), RETRY (default
yes: a lost or missing connection is tried again until it is back; no: the process ends with status 1).
"""

import json
import os
import pathlib
import signal
import socket
import sys
import threading

import psycopg
import redis

REDIS_URL = os.environ.get("REDIS_URL", "redis://redis:6379")
DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql://postgres@postgres/postgres")
WORK_SECONDS = int(os.environ.get("WORK_MS", "0")) / 1000
RETRY = os.environ.get("RETRY", "yes") != "no"
HEARTBEAT = pathlib.Path("/tmp/heartbeat")
NAME = socket.gethostname()
TABLE = """create table if not exists results (
    job bigint primary key, words int not null, worker text not null, done timestamptz default now())"""

stopping = threading.Event()


def log(*words):
    """One line on standard output."""
    print(*words, flush=True)


def connect():
    """Both connections, and the table."""
    queue = redis.Redis.from_url(REDIS_URL, decode_responses=True, socket_connect_timeout=2, socket_timeout=5)
    queue.ping()
    database = psycopg.connect(DATABASE_URL, connect_timeout=2)
    with database.transaction():
        database.execute("select pg_advisory_xact_lock(1)")  # two workers may start at the same moment
        database.execute(TABLE)
    return queue, database


def put_back(queue):
    """Returns to the list what this worker took and never finished, in an earlier life or connection."""
    while queue.lmove(f"taken:{NAME}", "jobs", "LEFT", "RIGHT"):
        pass


def do_one(queue, database):
    """Waits up to a second for a job, and does it."""
    taken = queue.blmove("jobs", f"taken:{NAME}", 1, "RIGHT", "LEFT")
    if taken is None:
        return
    job = json.loads(taken)
    stopping.wait(WORK_SECONDS)
    with database.transaction():
        database.execute(
            "insert into results (job, words, worker) values (%s, %s, %s) on conflict do nothing",
            (job["id"], len(job["text"].split()), NAME),
        )
    queue.lrem(f"taken:{NAME}", 1, taken)
    log("done", job["id"])


def main():
    """Works until SIGTERM, over as many connections as that takes."""
    pause = 0.1
    while not stopping.is_set():
        try:
            queue, database = connect()
            log(NAME, "is connected")
            pause = 0.1
            put_back(queue)
            while not stopping.is_set():
                HEARTBEAT.touch()
                do_one(queue, database)
        except (redis.RedisError, psycopg.Error) as e:
            log("lost:" if RETRY else "gives up:", str(e).splitlines()[0])
            if not RETRY:
                sys.exit(1)
            stopping.wait(pause)
            pause = min(pause * 2, 2)  # so that a hundred workers that wait are no storm


if __name__ == "__main__":
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopping.set())
    main()
