"""A pytest plugin: with xdist, all tests of a stem go to one worker, in the order of the command line.

A notebook's cells need their kernel, a page's console blocks their engine, and what belongs to one stem uses
the same names. xdist's own ``loadgroup`` would do, but its groups are not seen by pytest 9.2: xdist 3.8
writes them to an attribute that pytest no longer reads.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from labkit.book.stems import STEM


class ByStem(LoadScopeScheduling):
    """All tests of a stem go to one worker, in their order; a test of none goes anywhere."""

    def _split_scope(self, nodeid: str) -> str:
        """The stem that a test's id names: in its file's name, or in its parameters."""
        named = STEM.search(nodeid)
        return named[0] if named else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByStem:
    """Tells xdist who gets what."""
    return ByStem(config, log)
