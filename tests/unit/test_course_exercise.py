"""The page of a solution, made from its authored notebook."""

from __future__ import annotations

import importlib
import json
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sphinx.errors import ExtensionError

from labkit.core.paths import repo

SOLVED = """def f(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
"""
HIDDEN = """check("f")
### BEGIN HIDDEN TESTS
assert f(3) == 6
### END HIDDEN TESTS"""


@pytest.fixture(scope="module")
def extension():
    """The extension, which Sphinx loads from its folder."""
    sys.path.insert(0, str(repo() / "ext"))
    yield importlib.import_module("course_exercise")
    sys.path.remove(str(repo() / "ext"))


def page(extension, *cells):
    cells = [new_markdown_cell("# Exercise: x\n\nText."), *cells]
    return nbformat.reads(
        extension.solution_page(nbformat.writes(new_notebook(cells=cells))), as_version=4
    ).cells


def solved(source=SOLVED, tags=()):
    return new_code_cell(source, metadata={"nbgrader": {"solution": True}, "tags": list(tags)})


def test_a_solution_is_folded_and_its_markers_are_gone(extension):
    first, cell = page(extension, solved())
    assert first.source.startswith("# Solution: x\n")
    assert cell.source == "def f(x):\n    return 2 * x"
    assert cell.metadata.tags == ["hide-cell"]
    assert cell.metadata.mystnb.code_prompt_show == "Show a solution"


def test_hidden_tests_are_gone_and_what_is_given_is_shown(extension):
    _, cell = page(extension, new_code_cell(HIDDEN))
    assert cell.source == 'check("f")'
    assert "hide-cell" not in cell.metadata.get("tags", [])


def test_a_cell_of_the_authors_own_is_left_out(extension):
    assert len(page(extension, new_code_cell("Lab.reset('x')", metadata={"tags": ["solution-only"]}))) == 1


def test_a_marker_without_its_pair_stops_the_build(extension):
    with pytest.raises(ExtensionError, match="BEGIN HIDDEN"):
        page(extension, new_code_cell(HIDDEN.replace("### END HIDDEN TESTS", "")))


def test_only_solutions_are_changed(extension):
    source = [json.dumps({"any": "thing"})]
    extension.on_source(None, "exercises/ch01_x", source)
    assert source == ['{"any": "thing"}']
