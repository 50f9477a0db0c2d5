"""Every console block of every chapter, run as it stands, in page order, on a machine of its own.

Docker's commands run on another engine, in a container; kubectl's run here, against the course's cluster. A
block that fails does not stop the page's later ones, but they may fail with it: read the first.

Pages do not disturb each other: ``-n4 -p labkit.devtools.by_stem`` runs them side by side, longest first.
"""

from __future__ import annotations

import re
import subprocess

import pytest

from labkit import Lab
from labkit.book import console_blocks, notebooks
from labkit.core.engine import cli_env
from labkit.core.paths import REGISTRY
from labkit.devtools import cost

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(600)]
COMMAND_SECONDS = 300
NAMED = re.compile(rf"{re.escape(REGISTRY)}/([a-z]+:[0-9.]+)")


def text_of(stem: str) -> str:
    """All text cells of a chapter."""
    return "\n".join(
        c.source for c in notebooks.read(notebooks.path(stem)).cells if c.cell_type == "markdown"
    )


SECONDS = {stem: known.seconds for stem, known in cost.costs().items()}
"""What the chapters last: a page's blocks repeat its experiments."""

STEMS = sorted(notebooks.stems(), key=lambda stem: SECONDS.get(stem, 0), reverse=True)
PAGES = {stem: console_blocks.blocks(text_of(stem)) for stem in STEMS}
BLOCKS = [
    pytest.param(stem, b, id=f"{stem}-{i}") for stem, found in PAGES.items() for i, b in enumerate(found, 1)
]


class Machine:
    """Where a page's commands run; the other engine is started when the first command needs it."""

    def __init__(self, stem: str):
        Lab.reset(stem)
        self.lab, self.engine = Lab(stem, role="console"), None
        self.images = sorted({f"{REGISTRY}/{name}" for block in PAGES[stem] for name in NAMED.findall(block)})

    def run(self, command: console_blocks.Command) -> tuple[int, str]:
        if command.on_host:
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
            done = subprocess.run(
                ["bash", "-c", command.line], env=cli_env(), timeout=COMMAND_SECONDS, **pipes
            )
            return done.returncode, done.stdout
        if self.engine is None:
            self.engine = self.lab.engine("console").start()
            self.engine.load("debian:trixie-slim", *self.images)
            self.engine.exec("mkdir -p /root/course")
        return self.engine.exec(f"cd /root/course && {command.line}")

    def close(self) -> None:
        self.lab.close()
        Lab.reset(self.lab.stem)


@pytest.fixture(scope="module")
def machines():
    """One machine a page, kept while the page's blocks run."""
    made: dict[str, Machine] = {}
    yield made
    for machine in made.values():
        machine.close()


def test_every_chapter_has_console_blocks():
    assert PAGES
    assert [stem for stem, found in PAGES.items() if not found] == []


@pytest.mark.parametrize(("stem", "block"), BLOCKS)
def test_block(stem, block, machines):
    if stem not in machines:
        for other in list(machines):
            machines.pop(other).close()
        machines[stem] = Machine(stem)
    for command in console_blocks.parse(block):
        if wrong := command.differs(*machines[stem].run(command)):
            pytest.fail(wrong, pytrace=False)
