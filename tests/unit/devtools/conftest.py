"""A small book, and a run of nbval over it."""

from __future__ import annotations

import os
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from labkit.devtools import notebook_run
from labkit.devtools.nbval_progress import TIMES


@pytest.fixture
def books(tmp_path):
    """Three stems, two notebooks each, whose cells print their place."""
    for kind in ("chapters", "solutions"):
        (tmp_path / kind).mkdir()
        for stem in ("ch01_a", "ch02_b", "ch03_c"):
            cells = [new_code_cell(f"print({i})") for i in range(3)]
            for i, cell in enumerate(cells):
                cell.execution_count = i + 1
                cell.outputs = [new_output("stream", name="stdout", text=f"{i}\n")]
            nbformat.write(new_notebook(cells=cells), tmp_path / kind / f"{stem}.ipynb")
    return tmp_path


@pytest.fixture
def nbval(books):
    """Runs nbval with our plugins on the small book's notebooks, in reverse order."""

    def run(*options, times=None):
        command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", *notebook_run.PLUGINS]
        command += [*options, "--rootdir", books, *sorted(books.rglob("*.ipynb"), reverse=True)]
        env = {**os.environ, **({TIMES: str(times)} if times else {})}
        return subprocess.run(command, cwd=books, env=env, capture_output=True, text=True)

    return run
