"""Figures of a run: shown in one form, and held against the band that the text relies on."""

from __future__ import annotations

from labkit.errors import Mismatch


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
        digits: digits after the point; by default enough for three significant ones.

    Raises:
        Mismatch: it lies outside of its band, so the text around it would be wrong.
    """
    if value != value or (low is not None and value < low) or (high is not None and value > high):
        band = (
            f"{'−∞' if low is None else f'{low:g}'} to {'∞' if high is None else f'{high:g}'} {unit}".strip()
        )
        raise Mismatch(
            "A measured figure lies outside the band that the text relies on.", wanted=band, found=value
        )
    if digits is None:
        digits = max(0, 3 - len(str(int(abs(value)))) if abs(value) >= 1 else 2)
    return f"⟨{value:.{digits}f} {unit}".rstrip() + "⟩"
