"""What a check reads inside a container, from an engine that is made up."""

from __future__ import annotations

import subprocess

import pytest

from labkit import BrokenEnvironment
from labkit.observe.containers import shell


class Box:
    """A container whose commands run here; the engine may lose what they print."""

    def __init__(self, lost=False):
        self.lost = lost

    def exec_run(self, argv, user):
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        status = done.returncode if done.returncode >= 0 else 128 - done.returncode
        return status, b"" if self.lost else done.stdout


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("echo one; echo two >&2", (0, "one\ntwo")),
        ("printf 'no newline'", (0, "no newline")),
        ("exec echo replaced", (0, "replaced")),
        ("echo said; exit 3", (3, "said")),
        ("true", (0, "")),
        ("kill -KILL $$", (137, "Killed")),
        ("kill -KILL $PPID", (137, "")),
    ],
)
def test_a_line_of_shell_is_answered_with_its_status_and_its_words(line, found):
    status, said = shell(Box(), line)
    assert (status, said.split(": ")[-1]) == found


@pytest.mark.parametrize("line", ["echo one", "true", "exit 3"])
def test_an_answer_that_the_engine_lost_is_none_of_the_learners(line):
    with pytest.raises(BrokenEnvironment, match="lost what a command printed"):
        shell(Box(lost=True), line)


def test_no_shell_to_ask_is_said_as_the_engine_says_it():
    class Bare:
        def exec_run(self, argv, user):
            return 127, b'exec: "sh": executable file not found'

    assert shell(Bare(), "true") == (127, 'exec: "sh": executable file not found')
