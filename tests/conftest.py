"""Fixtures for tests of the lab. What a test is marked for must be there: it fails, and is not skipped."""

from __future__ import annotations

import socket
import threading

import pytest


class Proxy:
    """A TCP proxy to an engine's socket or an API server that can cut what goes through it."""

    def __init__(self, target):
        self.target, self.pairs = target, []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.opened = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _connect(self):
        if isinstance(self.target, str):
            s = socket.socket(socket.AF_UNIX)
            s.connect(self.target)
            return s
        return socket.create_connection(self.target)

    def _accept(self):
        while True:
            try:
                near, _ = self.server.accept()
                far = self._connect()
            except OSError:
                return
            self.opened += 1
            self.pairs.append((near, far))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    @staticmethod
    def _pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            s.close()

    def cut(self):
        """Breaks every connection that is open now; new ones are let through."""
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for s in pair:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def close(self):
        """Lets nobody in any more."""
        if self.server.fileno() >= 0:
            self.server.shutdown(socket.SHUT_RDWR)  # close alone would leave `accept` waiting, and working
            self.server.close()
        self.cut()


@pytest.fixture
def proxy():
    """Makes proxies; all are closed at the end."""
    made = []

    def make(target):
        made.append(Proxy(target))
        return made[-1]

    yield make
    for p in made:
        p.close()
