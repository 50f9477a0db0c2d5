"""Answers that are made up, and what their checks said, for the tests of proofs."""

from __future__ import annotations

from labkit.checks.examples import Answer
from labkit.checks.model import Suite, check
from labkit.checks.result import FAIL, PASS, Result


@check(task="do", points=1)
def one(lab):
    """One"""


@check(task="repair", points=2)
def two(lab):
    """Two"""


SUITE = Suite("ch96_x", {"one": one, "two": two})


def tried(words, verdict, is_right=False, check="one", message=None, hint=None):
    message = words if message is None else message
    result = Result(check, "One", "do", 1, verdict, message, hint=hint)
    return Answer(check, words, is_right, print), result


KILLED, ACCEPTED = tried("counts what runs", FAIL), tried("by the command", PASS, is_right=True)
