"""How results look: plots in one style, and one colour per kind of thing."""

from __future__ import annotations

import html
import io
from typing import Any

from labkit.core import theme
from labkit.core.errors import Usage

COLOURS = {
    "container": theme.BLUE,
    "image": theme.YELLOW,
    "network": theme.GREEN,
    "volume": theme.PURPLE,
    "cache": theme.GREY,
    "process": theme.SKY,
    "pod": theme.BLUE,
    "node": theme.SLATE,
    "service": theme.GREEN,
    "hand": theme.ORANGE,
    "machine": theme.BLUE,
    "compose": theme.GREEN,
    "good": theme.GREEN,
    "fail": theme.ORANGE,
}
"""One colour per kind of thing through the whole book."""

PANEL, INK = theme.PANEL, theme.TEXT
STYLE: dict[Any, Any] = {
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
    fig = Figure(figsize=(width, height), layout="constrained")
    return fig, fig.subplots(**options)


class Picture:
    """An SVG with a text that says what it shows."""

    def __init__(self, svg: str, alt: str):
        self.svg, self.alt = svg, alt

    def __repr__(self) -> str:
        return f"[figure: {self.alt}]"

    def _repr_svg_(self) -> str:
        return self.svg


def show(fig: Any, *, alt: str) -> Picture:
    """A figure as SVG, the same bytes for the same data.

    Args:
        fig: a matplotlib figure.
        alt: what a person who does not see it must know: the conclusion, with its figures.

    Raises:
        Usage: ``alt`` says nothing.
    """
    import matplotlib as mpl

    if not alt.strip():
        raise Usage("A figure needs a text for those who do not see it.", wanted="alt: the conclusion")
    raw = io.StringIO()
    with mpl.rc_context(STYLE):  # whatever the notebook or a matplotlibrc has set since
        fig.savefig(raw, format="svg", metadata={"Date": None, "Creator": None})
    svg = raw.getvalue()
    svg = svg[svg.index("<svg") :]
    label = html.escape(alt, quote=True)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    head, inside = svg.split(">", 1)  # no attribute holds a bare ">"
    return Picture(f"{head}><title>{label}</title>{inside}", alt)
