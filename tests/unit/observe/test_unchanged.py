"""What is not as it was: objects by identity, fields by value."""

from __future__ import annotations

import io
import tarfile

import pytest

from labkit.core.errors import Missing
from labkit.observe import unchanged
from labkit.observe.unchanged import Change, changes


def state(**kinds):
    """A state with some objects."""
    return {"container": {}, "network": {}, "volume": {}, "image": {}, **kinds}


WEB = {"name": "web", "state": "running", "start": "9:00", "labels": {}}


def told(before, now, **options):
    """The changes in words."""
    return [str(c) for c in changes(before, now, **options)]


def test_nothing_changed():
    assert told(state(container={"1": WEB}), state(container={"1": WEB})) == []


def test_a_field_that_differs_is_told_with_both_values():
    now = state(container={"1": {**WEB, "start": "9:30"}})
    assert changes(state(container={"1": WEB}), now) == [Change("container", "web", "start", "9:00", "9:30")]


def test_what_was_made_anew_under_its_name_is_another():
    assert told(state(container={"1": WEB}), state(container={"2": WEB})) == ["container web: remade"]


def test_a_swap_of_names_is_two_changes():
    other = {**WEB, "name": "db"}
    before, now = state(container={"1": WEB, "2": other}), state(container={"2": WEB, "1": other})
    assert told(before, now) == ["container web: name", "container db: name"]


def test_what_went_and_what_came():
    before, now = state(network={"1": {"name": "a"}}), state(network={"2": {"name": "b"}})
    assert told(before, now) == ["network a: gone", "network b: new"]


def test_a_volume_has_no_identity_but_the_time_when_it_was_made():
    before = state(volume={"v": {"name": "v", "made": "9:00"}})
    assert told(before, state(volume={"v": {"name": "v", "made": "9:05"}})) == ["volume v: remade"]


def test_what_is_free_is_not_told():
    now = state(container={"1": {**WEB, "start": "9:30", "labels": {"a": "b"}}, "2": {**WEB, "name": "x"}})
    assert told(state(container={"1": WEB}), now, free=["start", "container labels", "new"]) == []


def tar(**files):
    """An archive with some files."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name, (content, mode) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            archive.addfile(member, io.BytesIO(content))
    return held.getvalue()


def test_a_digest_tells_contents_and_rights_and_no_order():
    one = unchanged.digest(tar(a=(b"1", 0o644), b=(b"2", 0o644)))
    assert one == unchanged.digest(tar(b=(b"2", 0o644), a=(b"1", 0o644)))
    assert one != unchanged.digest(tar(a=(b"1", 0o644), b=(b"3", 0o644)))
    assert one != unchanged.digest(tar(a=(b"1", 0o600), b=(b"2", 0o644)))


class Workspace:
    """Keeps notes in memory."""

    def __init__(self):
        self.scenes = {"web": True}

    def note(self, what, name, value):
        getattr(self, what)[name] = value

    def noted(self, what):
        return getattr(self, what)


def test_a_state_is_kept_with_its_scene():
    lab = type("Lab", (), {"workspace": Workspace()})()
    with pytest.raises(Missing):
        unchanged.noted_state(lab, "web")
    unchanged.note_state(lab, "web", state(container={"1": WEB}))
    assert changes(unchanged.noted_state(lab, "web"), state(container={"1": WEB})) == []
