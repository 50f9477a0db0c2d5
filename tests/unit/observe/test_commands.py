"""A line of shell, from a container that is made up: its words, its success, and what is neither."""

from __future__ import annotations

import subprocess

import pytest

from labkit import CommandFailed, output_of, succeeds
from labkit.lab.private_engine import PrivateEngine


class Box:
    """A container whose commands run here."""

    def __init__(self):
        self.users = []

    def exec_run(self, argv, user):
        self.users.append(user)
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode if done.returncode >= 0 else 128 - done.returncode, done.stdout


class Bare:
    """A container without a shell."""

    def exec_run(self, argv, user):
        return 127, b'exec: "sh": executable file not found'


def test_what_a_line_printed_is_returned_errors_included():
    assert output_of(Box(), "echo one; echo two >&2; echo; printf three") == "one\ntwo\n\nthree"


def test_a_line_that_fails_is_an_error_that_says_what_it_printed():
    with pytest.raises(CommandFailed, match=r"status 3(.|\n)*echo said(.|\n)*said$"):
        output_of(Box(), "echo said; exit 3")
    with pytest.raises(CommandFailed, match="printed nothing"):
        output_of(Box(), "false")


@pytest.mark.parametrize(("line", "whether"), [("true", True), ("false", False), ("exit 125", False)])
def test_a_line_succeeds_or_not(line, whether):
    assert succeeds(Box(), line) is whether


@pytest.mark.parametrize("line", ["no-such-program-here", "kill -KILL $$", "exit 126"])
def test_a_line_that_could_not_be_run_is_no_answer(line):
    with pytest.raises(CommandFailed, match="ended with status 1"):
        succeeds(Box(), line)


def test_no_shell_is_no_answer():
    with pytest.raises(CommandFailed, match="executable file not found"):
        succeeds(Bare(), "true")


def test_the_user_is_handed_on():
    box = Box()
    output_of(box, "true", user="root")
    succeeds(box, "true", user="999")
    assert box.users == ["root", "999"]


def test_the_host_of_a_private_engine_is_its_container():
    engine = PrivateEngine.__new__(PrivateEngine)
    engine._container = Box()
    assert output_of(engine, "echo here") == "here"
    assert succeeds(engine, "true")
