"""The one look of the course: colours, signs and type, for figures, results in notebooks and reports.

All colours are from Okabe and Ito's palette for all eyes (https://jfly.uni-koeln.de/color/). Its three pale
ones (yellow, purple, sky) are darkened until a line on the panel of a figure has a contrast of 3:1.
"""

from __future__ import annotations

BLUE, GREEN, ORANGE, GREY = "#0072B2", "#009E73", "#D55E00", "#7F7F7F"
YELLOW, PURPLE, SKY, SLATE = "#B87F00", "#BF6D9F", "#3796CE", "#5D5D5D"

PANEL, TEXT = "#fbfaf7", "#1f1f1f"
"""The pale panel of a figure, and text on it or on a light page."""

FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"
"""The reader's own type, as CSS has it."""

INK = "var(--jp-ui-font-color0,var(--pst-color-text-base,CanvasText))"
"""The colour of text in a notebook: JupyterLab's, else that of the site's theme, else the system's."""

EDGES = {"pass": GREEN, "fail": ORANGE, "skip": GREY, "error": YELLOW}
"""The edge of a result, by its verdict."""

SIGNS = {"pass": "✓", "fail": "✗", "skip": "–", "error": "!"}
"""The sign of a result, by its verdict; a word always stands beside it."""

YES, NO = "✓ yes", "✗ no"
"""Whether a claim held under a condition."""
