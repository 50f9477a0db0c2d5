"""Waits for containers on the real engine: by events, through broken streams, with evidence at the end."""

from __future__ import annotations

import threading
import time

import pytest

from labkit import EngineUnavailable, Lab, Missing, TimedOut, Usage, until
from labkit.core import engine
from labkit.lab.clients import docker_client
from labkit.wait import containers
from labkit.wait.loop import ANSWER, PATIENCE
from tests.conftest import Once, later

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
BASE, STEM = "debian:trixie-slim", "ch93_wait_docker"
HEALTH = {"test": ["CMD", "test", "-e", "/ok"], "interval": 10**8, "timeout": 10**9, "retries": 1}


@pytest.fixture(scope="module")
def lab():
    with Lab(STEM, role="test") as made:
        yield made


def run(lab, command, **options):
    return lab.docker.containers.run(BASE, ["sh", "-c", command], detach=True, init=True, **options)


def has_ended(container):
    return container.status == "exited"


def test_exit(lab):
    assert lab.wait(run(lab, "sleep 0.3; exit 7"), "exited").attrs["State"]["ExitCode"] == 7


def test_a_short_life_is_not_missed(lab):
    for _ in range(5):  # it may end before, while or after the events are asked for
        assert lab.wait(run(lab, "exit 3"), "exited", timeout=10).attrs["State"]["ExitCode"] == 3


def test_one_that_was_never_started_has_not_exited(lab):
    with pytest.raises(TimedOut, match="was not exited"):
        lab.wait(lab.docker.containers.create(BASE, "true"), "exited", timeout=0.5)


def test_start(lab):
    box = lab.docker.containers.create(BASE, ["sleep", "60"])
    later(0.3, lambda: engine.client().containers.get(box.id).start())
    assert lab.wait(box, "running", timeout=10).status == "running"


def test_health(lab):
    box = run(lab, "sleep 0.5; touch /ok; sleep 60", healthcheck=HEALTH)
    assert lab.wait(box, "healthy").attrs["State"]["Health"]["Status"] == "healthy"


@pytest.mark.parametrize("options", [{}, {"healthcheck": {"test": ["NONE"]}}])
def test_health_of_one_without_a_check_is_a_mistake(lab, options):
    with pytest.raises(Usage, match="has no health check"):
        lab.wait(run(lab, "sleep 60", **options), "healthy")


def test_removal(lab):
    box = run(lab, "sleep 60")
    later(0.3, lambda: engine.client().containers.get(box.id).remove(force=True))
    lab.wait(box, "removed", timeout=10)
    lab.wait(box, "removed", timeout=0)


def test_one_that_is_removed_will_never_be_ready_and_nobody_waits_for_it(lab):
    box, began = run(lab, "sleep 60", healthcheck=HEALTH), time.monotonic()
    later(0.3, lambda: engine.client().containers.get(box.id).remove(force=True))
    with pytest.raises(Missing, match="was removed"):
        lab.wait(box, "healthy", timeout=30)
    assert time.monotonic() - began < 10


def test_a_predicate(lab):
    box = run(lab, "sleep 60")
    pause = (0.3, lambda: engine.client().containers.get(box.id).pause())
    assert lab.wait(box, Once(lambda c: c.status == "paused", pause), timeout=10).status == "paused"
    box.unpause()


def test_an_unknown_condition(lab):
    with pytest.raises(Usage, match="no condition 'ready'"):
        lab.wait(run(lab, "sleep 60"), "ready")


@pytest.mark.parametrize("tty", [False, True])
def test_time_up_shows_state_and_log(lab, tty):
    box = run(lab, "echo I am stuck; echo twice >&2; sleep 60", healthcheck=HEALTH, tty=tty)
    lab.wait(box, lambda c: b"twice" in c.logs(), timeout=10)
    with pytest.raises(TimedOut) as e:
        lab.wait(box, "healthy", timeout=1)
    assert "last state: running" in e.value.evidence
    assert {line.strip() for line in e.value.evidence.splitlines()[-2:]} == {"I am stuck", "twice"}
    assert e.value.fix.startswith("docker logs")


def test_a_field_that_is_misspelt_is_named_when_time_is_up(lab):
    with pytest.raises(TimedOut, match="KeyError: 'Statu'"):
        lab.wait(run(lab, "sleep 60"), lambda c: c.attrs["State"]["Statu"] == "x", timeout=0.5)


@pytest.mark.times
def test_the_deadline_holds_when_nothing_happens(lab):
    box, made = run(lab, "sleep 60"), time.monotonic()
    until(lambda: time.monotonic() > made + 2.5, timeout=5)  # its start is no news any more
    began = time.monotonic()
    with pytest.raises(TimedOut):
        lab.wait(box, "exited", timeout=0.7)
    assert 0.6 < time.monotonic() - began < 2


