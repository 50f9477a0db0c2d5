"""Fixtures for tests of the lab. What a test is marked for must be there: it fails, and is not skipped."""

from __future__ import annotations

import secrets
import socket
import threading
from contextlib import suppress

import pytest

BASE = "debian:trixie-slim"


class Proxy:
    """A TCP proxy to an engine's socket or an API server that can be cut, silenced, and closed."""

    def __init__(self, target):
        self.target, self.pairs = target, []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.opened = 0
        self.refuses = False
        self.flows = threading.Event()
        self.flows.set()
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
                if self.refuses:
                    near.close()
                    continue
                far = self._connect()
            except OSError:
                return
            self.opened += 1
            self.pairs.append((near, far))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(a, b, self.flows), daemon=True).start()

    @staticmethod
    def _pump(a, b, flows):
        with suppress(OSError):
            while data := a.recv(65536):
                flows.wait()
                b.sendall(data)
        for s in (a, b):
            s.close()

    def cut(self):
        """Breaks every connection that is open now; new ones are let through."""
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for s in pair:
                with suppress(OSError):
                    s.shutdown(socket.SHUT_RDWR)

    def silence(self, newcomers=True):
        """Keeps connections open and lets nothing through any more, on those open now or on all."""
        self.flows.clear()
        if not newcomers:
            self.flows = threading.Event()
            self.flows.set()

    def close(self):
        """Lets nobody in any more."""
        if self.server.fileno() >= 0:
            self.server.shutdown(socket.SHUT_RDWR)  # close alone would leave `accept` waiting, and working
            self.server.close()
        self.cut()


def later(seconds, call):
    """Calls something after a while."""
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


class Once:
    """A predicate that, asked for the first time, sets things going: faults then hit a wait that has begun.

    Args:
        test: the predicate.
        *actions: seconds, and what is called after them.
    """

    def __init__(self, test, *actions):
        self.test, self.actions = test, actions

    def __call__(self, state):
        actions, self.actions = self.actions, ()
        for seconds, call in actions:
            later(seconds, call)
        return self.test(state)


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


@pytest.fixture(scope="session")
def plain():
    """A docker client that is nobody's Lab: what it makes is somebody else's."""
    from labkit.core import engine

    client = engine.client()
    yield client
    client.close()


@pytest.fixture
def foreign(plain):
    """A container, a network, a volume and an image of somebody else; they must be there at the end."""
    word = f"foreign-{secrets.token_hex(3)}"
    plain.images.get(BASE).tag(word, "1")
    network, volume = plain.networks.create(word), plain.volumes.create(word)
    container = plain.containers.create(BASE, "true", name=word, network=word, volumes=[f"{word}:/v"])
    yield word
    for thing in (container, network, volume):
        thing.reload()  # NotFound if it is gone
    plain.images.get(f"{word}:1")
    container.remove(force=True)
    network.remove()
    volume.remove()
    plain.images.remove(f"{word}:1", noprune=True)


@pytest.fixture(autouse=True)
def _what_a_test_is_marked_for(request):
    """Fails a test whose engine or cluster is not there."""
    if request.node.get_closest_marker("engine"):
        from labkit.core import engine

        engine.host()
    if request.node.get_closest_marker("cluster"):
        from kubernetes import client

        from labkit.core.kube import ask
        from labkit.lab.clients import kube_client

        ask(client.VersionApi(kube_client({})).get_code)
