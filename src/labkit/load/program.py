"""What the container of a `labkit.load.generator.LoadGenerator` runs: an open-loop sender of HTTP requests.

The source of this module is handed to ``python -c`` there, so it needs nothing but the standard library. It
sends at fixed moments, whether or not earlier requests were answered: a sender that waits for answers would
pause with its server, and hide the outage that it should measure.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
import threading
import time
import traceback
import urllib.parse
from typing import Any

AT_MOST = 200
"""Requests under way at once, so that a server that hangs does not use up the sender."""

BEHIND = 1.0
"""A request that would be sent later than by so many seconds is skipped; its number is then missing."""

OK, KEPT = 200, 200
"""The status that counts as answered, and how many characters of an answer are kept."""

Record = tuple[int, float, float, str, int | None, str, str | None]
"""Number, moment sent, seconds, target, status, the answer as far as it is kept, what went wrong."""


class Target:
    """Where requests go, each on a connection of its own.

    Args:
        name: what its records are filed under.
        url: with ``http``.
        timeout: seconds, for the whole request.
        once: whether the host's name is looked up now, and not again.
        key: what is kept of an answer in JSON; None keeps its first characters, whatever it is.
    """

    def __init__(self, name: str, url: str, timeout: float, once: bool, key: str | None = None):
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        self.name, self.timeout, self.key = name, timeout, key
        self.host, self.port = parts.netloc, port
        self.address = socket.gethostbyname(host) if once else host
        self.path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def get(self) -> tuple[int | None, str, str | None]:
        """Sends one request; the status, what is kept of the answer, and the exception if none came."""
        server = http.client.HTTPConnection(self.address, self.port, timeout=self.timeout)
        try:
            server.request("GET", self.path, headers={"Host": self.host})
            answer = server.getresponse()
            text = answer.read().decode(errors="replace")
            if self.key is not None and answer.status == OK:
                text = str(json.loads(text)[self.key])
            return answer.status, text[:KEPT], None
        except Exception as e:  # whatever it is, the client has no answer
            return None, "", type(e).__name__
        finally:
            server.close()

    def record(self, number: int) -> Record:
        """Sends one request and says what came of it."""
        sent, began = time.time(), time.monotonic()
        status, answer, error = self.get()
        seconds = time.monotonic() - began
        if seconds > self.timeout:  # a socket's timeout holds for each step, not for all of them
            error = error or "late"
        return number, round(sent, 3), round(seconds, 3), self.name, status, answer, error


def send(targets: list[Target], rate: float, duration: float) -> None:
    """Sends to every target at fixed moments, and prints one line a request when its outcome is known.

    Args:
        targets: where to.
        rate: requests a second to each.
        duration: seconds until it ends.
    """
    free, begin = threading.Semaphore(AT_MOST), time.monotonic()

    def one(number: int, target: Target) -> None:
        line = json.dumps(target.record(number), separators=(",", ":"))
        print(f"{line}\n", end="", flush=True)  # one write, or lines of two threads would mix
        free.release()

    for number in range(int(duration * rate)):
        at = begin + number / rate
        time.sleep(max(0.0, at - time.monotonic()))
        for target in targets:
            if time.monotonic() < at + BEHIND and free.acquire(blocking=False):
                threading.Thread(target=one, args=(number, target)).start()


def main(settings: str) -> None:
    """Sends as a JSON text says: ``targets`` (name → URL), ``rate`` and so on."""
    how: dict[str, Any] = json.loads(settings)
    common = (how["timeout"], how["once"], how["key"])
    targets = [Target(name, url, *common) for name, url in how["targets"].items()]
    send(targets, how["rate"], how["duration"])


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Exception:  # as one line: whoever reads the log meanwhile has all of it or nothing
        print(json.dumps(traceback.format_exc()), flush=True)
        sys.exit(1)
