"""Progress of long steps: told at the beginning, at the end, and meanwhile where there is no terminal."""

from __future__ import annotations

import io
import threading

import pytest
from rich.console import Console

from labkit.provision.progress import EVERY, Steps


class Log(io.StringIO):
    """A log that says when a text has come."""

    def __init__(self):
        super().__init__()
        self.written = threading.Condition()

    def write(self, text):
        with self.written:
            count = super().write(text)
            self.written.notify_all()
        return count

    def wait_for(self, text, times=1):
        """Whether the text was written that often within 10 s."""
        with self.written:
            return self.written.wait_for(lambda: self.getvalue().count(text) >= times, timeout=10)


@pytest.fixture
def log(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))
    return Log()


def test_without_a_terminal_a_long_step_says_what_it_does_and_how_far_it_is(log):
    with Steps(Console(file=log, width=200), every=0.02) as steps, steps.step("node image", 800) as say:
        assert log.wait_for("at work (of about 800 s at first)")
        say("1200 of about 3900 packages compiled")
        assert log.wait_for("1200 of about 3900 packages compiled (of about 800 s at first)", times=2)
    assert log.getvalue().rstrip().splitlines()[-1].startswith("✓ node image")


def test_steps_side_by_side_are_each_told(log):
    with (
        Steps(Console(file=log, width=200), every=0.02) as steps,
        steps.step("images", 150) as of_images,
        steps.step("node image", 800) as of_node,
    ):
        of_images("web built")
        of_node("downloading modules")
        assert log.wait_for("web built")
        assert log.wait_for("downloading modules")


def test_nothing_is_told_of_a_step_that_has_ended(log):
    with Steps(Console(file=log, width=200), every=0.02) as steps:
        with pytest.raises(ValueError, match="away"), steps.step("engine", 30):
            raise ValueError("away")
        with steps.step("cluster", 40):
            assert log.wait_for("… cluster", times=3)
        after_the_failure = log.getvalue().split("✗ engine")[1]
    assert "… engine" not in after_the_failure


def test_on_a_terminal_the_steps_are_drawn_and_not_told_again(log):
    with (
        Steps(Console(file=log, width=200, force_terminal=True), every=0.001) as steps,
        steps.step("images", 150) as say,
    ):
        say("web built")
    assert "… images" not in log.getvalue()


def test_it_is_told_every_30_seconds():
    assert EVERY == 30


def test_what_a_tool_says_is_told_as_it_is(log):
    """Brackets are no markup here, and ``:x:`` is no cross."""
    with Steps(Console(file=log, width=200)) as steps, steps.step("images", 150) as say:
        say("[bold]cache:x:rw[/nothing]")
    assert "[bold]cache:x:rw[/nothing]" in log.getvalue()
