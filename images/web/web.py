"""The course's demo web application: it counts visits, and fails in every way that a chapter needs to see.

Settings are environment variables: PORT, VERSION, GREETING, MODE; REDIS_URL (visits are counted there, so by
all replicas together); READY_AFTER (seconds until it says that it is ready); DRAIN_SECONDS (SIGTERM ends the
process with status 0, at once or after that long, in which it still answers and says that it is not ready).
"""

import itertools
import json
import os
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PORT = int(os.environ.get("PORT", "8080"))
VERSION = os.environ.get("VERSION", "dev")
GREETING = os.environ.get("GREETING", "hello")
MODE = os.environ.get("MODE", "dev")
REDIS_URL = os.environ.get("REDIS_URL")
DRAIN_SECONDS = float(os.environ.get("DRAIN_SECONDS", "0"))

ready_at = time.monotonic() + float(os.environ.get("READY_AFTER", "0"))
taken_out, draining, hung = threading.Event(), threading.Event(), threading.Event()
visits_here = itertools.count(1)

if REDIS_URL:
    import redis

    store = redis.Redis.from_url(REDIS_URL, socket_connect_timeout=1, socket_timeout=1)


class Handler(BaseHTTPRequestHandler):
    """One request. GET /slow runs get_slow, and so on; each returns a status and a text, or data for JSON."""

    def get_root(self):
        """Who answers, and the number of this visit."""
        visits = store.incr("visits") if REDIS_URL else next(visits_here)
        return 200, {"host": socket.gethostname(), "version": VERSION, "visits": visits, "greeting": GREETING}

    def get_healthz(self):
        """Alive? That it answers is the proof."""
        return 200, "ok"

    def get_readyz(self):
        """Ready for traffic? Not while it starts, is taken out, or drains."""
        out = time.monotonic() < ready_at or taken_out.is_set() or draining.is_set()
        return (503, "not ready") if out else (200, "ready")

    def post_unready(self):
        """Takes itself out of the traffic."""
        taken_out.set()
        return 200, "not ready"

    def post_ready(self):
        """Puts itself back."""
        taken_out.clear()
        return 200, "ready"

    def get_version(self):
        """The version alone, for a shell loop to count."""
        return 200, VERSION

    def get_config(self):
        """The settings that are no secret."""
        return 200, {"GREETING": GREETING, "MODE": MODE, "VERSION": VERSION}

    def get_slow(self):
        """Answers after ?ms=N milliseconds, using no CPU."""
        threading.Event().wait(self.ms() / 1000)
        return 200, "done"

    def get_work(self):
        """Answers after using ?ms=N of CPU time: with less CPU, that takes longer by the clock."""
        end = time.thread_time() + self.ms() / 1000
        while time.thread_time() < end:
            pass
        return 200, "done"

    def get_crash(self):
        """Ends the process at once, as a bug would."""
        os._exit(1)

    def post_hang(self):
        """Answers this request and no other; the process lives on."""
        hung.set()
        return 202, "hanging"

    def post_jobs(self):
        """Adds the request's text to the list "jobs" in Redis, for a worker."""
        if not REDIS_URL:
            return 501, "REDIS_URL is not set"
        job = {"id": store.incr("jobs-taken-in"), "text": self.body()}
        store.lpush("jobs", json.dumps(job))
        return 202, job

    def ms(self):
        """The parameter ms, at most a minute."""
        return min(float(parse_qs(urlsplit(self.path).query).get("ms", ["0"])[0]), 60_000)

    def body(self):
        """What was sent with the request, as text."""
        return self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()

    def answer(self):
        """Answers; an error in the route (Redis is away, say) is an answer too, and ends nothing."""
        if hung.is_set():
            threading.Event().wait()
        name = urlsplit(self.path).path.removeprefix("/") or "root"
        run = getattr(self, f"{self.command.lower()}_{name}", lambda: (404, "not found"))
        try:
            status, said = run()
        except ValueError as e:
            status, said = 400, str(e)
        except Exception as e:
            status, said = 503, {"error": f"{type(e).__name__}: {e}"}
        kind, text = ("text/plain", said) if isinstance(said, str) else ("application/json", json.dumps(said))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(f"{text}\n".encode())

    do_GET = do_POST = answer

    def log_request(self, code="-", size="-"):
        """One line a request, on standard output: a container's log is what it prints."""
        print(self.command, self.path, int(code), flush=True)


class Server(ThreadingHTTPServer):
    """A thread a request. The end of the process waits for none of them."""

    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    server = Server(("", PORT), Handler)

    def stop(signum, frame):
        """Says that it is not ready any more, and ends when the time to drain is over."""
        draining.set()
        threading.Timer(DRAIN_SECONDS, server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"web {VERSION} listens on port {PORT}", flush=True)
    server.serve_forever(poll_interval=0.1)
