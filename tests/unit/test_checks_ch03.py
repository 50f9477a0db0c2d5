"""The given programs of chapter 3, found by what they are."""

from __future__ import annotations

import pytest

from checks.ch03_isolated import COUNTER, PROGRAM, given
from labkit.book import notebooks


@pytest.mark.parametrize(("name", "text"), [("PROGRAM", PROGRAM), ("COUNTER", COUNTER)])
def test_the_programs_are_the_notebooks(name, text):
    cells = notebooks.read(notebooks.path("ch03_isolated", "exercises")).cells
    space = {}
    exec(next(c.source for c in cells if c.source.startswith(f"{name} = ")), space)
    assert space[name] == text


def process(*words, pid="7"):
    """A process with a command line."""
    return {"Pid": pid, "Command": "".join(f"{word}\1".replace("\n", "\2") for word in words)}


@pytest.mark.parametrize(
    "words",
    [
        ["python3", "-c", PROGRAM],
        ["/usr/local/bin/python3.13", "-u", "-c", f"\n{PROGRAM} # the end\n"],
        ["python", "-c", PROGRAM.replace('"', "'")],
    ],
)
def test_the_program_is_found_whatever_its_layout(words):
    assert given.running_as([process(*words)], PROGRAM)


@pytest.mark.parametrize(
    "words",
    [
        ["sleep", "infinity", "greedy"],
        ["python3", "-c", "greedy = 1"],
        ["python3", "-c", ""],
        ["python3", "-c", "("],
        ["python3"],
        ["sh", "-c", PROGRAM],
        [""],
    ],
)
def test_what_only_looks_like_it_is_not_it(words):
    assert not given.running_as([process(*words)], PROGRAM)


def test_what_runs_beside_it_is_named_and_what_started_it_is_not():
    own = process("python3", "-c", PROGRAM, pid="1")
    beside = [
        process("/sbin/docker-init", "--", pid="2"),
        process("/bin/sleep", "9", pid="3"),
        process("sh", pid="4"),
    ]
    assert given.others([own, *beside], [own]) == ["sleep"]
