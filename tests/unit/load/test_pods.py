"""Pods' histories, from events as a watch gives them."""

from __future__ import annotations

from types import SimpleNamespace as Some

import pytest

from labkit import ClusterUnavailable, Interval, PodWatch, TimedOut


@pytest.fixture
def watched():
    """A watch without its threads: the test hands it the events."""
    it = object.__new__(PodWatch)
    it.histories, it.failure = {}, None
    return it


def pod(name, app="web", version="1.0", running=False, ready=False, deleted=None):
    env = [Some(name="VERSION", value=version)]
    container = Some(state=Some(running=running or None))
    return Some(
        metadata=Some(name=name, labels={"app": app}, deletion_timestamp=deleted),
        spec=Some(containers=[Some(env=env)]),
        status=Some(
            container_statuses=[container],
            conditions=[Some(type="Ready", status="True" if ready else "False")],
        ),
    )


def part(*endpoints):
    return Some(
        endpoints=[
            Some(target_ref=Some(name=name) if name else None, conditions=Some(terminating=terminating))
            for name, terminating in endpoints
        ]
    )


def test_a_moment_is_the_first_one_at_which_it_is_so(watched):
    watched.note_pod(1.0, "ADDED", pod("a"))
    watched.note_pod(2.0, "MODIFIED", pod("a", running=True))
    watched.note_pod(3.0, "MODIFIED", pod("a", running=True, ready=True))
    watched.note_pod(4.0, "MODIFIED", pod("a", running=True, ready=True))
    watched.note_pod(5.0, "MODIFIED", pod("a", running=True, deleted="now"))
    watched.note_slice(5.5, "MODIFIED", part(("a", False), ("unknown", True), (None, True)))
    watched.note_slice(6.0, "MODIFIED", part(("a", True)))
    watched.note_slice(6.5, "MODIFIED", part(("a", True)))
    watched.note_slice(6.6, "MODIFIED", Some(endpoints=None))
    watched.note_pod(7.0, "DELETED", pod("a", deleted="now"))
    (it,) = watched.of("web")
    assert (it.started, it.ready, it.deleted, it.terminating, it.gone) == (2.0, 3.0, 5.0, 6.0, 7.0)
    assert (it.name, it.env) == ("a", {"VERSION": "1.0"})
    assert watched.of("another") == []


def test_a_pod_without_a_status_has_no_moments(watched):
    bare = pod("a")
    bare.metadata.labels = bare.spec.containers[0].env = None
    bare.status = Some(container_statuses=None, conditions=None)
    watched.note_pod(1.0, "ADDED", bare)
    (it,) = watched.of("")
    assert (it.started, it.ready, it.env) == (None, None, {})


def test_left_and_kept_differ_in_those_that_are_ending(watched):
    watched.note_pod(1.0, "ADDED", pod("stays"))
    watched.note_pod(1.0, "MODIFIED", pod("ends", deleted="now"))
    watched.note_pod(2.0, "DELETED", pod("gone", deleted="now"))
    assert [p.name for p in watched.left("web")] == ["stays", "ends"]
    assert [p.name for p in watched.kept("web")] == ["stays"]


def test_it_waits_until_only_one_version_is_left(watched):
    with pytest.raises(TimedOut, match=r"VERSION=2\.0"):  # nothing is left: that is not the new version
        watched.wait_env("web", "VERSION", "2.0", timeout=0.05)
    watched.note_pod(1.0, "ADDED", pod("old"))
    watched.note_pod(2.0, "ADDED", pod("new", version="2.0"))
    with pytest.raises(TimedOut):
        watched.wait_env("web", "VERSION", "2.0", timeout=0.05)
    watched.note_pod(3.0, "DELETED", pod("old"))
    watched.wait_env("web", "VERSION", "2.0", timeout=0.05)


def test_lives_within_a_time(watched):
    watched.note_pod(1.0, "ADDED", pod("told before", running=True, deleted="now"))
    watched.note_pod(2.0, "ADDED", pod("old", running=True, ready=True))
    watched.note_pod(11.0, "ADDED", pod("new", running=True))
    watched.note_pod(12.0, "MODIFIED", pod("new", running=True, ready=True))
    watched.note_pod(13.0, "MODIFIED", pod("old", running=True, deleted="now"))
    watched.note_pod(14.0, "DELETED", pod("old", deleted="now"))
    watched.note_pod(15.0, "ADDED", pod("pending"))
    watched.note_pod(21.0, "ADDED", pod("later", running=True))
    lives = list(watched.intervals("web", 10.0, 20.0))
    assert lives == [Interval(10.0, 14.0, False, None), Interval(11.0, 20.0, True, 12.0)]


def test_a_watch_that_has_ended_is_told(watched):
    def breaks(*_, **how):
        raise OSError("connection reset")

    watched.namespace = "ns"
    watched.follow(breaks, watched.note_pod)
    with pytest.raises(ClusterUnavailable) as told:
        watched.of("web")
    assert "connection reset" in str(told.value.found)
