"""A pytest plugin for nbval: the notebooks of one stem go to one worker, in the order of the command line.

Cells need their kernel, and notebooks of one stem use the same names. xdist's own ``loadgroup`` would do, but
its groups are not seen by pytest 9.2 (xdist 3.8 writes them to an attribute that pytest no longer reads).
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


class ByStem(LoadScopeScheduling):
    """All notebooks of a stem go to one worker, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        """The stem of a cell's notebook."""
        return PurePath(nodeid.partition("::")[0]).stem


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStem:
    """Tells xdist who gets what."""
    return ByStem(config, log)
