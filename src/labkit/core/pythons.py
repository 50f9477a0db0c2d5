"""The Pythons that the course is tested with: what pyproject.toml's classifiers say.

``src/labkit/__main__.py`` has them as well, for it runs before anything can be imported; a test holds both.
"""

from __future__ import annotations

import re

from labkit.core.paths import repo


def tested() -> list[tuple[int, int]]:
    """The minor versions that the course promises, the oldest first."""
    text = (repo() / "pyproject.toml").read_text(encoding="utf-8")
    found = re.findall(r'"Programming Language :: Python :: (\d+)\.(\d+)"', text)
    return sorted((int(major), int(minor)) for major, minor in found)


def named(version: tuple[int, ...]) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))


def span() -> str:
    """The range in words."""
    versions = tested()
    return f"{named(versions[0])} to {named(versions[-1])}"