@pytest.mark.times
def test_the_deadline_holds_when_much_happens(lab):
    box = run(lab, "while :; do sleep 1; done", healthcheck={**HEALTH, "test": ["CMD", "true"]})
    began = time.monotonic()
    with pytest.raises(TimedOut):
        lab.wait(box, "exited", timeout=2)
    assert 1.9 < time.monotonic() - began < 3.5


@pytest.fixture
def through(proxy):
    """A proxy to the engine's socket."""
    return proxy(engine.host().removeprefix("unix://"))


def seen_through(through, box):
    """A container as a client sees it behind a proxy."""
    return docker_client({}, f"tcp://127.0.0.1:{through.port}").containers.get(box.id)


def test_a_stream_cut_in_the_middle_is_opened_again(lab, through):
    box = run(lab, "sleep 60")
    seen, before = seen_through(through, box), through.opened
    cut = Once(has_ended, (0.3, through.cut), (1, box.kill))
    assert containers.wait(seen, cut, 20).attrs["State"]["ExitCode"] == 137
    assert through.opened > before + 1  # the look and the stream, and again


def test_streams_that_are_cut_again_and_again_are_not_hammered(lab, through):
    box, ended = run(lab, "sleep 60"), threading.Event()

    def cut():
        while not ended.wait(0.03):
            through.cut()

    often = Once(has_ended, (0, cut), (2, box.kill), (3, ended.set))
    assert containers.wait(seen_through(through, box), often, 30).status == "exited"
    assert through.opened < 60  # 3 s at two each 30 ms would be 200


def test_an_engine_that_is_away_for_a_moment_is_waited_for(lab, through):
    box = run(lab, "sleep 60")

    def away():
        through.refuses = True
        through.cut()

    back = (1.3, lambda: setattr(through, "refuses", False))
    moment = Once(has_ended, (0.3, away), (0.8, box.kill), back)
    assert containers.wait(seen_through(through, box), moment, 20).status == "exited"


def test_an_engine_that_goes_away_is_the_engines_fault(lab, through):
    seen, began = seen_through(through, run(lab, "sleep 60")), time.monotonic()
    with pytest.raises(EngineUnavailable):
        containers.wait(seen, Once(has_ended, (0.3, through.close)), 60)
    assert time.monotonic() - began < PATIENCE + 10


@pytest.mark.times
def test_an_engine_that_is_not_there_at_all_is_told_at_once(lab, through):
    seen, began = seen_through(through, run(lab, "sleep 60")), time.monotonic()
    through.close()
    with pytest.raises(EngineUnavailable):
        containers.wait(seen, "exited", 60)
    assert time.monotonic() - began < 3


@pytest.mark.times
@pytest.mark.parametrize("at_once", [True, False])
def test_a_silent_engine_is_the_engines_fault_and_the_deadline_holds(lab, through, at_once):
    seen, began = seen_through(through, run(lab, "sleep 60")), time.monotonic()
    if at_once:
        through.silence()
    with pytest.raises(EngineUnavailable):
        containers.wait(seen, Once(has_ended, (0.3, through.silence)), 1.5)
    assert time.monotonic() - began < 1.5 + ANSWER + 1


def test_a_stream_that_died_without_a_word_does_not_hide_the_news(lab, through):
    box = run(lab, "sleep 60")
    silent = Once(has_ended, (0.3, lambda: through.silence(newcomers=False)), (0.6, box.kill))
    assert containers.wait(seen_through(through, box), silent, 3).status == "exited"


def test_what_happens_between_the_look_and_the_stream_is_not_missed(lab, monkeypatch):
    box, began, real = run(lab, "sleep 60"), time.monotonic(), containers.Watched.ask

    def late(self, path, *args, **options):
        if path == "/events" and box.status != "exited":
            box.kill()
            until(lambda: box.reload() or box.status == "exited", timeout=20)
        return real(self, path, *args, **options)

    monkeypatch.setattr(containers.Watched, "ask", late)
    assert lab.wait(lab.docker.containers.get(box.id), "exited", timeout=25).status == "exited"
    assert time.monotonic() - began < 20


@pytest.mark.times
def test_the_deadline_holds_when_something_else_happened_meanwhile(lab):
    box, began = run(lab, "sleep 60"), time.monotonic()
    with pytest.raises(TimedOut):
        lab.wait(box, Once(has_ended, (1.3, box.pause)), timeout=2)
    assert time.monotonic() - began < 2.9
    box.unpause()


@pytest.mark.times
def test_a_wait_ends_soon_after_the_event(lab):
    box, other, late = run(lab, "sleep 60"), engine.client(), []
    for number in range(9):
        name, done = f"ch93-{lab.session}-{number}", []

        def rename(name=name, done=done):
            other.containers.get(box.id).rename(name)
            done.append(time.monotonic())

        timer = threading.Timer(0.1, rename)
        timer.start()
        lab.wait(box, lambda c, name=name: c.name == name, timeout=10)
        ended = time.monotonic()
        timer.join()
        late.append(ended - done[0])
    assert sorted(late)[4] < 0.1  # `labkit bench` measures it on a quiet machine: 50 ms is the bound there
