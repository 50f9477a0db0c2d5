"""Which of the course's own modules a file depends on, found by reading import statements."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from labkit import _HOMES


def closure(seeds: Iterable[Path], package: Path) -> list[Path]:
    """Modules of labkit that some files import, directly or not; files that cannot be read import none.

    Args:
        seeds: the files; those of the package itself are in the answer.
        package: the folder of labkit.

    Returns:
        Paths, sorted.
    """
    seen: set[Path] = set()
    todo = list(seeds)
    while todo:
        path = todo.pop()
        if path not in seen and path.is_file():
            seen.add(path)
            for name in imported(path):
                place = package / name.replace(".", "/")
                todo += [place.with_suffix(".py"), place / "__init__.py"]
    return sorted(p for p in seen if p.is_relative_to(package))


def imported(path: Path) -> Iterator[str]:
    """What of labkit a file names in its imports, those within functions too: modules, or names in them."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            first, _, rest = node.module.partition(".")
            if first == "labkit" and rest:
                yield rest
                yield from (f"{rest}.{a.name}" for a in node.names)
            elif first == "labkit":
                yield from (_HOMES.get(a.name, a.name).removeprefix("labkit.") for a in node.names)
        elif isinstance(node, ast.Import):
            yield from (a.name.partition(".")[2] for a in node.names if a.name.startswith("labkit."))
