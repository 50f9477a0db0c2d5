"""How results look: plots in one style, one colour per kind of thing, and the record of a proof."""

from __future__ import annotations

import html
import io
from collections.abc import Mapping
from typing import Any

from labkit.core.errors import Usage

COLOURS = {
    "container": "#0072B2",
    "image": "#B87F00",
    "network": "#009E73",
    "volume": "#BF6D9F",
    "cache": "#7F7F7F",
    "process": "#3796CE",
    "pod": "#0072B2",
    "node": "#5D5D5D",
    "service": "#009E73",
    "hand": "#D55E00",
    "machine": "#0072B2",
    "compose": "#009E73",
    "good": "#009E73",
    "fail": "#D55E00",
}
"""One colour per kind of thing through the whole book, from Okabe and Ito's palette for all eyes.

Its three pale colours (image, volume, process) are darkened until a line on `PANEL` has a contrast of 3:1.
"""

PANEL, INK = "#fbfaf7", "#1f1f1f"
STYLE = {
    "svg.hashsalt": "course",
    "svg.fonttype": "none",
    "figure.facecolor": PANEL,
    "axes.facecolor": PANEL,
    "savefig.facecolor": PANEL,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": "#666666",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddad2",
    "axes.axisbelow": True,
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "legend.frameon": False,
}
"""A pale panel of its own: the same plot is readable in light mode, in dark mode and in print.

``chapters/matplotlibrc`` says the same, for plots that are made without `figure`.
"""

FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"


def figure(width: float = 7.0, height: float = 3.4, **options: Any) -> tuple[Any, Any]:
    """A matplotlib figure and its axes in the course's style.

    Args:
        width: in inches.
        height: in inches.
        **options: as for ``matplotlib.pyplot.subplots``.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update(STYLE)
    made = Figure(figsize=(width, height), layout="constrained")
    return made, made.subplots(**options)


class Picture:
    """An SVG with a text that says what it shows."""

    def __init__(self, svg: str, alt: str):
        self.svg, self.alt = svg, alt

    def __repr__(self) -> str:
        return f"[figure: {self.alt}]"

    def _repr_svg_(self) -> str:
        return self.svg


def show(made: Any, *, alt: str) -> Picture:
    """A figure as SVG, the same bytes for the same data.

    Args:
        made: a matplotlib figure.
        alt: what a person who does not see it must know: the conclusion, with its figures.

    Raises:
        Usage: ``alt`` says nothing.
    """
    import matplotlib as mpl

    if not alt.strip():
        raise Usage("A figure needs a text for those who do not see it.", wanted="alt: the conclusion")
    raw = io.StringIO()
    with mpl.rc_context(STYLE):  # whatever the notebook or a matplotlibrc has set since
        made.savefig(raw, format="svg", metadata={"Date": None, "Creator": None})
    svg = raw.getvalue()
    svg = svg[svg.index("<svg") :]
    said = html.escape(alt, quote=True)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{said}" ', 1)
    head, inside = svg.split(">", 1)  # no attribute holds a bare ">"
    return Picture(f"{head}><title>{said}</title>{inside}", alt)


def record_html(claim: Any, tried: Mapping[str, bool]) -> str:
    """The record of a proof: inline styles that survive an untrusted notebook, words beside every sign."""
    rows = "".join(
        f'<tr><td style="padding:.1em .8em .1em 0;font-weight:600">{"✓ yes" if held else "✗ no"}</td>'
        f'<td style="text-align:left">{html.escape(what)}</td></tr>'
        for what, held in tried.items()
    )
    return (
        f'<div style="border-left:4px solid #0072B2;padding:.3em 1em;font-family:{FONT};'
        'color:var(--jp-ui-font-color0,var(--pst-color-text-base,CanvasText))">'
        f'<p style="margin:.2em 0"><strong>{claim.id}: {claim.verdict}</strong></p>'
        f'<p style="margin:.2em 0">{html.escape(claim.precise)}</p>'
        '<p style="margin:.6em 0 0">Did the note’s claim hold, as it is stated?</p>'
        f'<table style="border-collapse:collapse;margin:.2em 0"><tbody>{rows}</tbody></table></div>'
    )
