"""The source of functions whose cell has a magic above them."""

from __future__ import annotations

import json
import os

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from labkit.checks.answers import packed
from labkit.learner.cell_source import from_cells, with_source

DEF = "def counted(client):\n    '''Counts.'''\n    return {'images': 1}\n"
ASK = """
from labkit.learner.cell_source import with_source
import json
try:
    print(json.dumps(with_source(counted)))
except TypeError:
    print("as it is")
"""


OLDER = DEF.replace("1}", "0}")
CELLS = {
    "time": [f"%%time\n{DEF}", "%%time\ndef other():\n    return 2"],
    "blank lines first": [f"\n\n%%time\n\n{DEF}"],
    "a magic within": [f"%%time\n%matplotlib --list\n{DEF}"],
    "decorated": [f"%%time\nsame = lambda f: f\n@same\n{DEF}"],
    "two magics": [f"%%capture\n%%time\n{DEF}"],
    "prun": [f"%%prun -q\n{DEF}"],
    "the last of two": [f"%%time\n{OLDER}", f"%%time\n{DEF}"],
    "the first of two": [f"%%time\n{DEF}", "kept = counted", f"%%time\n{OLDER}", "counted = kept"],
    "no magic": [DEF],
    "a lambda": ["counted = lambda client: 1"],
    "no cell's": ["exec('def counted(client):\\n    return 3')"],
}


@pytest.fixture(scope="module")
def told():
    """What is handed in of `counted` after cells were run, all in one kernel."""
    notebook = new_notebook(cells=[new_code_cell(text) for cells in CELLS.values() for text in (*cells, ASK)])
    NotebookClient(notebook, timeout=60, allow_errors=True).execute(env=dict(os.environ))
    asked = [cell for cell in notebook.cells if cell.source == ASK]
    texts = ["".join(o.text for o in cell.outputs if o.get("name") == "stdout").strip() for cell in asked]
    return dict(zip(CELLS, texts, strict=True))


@pytest.mark.parametrize("name", list(CELLS)[:8])
def test_a_function_below_a_cell_magic_is_handed_in_with_its_source(told, name):
    found = json.loads(told[name])
    assert found["function"] == "counted"
    assert found["source"].endswith(DEF)
    assert packed("inventory", found) == found


@pytest.mark.parametrize("name", list(CELLS)[8:])
def test_what_python_knows_or_no_cell_is_left_as_it_is(told, name):
    assert told[name] == "as it is"


def test_what_no_cell_knows_is_left_as_it_is():
    made: dict = {}
    exec("def counted(client):\n    return 1", made)
    assert with_source(made["counted"]) is made["counted"]
    code = made["counted"].__code__
    assert from_cells(code, ["def counted(:", "\x00", "def counted(client):\n    return 2 + client"]) is None
    assert with_source(7) == 7
