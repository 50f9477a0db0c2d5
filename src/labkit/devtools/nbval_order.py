"""A pytest plugin for nbval: notebooks in an order drawn from a seed, those of one stem on one worker.

Cells need their kernel, and notebooks of one stem use the same names. xdist's own ``loadgroup`` would do, but
its groups are not seen by pytest 9.2 (xdist 3.8 writes them to an attribute that pytest no longer reads).
"""

from __future__ import annotations

import os
from pathlib import PurePath
from random import Random
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

SEED = "LABKIT_ORDER"
"""The variable that holds the seed; without it the order is that of the command line."""


class ByStem(LoadScopeScheduling):
    """All notebooks of a stem go to one worker, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        """The stem of a cell's notebook."""
        return PurePath(nodeid.partition("::")[0]).stem


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStem:
    """Tells xdist who gets what."""
    return ByStem(config, log)


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Shuffles the notebooks; cells keep their order."""
    notebooks: dict[Any, list[Any]] = {}
    for item in items:
        notebooks.setdefault(item.path, []).append(item)
    order = list(notebooks)
    if seed := os.environ.get(SEED):
        Random(seed).shuffle(order)
    items[:] = [item for path in order for item in notebooks[path]]
