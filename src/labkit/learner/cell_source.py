"""The source of a function that a cell has defined, also where Python itself does not know it.

Below a cell magic such as ``%%time`` a cell's code is compiled by the magic, under a name of its own, and
`inspect` finds no source for it. IPython keeps the text of every cell, and the source is there.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any


def with_source(value: Any) -> Any:
    """A value as it can be handed in: a function whose source only a cell knows, as its name and source.

    Args:
        value: an answer; anything but such a function is returned as it is.
    """
    if not isinstance(value, FunctionType) or value.__name__ == "<lambda>":
        return value
    try:
        inspect.getsource(value)
    except (OSError, TypeError):
        source = from_cells(value.__code__, cells())
        return {"function": value.__name__, "source": source} if source else value
    return value


def cells() -> list[str]:
    """The texts of the cells that were run, magics above them left out; the last one first."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None or shell.history_manager is None:
        return []
    texts = reversed(shell.history_manager.input_hist_raw)
    return [shell.transform_cell(below_magics(text)) for text in texts]


def below_magics(text: str) -> str:
    """A cell's text without the cell magics and empty lines that it begins with."""
    lines = text.splitlines(keepends=True)
    while lines and (not lines[0].strip() or lines[0].startswith("%%")):
        del lines[0]
    return "".join(lines)


def from_cells(code: CodeType, texts: list[str]) -> str | None:
    """The source of a function's code from the cell that has defined it, or None.

    Args:
        code: what the function runs.
        texts: of cells, in the order in which they are looked at.
    """
    for text in texts:
        for node in functions(text):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if node.name == code.co_name and first == code.co_firstlineno and node.end_lineno:
                lines = text.splitlines(keepends=True)[first - 1 : node.end_lineno]
                source = textwrap.dedent("".join(lines))
                if content(code) in compiled(source, node.name):
                    return source
    return None


def functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions that are defined in a text; none where it is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return
    yield from (n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def compiled(source: str, name: str) -> list[tuple[object, ...]]:
    """What the functions of a name in a source do."""
    inner = [c for c in compile(source, "<cell>", "exec").co_consts if isinstance(c, CodeType)]
    return [content(c) for c in inner if c.co_name == name]


def content(code: CodeType) -> tuple[object, ...]:
    """What a code does, wherever it stands."""
    return code.co_code, code.co_names, [c for c in code.co_consts if not isinstance(c, CodeType)]
