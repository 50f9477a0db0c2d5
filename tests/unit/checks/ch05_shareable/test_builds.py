"""Two builds of one Dockerfile, and images that are made up, without Docker."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from checks.ch05_shareable import builds, inspections
from checks.ch05_shareable.builds import Twice, unequal
from labkit import Mismatch

WORLDS = {"Monday": [("sumac", "1.1", 5)], "Friday": [("sumac", "1.1.1", 6)]}


@pytest.fixture
def world(monkeypatch):
    """Archives and builds that are written down; `fails` is the tag whose build fails."""
    it = SimpleNamespace(done=[], fails=None, ids={}, files={}, layers={})

    def archive(lab, box, address, packages, name, image):
        it.done.append(f"serve {packages[0][1]} at {address}")
        return SimpleNamespace(remove=lambda force: it.done.append("serve no more"))

    def build(box, text, tag, address):
        it.done.append(f"build at {address}")
        return (1, "E: Version '1.1' was not found\n") if it.fails and it.fails in tag else (0, "")

    def inspected(box, kind, tag):
        day = tag.split(":")[1]
        return {"Id": it.ids.get(day), "RootFS": it.layers.get(day)}

    monkeypatch.setattr(builds, "later", lambda: it.done.append("later"))
    monkeypatch.setattr(builds, "archive", archive)
    monkeypatch.setattr(builds, "build", build)
    monkeypatch.setattr(builds, "inspected", inspected)
    monkeypatch.setattr(builds, "files", lambda box, tag: it.files.get(tag.split(":")[1], {}))
    monkeypatch.setattr(builds, "shell", lambda box, line: it.done.append(line[:15]) or (0, "42"))
    return it


def twice(text="FROM x"):
    return Twice(None, None, text, WORLDS, "helper")


def test_each_world_has_its_archive_while_it_is_built_in(world):
    with twice() as built:
        assert built.said(0) == "42"
    served = ["serve 1.1 at 127.0.0.3", "build at 127.0.0.3", "serve no more", "later"]
    served += ["serve 1.1.1 at 127.0.0.4", "build at 127.0.0.4", "serve no more", "later"]
    assert world.done == [*served, "timeout 20 dock", "docker image rm"]


@pytest.mark.parametrize(
    ("day", "hint"), [("monday", "Which versions did Monday's image have?"), ("friday", None)]
)
def test_a_build_that_fails_says_in_which_world_and_leaves_nothing(world, day, hint):
    world.fails = day
    with pytest.raises(Mismatch, match=f"archive is {day.title()}'s") as e, twice():
        pass
    assert (e.value.hint, e.value.found) == (hint, "Version '1.1' was not found")
    assert world.done[-1] == "docker image rm"


@pytest.mark.parametrize("text", [None, 5, "RUN true"])
def test_what_is_no_dockerfile_is_not_built(text):
    with pytest.raises(Mismatch, match="no Dockerfile"):
        twice(text)


def test_equal_images_pass_and_others_are_told_apart(world):
    world.ids = {"monday": 1, "friday": 1}
    with twice() as built:
        built.differ()
        world.ids = {"monday": 1, "friday": 2}
        world.files = {"monday": {"/a": "1"}, "friday": {"/a": "1", "/baked": "2"}}
        with pytest.raises(Mismatch, match="time of the build"):
            built.differ()


def test_the_second_build_is_in_another_second(monkeypatch):
    clock = iter([7.2, 7.9, 8.0, 99.0])
    monkeypatch.setattr(builds.time, "time", lambda: next(clock))
    builds.later()
    assert next(clock) == 99.0


LEVELS = [
    (["/baked", "/etc/x"], False, "time of the build", "Does the program"),
    (["/var/lib/apt/x"], False, "differ in contents", "What apt knows"),
    (["/etc/x", "/var/log/y"], False, "differ in contents", "Logs tell"),
    ([], False, "All contents are equal, the layers are not", "Equal contents"),
    ([], True, "layers are equal, the configs are not", "Which time"),
]


@pytest.mark.parametrize(("unlike", "layers", "message", "hint"), LEVELS)
def test_the_level_on_which_two_images_differ(unlike, layers, message, hint):
    found = unequal(unlike, layers)
    assert message in found.message
    assert found.hint.startswith(hint)


def test_made_up_images_have_the_digests_of_their_seed():
    one = inspections.described("a")
    assert one == inspections.described("a") != inspections.described("b")
    told = {what: same for what, there, same in inspections.pairs("a", "b") if (there == one) != same}
    assert told == {"the same image, under another name": True}
