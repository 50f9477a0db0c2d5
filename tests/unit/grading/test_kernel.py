"""A kernel of somebody else's notebook, and how it ends."""

from __future__ import annotations

import asyncio
import os

import pytest
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

from labkit.grading.kernel import Kernel


def run(tmp_path, *sources):
    """What each cell came to; a kernel that has ended is the last."""

    async def all_of_them():
        cells = [new_code_cell(source) for source in sources]
        kernel = await Kernel(new_notebook(cells=cells), dict(os.environ), tmp_path).start()
        try:
            return [await kernel.run(cell, i, 30) for i, cell in enumerate(cells)]
        finally:
            await kernel.end()

    return asyncio.run(all_of_them())


def test_a_cell_that_works_and_one_that_raises(tmp_path):
    assert run(tmp_path, "a = 1", "assert a == 2, 'no'") == [None, "raised AssertionError: no"]


@pytest.mark.parametrize("way", ["exit()", "quit()", "import os; os._exit(0)"])
def test_a_cell_that_ends_its_kernel_is_told_so_itself_and_not_the_next_one(tmp_path, way):
    with pytest.raises(DeadKernelError, match="ended its kernel"):
        run(tmp_path, way)


def test_exit_that_keeps_the_kernel_ends_nothing(tmp_path):
    assert run(tmp_path, "exit(keep_kernel=True)", "1 / 1") == [None, None]
