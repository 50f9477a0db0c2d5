"""Reading what is in volumes: what is read, and that looking adds nothing to the engine."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from labkit import Lab
from labkit.core.errors import Missing
from labkit.lab.engine_pool import BASE
from labkit.observe.unchanged import volume_contents

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
NAMES = ("contents-a", "contents-b")


@pytest.fixture(scope="module")
def other():
    """An engine that nobody else uses, with two volumes, a note in the first."""
    with Lab("ch87_volume_contents", role="test") as lab, lab.engine("contents") as made:
        made.load(BASE)
        for name in NAMES:
            made.docker.volumes.create(name)
        write(made, "one")
        yield SimpleNamespace(docker=made.docker)


def write(engine, text):
    """Writes a note into the first volume."""
    command = ["sh", "-c", f"echo {text} > /data/note"]
    engine.docker.containers.run(BASE, command, volumes=[f"{NAMES[0]}:/data"], remove=True)


def test_looking_leaves_no_container_and_no_volume(other):
    assert set(volume_contents(other, NAMES, BASE)) == set(NAMES)
    assert other.docker.containers.list(all=True) == []
    assert {volume.name for volume in other.docker.volumes.list()} == set(NAMES)


def test_a_digest_follows_the_content(other):
    before = volume_contents(other, NAMES, BASE)
    write(other, "two")
    after = volume_contents(other, NAMES, BASE)
    assert [before[name] == after[name] for name in NAMES] == [False, True]
    write(other, "one")
    assert volume_contents(other, NAMES, BASE) == before


def test_a_volume_that_is_not_there_is_not_made(other):
    with pytest.raises(Missing, match="There is no volume contents-c"):
        volume_contents(other, ["contents-c"], BASE)
    assert {volume.name for volume in other.docker.volumes.list()} == set(NAMES)
