"""The checks of a stem, found and loaded."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from labkit.checks.examples import Answer
from labkit.checks.model import TASKS, Check, Scene, Suite
from labkit.core.errors import Usage
from labkit.core.paths import repo

FOLDER = "checks"
T = TypeVar("T", Check, Scene, Answer)


def folder_of(stem: str, root: Path | None = None) -> Path:
    """Where the checks of a stem are, whether or not there are any.

    Args:
        stem: such as ``ch01_docker_manages``.
        root: the course's folder; None is this one.
    """
    return (root or repo()) / FOLDER / stem


def has_checks(stem: str, root: Path | None = None) -> bool:
    """Whether a stem has checks."""
    return (folder_of(stem, root) / "__init__.py").is_file()


def load(stem: str, root: Path | None = None) -> Suite:
    """The checks of a stem, from ``checks/<stem>/``.

    Args:
        stem: such as ``ch01_docker_manages``.
        root: the course's folder; None is this one.

    Raises:
        Usage: there is no such folder, it holds no check, two of one name, or one in another task's file.
    """
    return _load(stem, root)


@cache
def _load(stem: str, root: Path | None) -> Suite:
    """As `load`; once, so that whoever asks gets the same objects."""
    if not has_checks(stem, root):
        raise Usage(f"{stem} has no checks.", wanted=f"{FOLDER}/{stem}/__init__.py")
    folder = folder_of(stem, root)
    package, *files = modules = load_package(f"{FOLDER}.{stem}", folder)
    checks = [check for module in modules for check in defined_in(module, Check)]
    scenes = [scene for module in modules for scene in defined_in(module, Scene)]
    if not checks:
        raise Usage(f"{FOLDER}/{stem} holds no check.", wanted="functions marked @check(task=…, points=…)")
    for module in files:
        file = module.__name__.rpartition(".")[2]
        for check in defined_in(module, Check):
            if check.task != file:
                message = f"The check {check.name} is of the task {check.task}."
                wanted, found = (f"{FOLDER}/{stem}/{task}.py" for task in (check.task, file))
                raise Usage(message, wanted=wanted, found=found)
    for names in ([c.name for c in checks], [s.name for s in scenes]):
        if twice := [name for name in names if names.count(name) > 1]:
            raise Usage(f"{FOLDER}/{stem} has two of one name.", wanted="a name of its own", found=twice[0])
    return Suite(
        stem,
        {check.name: check for check in checks},
        {scene.name: scene for scene in scenes},
        tuple(getattr(package, "IMAGES", ())),
        bool(getattr(package, "CLUSTER", False)),
        root,
    )


def load_package(name: str, folder: Path) -> list[ModuleType]:
    """A folder of checks or answers as a package, read anew.

    Args:
        name: what it is imported by, such as ``checks.ch01_docker_manages``.
        folder: where it is.

    Returns:
        The package, then the modules of its tasks in their order, as far as there are any.
    """
    parent = name.partition(".")[0]
    for old in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
        del sys.modules[old]
    sys.modules.setdefault(parent, ModuleType(parent)).__path__ = [str(folder.parent)]
    importlib.invalidate_caches()
    files = [task for task in TASKS if (folder / f"{task}.py").is_file()]
    return [importlib.import_module(m) for m in (name, *(f"{name}.{task}" for task in files))]


def defined_in(module: ModuleType, kind: type[T]) -> list[T]:
    """The checks, scenes or answers that a module has made, in its order; not those that it imports."""
    things = {id(value): value for value in vars(module).values() if isinstance(value, kind)}
    return [thing for thing in things.values() if function_of(thing).__module__ == module.__name__]


def function_of(thing: Check | Scene | Answer) -> Callable[..., Any]:
    """The function that was marked."""
    return thing.build if isinstance(thing, Scene) else thing.call
