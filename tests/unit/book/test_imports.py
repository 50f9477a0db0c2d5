"""What the library loads with which notebooks are read: each kernel and each worker of a run pays for it."""

from __future__ import annotations

import subprocess
import sys


def test_reading_a_notebook_compiles_no_grammar():
    """jsonschema 4.25 and later load a parser generator for a format that no notebook uses: over a second."""
    line = "import sys, nbformat; print('jsonschema' in sys.modules, 'lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
