"""Answers with which graders are tested: wrong ones that must be rejected, right ones that must not be.

``tests/graders/<stem>/`` holds functions that do what a learner would do. Each is for one check; its
parameters are ``lab`` and the scenes (by name, their facts) that it starts from.
"""

from __future__ import annotations

import re
from pathlib import Path

from labkit.checks.examples import Answer
from labkit.checks.loader import defined_in, load_package
from labkit.checks.model import Suite
from labkit.core.errors import Usage
from labkit.core.paths import repo

FOLDER = "tests/graders"
LEAST_WRONG, LEAST_RIGHT = 4, 2
"""How many answers each task must have."""


def answers(suite: Suite, root: Path | None = None) -> list[Answer]:
    """The answers for a stem's checks.

    Raises:
        Usage: there are none, two are called the same, or a task has too few.
    """
    folder = (root or repo()) / FOLDER / suite.stem
    if not (folder / "__init__.py").is_file():
        wanted = f"{FOLDER}/{suite.stem}/__init__.py"
        raise Usage(f"No answers test the graders of {suite.stem}.", wanted=wanted)
    modules = load_package(f"graders.{suite.stem}", folder)
    for path in sorted(folder.glob("*.py")):
        names = re.findall(r"^def (\w+)", path.read_text(encoding="utf-8"), re.M)
        if twice := sorted({name for name in names if names.count(name) > 1}):
            where = f"{suite.stem}/{path.name}"
            raise Usage(f"{where}: {twice[0]} is defined twice, and the second hides the first.")
    found = [answer for module in modules for answer in defined_in(module, Answer)]
    keys = [a.key for a in found]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise Usage(f"{FOLDER}/{suite.stem} has two answers of one name.", found=twice[0])
    enough(suite, found)
    return found


def enough(suite: Suite, found: list[Answer]) -> None:
    """Every task has its wrong and right answers, and every check at least one of each.

    Raises:
        Usage: it has not.
    """
    for is_right, least, word in ((False, LEAST_WRONG, "wrong"), (True, LEAST_RIGHT, "right")):
        names = [a.check for a in found if a.is_right is is_right]
        for name in names:
            suite.find("checks", name)
        if bare := [name for name in suite.checks if name not in names]:
            raise Usage(f"The check {bare[0]} of {suite.stem} has no {word} answer.", wanted="at least one")
        for task in sorted({c.task for c in suite.checks.values()}):
            count = sum(suite.checks[name].task == task for name in names)
            if count < least:
                wanted = f"at least {least} {word} answers to the task {task}"
                raise Usage(f"{suite.stem} has too few answers.", wanted=wanted, found=count)
