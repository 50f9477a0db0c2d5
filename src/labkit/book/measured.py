"""Figures of a run: shown in one form, and held against the band that the text relies on."""

from __future__ import annotations

import math

from labkit.core.errors import Mismatch


def measured(
    value: float,
    unit: str = "s",
    *,
    low: float | None = None,
    high: float | None = None,
    digits: int | None = None,
) -> str:
    """A measured figure as ``⟨0.27 s⟩``, the only form of output in which runs may differ.

    Args:
        value: what was measured.
        unit: its unit; empty for a bare number.
        low: the least it may be.
        high: the most it may be.
        digits: digits after the point; by default three significant ones, below 1 two.

    Raises:
        Mismatch: it lies outside of its band, or is no finite number, so the text around it would be wrong.
    """
    inside = (low is None or value >= low) and (high is None or value <= high)
    if not math.isfinite(value) or not inside:
        band = (
            f"{'−∞' if low is None else f'{low:g}'} to {'∞' if high is None else f'{high:g}'} {unit}".strip()
        )
        raise Mismatch(
            "A measured figure lies outside the band that the text relies on.", wanted=band, found=value
        )
    if digits is None:
        size = math.floor(math.log10(abs(value))) if value else -1
        digits = max(0, 2 - size if size >= 0 else 1 - size)
    return f"⟨{value:.{digits}f} {unit}".rstrip() + "⟩"
