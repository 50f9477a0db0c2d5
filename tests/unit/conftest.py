"""What judging needs of a lab, without Docker."""

from __future__ import annotations

import pytest

from labkit.checks import Check, Scene, Suite, check
from labkit.judge import Judge
from labkit.results import Result
from labkit.seat import Seat

STEM = "ch96_x"


class Engine:
    """A docker client whose ping does what it is told."""

    def __init__(self):
        self.raises, self.asked = None, 0

    def ping(self):
        self.asked += 1
        if callable(self.raises):
            self.raises()
        elif self.raises is not None:
            raise self.raises


class FakeLab:
    """What a judge needs of a lab."""

    def __init__(self, folder):
        self.seat, self.docker = Seat.fresh(STEM, folder), Engine()

    def node_label(self, name):
        return name

    def suite(self, *things, **options):
        """A suite of checks and scenes."""
        return Suite(
            STEM,
            {t.name: t for t in things if isinstance(t, Check)},
            {t.name: t for t in things if isinstance(t, Scene)},
            **options,
        )

    def told(self, error, **options) -> Result:
        """What comes of a check that raises something."""

        def one(lab):
            """It is so"""
            raise error

        return Judge(self.suite(check(task="do", points=2)(one), **options), self).run("one")


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A lab of which only the engine's sign of life is real."""
    monkeypatch.setattr(Seat, "env", lambda self: {})
    return FakeLab(tmp_path)
