"""Makes ``checks.<stem>`` importable for the tests of what only one chapter's checks use."""

from __future__ import annotations

from labkit.checks import loader

for stem in ("ch05_shareable", "ch06_stateless"):
    loader.load(stem)
