"""What a stem is: the name that all files of a chapter share."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import StringConstraints

STEM = re.compile(r"ch\d\d_[a-z0-9_]+")

Stem = Annotated[str, StringConstraints(pattern=f"^{STEM.pattern}$")]
"""A stem in the schema of a file."""


def number(stem: str) -> int:
    """A chapter's number: 4 of ``ch04_single_task``."""
    return int(stem[2:4])
