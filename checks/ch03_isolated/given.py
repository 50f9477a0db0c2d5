"""The given program, found among a container's processes by what it is, and the image that it comes from."""

from __future__ import annotations

import ast
from itertools import pairwise

from labkit import Mismatch
from labkit.observe.containers import image
from labkit.observe.power import arguments

from . import PYTHON

LAUNCHERS = {"docker-init", "tini", "sh", "bash", "dash"}
"""What may stand before the program: an init process, or the shell that started it."""


def from_image(lab, box):
    """That a container was made from the image that the task names."""
    if box.attrs["Image"] != image(lab, PYTHON).id:
        found = box.attrs["Config"]["Image"]
        raise Mismatch(f"{box.name} was made from another image.", wanted=PYTHON, found=found)


def running_as(listed, program):
    """The processes that run a program by ``python3 -c``, whatever they are called.

    Args:
        listed: by `labkit.observe.power.processes`.
        program: its text; blanks and comments do not count.
    """
    return [p for p in listed if is_python(arguments(p)) and is_same(code_of(arguments(p)), program)]


def others(listed, own):
    """The processes beside a program, by the name of what they run, without what started it."""
    numbers = {p["Pid"] for p in own}
    names = {arguments(p)[0].rpartition("/")[2] for p in listed if p["Pid"] not in numbers}
    return sorted(name for name in names if name and name not in LAUNCHERS)


def is_python(words):
    """Whether a command's program is Python."""
    return words[0].rpartition("/")[2].startswith("python")


def code_of(words):
    """What stands after ``-c``."""
    return next((after for word, after in pairwise(words) if word == "-c"), "")


def is_same(text, program):
    """Whether two texts are the same program."""
    try:
        return bool(text.strip()) and ast.dump(ast.parse(text)) == ast.dump(ast.parse(program))
    except (SyntaxError, ValueError):
        return False
