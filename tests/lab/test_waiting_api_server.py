"""Waiting while the API server is cut off, away, silent or too young for a watch."""

from __future__ import annotations

import threading
import time
from urllib.parse import urlsplit

import pytest

from labkit import ClusterUnavailable, Lab
from labkit.core.kube import dynamic_client
from labkit.lab.clients import kube_client
from labkit.wait import objects
from labkit.wait.loop import ANSWER, PATIENCE
from tests.config_maps import is_set, marker, setter
from tests.conftest import Once

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def lab():
    with Lab("ch88_wait_api_server", role="test") as made:
        yield made


@pytest.fixture
def through(proxy):
    """A proxy to the API server, and a client that goes through it."""
    kube = kube_client({})
    at = urlsplit(kube.configuration.host)
    made = proxy((at.hostname, at.port))
    kube.configuration.host = f"https://127.0.0.1:{made.port}"
    made.dynamic = dynamic_client(kube)
    return made


def test_a_watch_cut_in_the_middle_is_opened_again(lab, through):
    target, before = marker(lab, "cut"), through.opened
    cut = Once(is_set, (0.3, through.cut), (1, setter(lab, "cut")))
    assert objects.wait(through.dynamic, target, cut, 20)["data"] == {"now": "yes"}
    assert through.opened > before


def test_watches_that_are_cut_again_and_again_are_not_hammered(lab, through):
    target, ended = marker(lab, "often"), threading.Event()

    def cut():
        while not ended.wait(0.03):
            through.cut()

    often = Once(is_set, (0, cut), (2, setter(lab, "often")), (3, ended.set))
    assert is_set(objects.wait(through.dynamic, target, often, 30))
    assert through.opened < 40  # 3 s at one each 30 ms would be 100 and more


class Expired:
    """A watch that answers as one from a version that the API server has compacted away."""

    connection = None

    def stream(self, amount):
        yield b'{"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}\n'


def test_a_version_that_is_too_old_is_listed_again(lab, monkeypatch):
    target, watches = marker(lab, "old"), []
    real = objects.Watched.changes

    def expired_once(self, answer, deadline):
        watches.append(1)
        return real(self, Expired() if len(watches) == 1 else answer, deadline)

    monkeypatch.setattr(objects.Watched, "changes", expired_once)
    assert lab.wait(target, Once(is_set, (0.5, setter(lab, "old"))), timeout=10)
    assert len(watches) >= 2


def test_an_api_server_that_is_away_for_a_moment_is_waited_for(lab, through):
    def away():
        through.refuses = True
        through.cut()

    back = (1.3, lambda: setattr(through, "refuses", False))
    moment = Once(is_set, (0.3, away), (0.8, setter(lab, "moment")), back)
    assert is_set(objects.wait(through.dynamic, marker(lab, "moment"), moment, 20))


def test_an_api_server_that_goes_away_is_the_clusters_fault(lab, through):
    target, began = marker(lab, "away"), time.monotonic()
    with pytest.raises(ClusterUnavailable):
        objects.wait(through.dynamic, target, Once(is_set, (0.3, through.close)), 60)
    assert time.monotonic() - began < PATIENCE + 10


@pytest.mark.times
def test_an_api_server_that_is_not_there_at_all_is_told_at_once(lab, through):
    target, began = marker(lab, "never"), time.monotonic()
    through.close()
    with pytest.raises(ClusterUnavailable):
        objects.wait(through.dynamic, target, is_set, 60)
    assert time.monotonic() - began < 3


@pytest.mark.times
@pytest.mark.parametrize("at_once", [True, False])
def test_a_silent_api_server_is_the_clusters_fault_and_the_deadline_holds(lab, through, at_once):
    target, began = marker(lab, f"silent-{at_once}".lower()), time.monotonic()
    if at_once:
        through.silence()
    with pytest.raises(ClusterUnavailable):
        objects.wait(through.dynamic, target, Once(is_set, (0.3, through.silence)), 1.5)
    assert time.monotonic() - began < 1.5 + ANSWER + 1


def test_a_watch_that_died_without_a_word_does_not_hide_the_news(lab, through):
    target = marker(lab, "half-open")
    silent = Once(is_set, (0.3, lambda: through.silence(newcomers=False)), (0.6, setter(lab, "half-open")))
    assert is_set(objects.wait(through.dynamic, target, silent, 2))
