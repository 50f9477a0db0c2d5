"""The public API: its names, that they are loaded late, and that no page goes behind it."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import subprocess
import sys

import pytest

import labkit
from labkit.core.paths import repo

HEAVY = ("docker", "kubernetes", "matplotlib", "nbformat", "requests")


def test_the_public_names_are_sorted_and_there():
    assert labkit.__all__ == sorted(labkit.__all__)
    for name in labkit.__all__:
        assert getattr(getattr(labkit, name), "__name__", name) == name
    assert {"Lab", "measured", "prove", "until"} <= set(labkit.__all__)
    assert dir(labkit) == labkit.__all__


def test_type_checkers_are_told_the_same_names_and_modules():
    tree = ast.parse((repo() / "src/labkit/__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    homes = {alias.name: node.module for node in block.body for alias in node.names}
    assert homes == labkit._HOMES
    assert labkit.__all__ == sorted(homes)


def test_every_error_is_public():
    from labkit.core import errors

    classes = {name: value for name, value in vars(errors).items() if isinstance(value, type)}
    tree = {name for name, value in classes.items() if value.__module__ == errors.__name__}
    assert tree <= set(labkit.__all__)


def test_an_unknown_name_is_told():
    with pytest.raises(AttributeError, match="no 'nonsense'"):
        _ = labkit.nonsense


def test_a_module_never_hides_a_public_name():
    for module in {labkit._HOMES[name] for name in labkit.__all__}:
        importlib.import_module(module)
    assert not [name for name in labkit.__all__ if inspect.ismodule(getattr(labkit, name))]


def test_no_module_has_the_name_of_something_public():
    """Once imported, it would stand in its place: ``from labkit import progress`` would be the module."""
    modules = {p.stem for p in (repo() / "src/labkit").iterdir()}
    assert modules & set(labkit.__all__) == set()


@pytest.mark.parametrize("code", ["import labkit", "from labkit import until, measured, TimedOut"])
def test_nothing_heavy_is_loaded_before_it_is_needed(code):
    shown = f"{code}; import sys; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


PAGES = sorted(p for kind in ("chapters", "solutions", "exercises") for p in (repo() / kind).glob("*.ipynb"))
AUTHORED = sorted(p for kind in ("checks", "tests/graders") for p in (repo() / kind).glob("*/*.py"))
FOR_AUTHORS = ("labkit", "labkit.checks", "labkit.observe")


def imports(source):
    """What of labkit a source imports: modules, and the names taken from them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "labkit":
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((a.name, None) for a in node.names if a.name.split(".")[0] == "labkit")


def public(module):
    """The public names of a module: those in ``__all__``, else all that it defines itself."""
    loaded = importlib.import_module(module)
    own = (n for n, v in vars(loaded).items() if getattr(v, "__module__", module) == module)
    return {n for n in getattr(loaded, "__all__", own) if not n.startswith("_")}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_a_page_takes_nothing_but_the_public_names_of_labkit(page):
    cells = json.loads(page.read_text())["cells"]
    taken = {t for c in cells if c["cell_type"] == "code" for t in imports("".join(c["source"]))}
    assert taken <= {("labkit", name) for name in labkit.__all__}


@pytest.mark.parametrize("path", AUTHORED, ids=lambda p: f"{p.parts[-3]}/{p.parent.name}/{p.stem}")
def test_checks_and_answers_take_nothing_but_what_is_for_their_authors(path):
    for module, name in imports(path.read_text()):
        assert module in FOR_AUTHORS or module.startswith("labkit.observe."), module
        assert name in public(module), f"{module} has no public {name}"


def test_there_is_something_to_look_at():
    assert len(PAGES) >= 24
    assert len(AUTHORED) >= 64
    assert list(imports("import labkit.core.engine\nfrom labkit.lab import lab")) == [
        ("labkit.core.engine", None),
        ("labkit.lab", "lab"),
    ]
    assert "engine" not in public("labkit")
