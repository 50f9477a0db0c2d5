"""What a reader believed and what happened: plain text in a terminal, an accessible table in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping

from labkit.book.figures import FONT
from labkit.book.predictions import Prediction, plain

NOTHING = (
    'You have not chosen anything in this chapter yet. In a cell predict("…", "…", sure="…") put a letter '
    "and how sure you are, then run that cell and this one."
)
HEADS = ("prediction", "you chose", "how sure", "what happened", "your belief")
SAID = {"guessing": "guessing", "fairly": "fairly sure", "certain": "certain"}
HOLDS, CHANGES = "holds", "has to change"


class Beliefs:
    """The predictions of a chapter for which something was chosen.

    Args:
        predictions: all of the chapter's, in order.
        chosen: name → ``choice`` and ``sure``.
    """

    def __init__(self, predictions: list[Prediction], chosen: Mapping[str, Mapping[str, str]]):
        self.all = len(predictions)
        self.rows = [row(p, **chosen[p.name]) for p in predictions if p.name in chosen]

    @property
    def calibration(self) -> str:
        """How often each degree of sureness was wrong: ``certain of 3, wrong in 1``."""
        parts = []
        for said in reversed(SAID.values()):
            held = [row[4] == HOLDS for row in self.rows if row[2] == said]
            if held:
                of = f"{said} in" if said == "guessing" else f"{said} of"
                parts.append(f"{of} {len(held)}, wrong in {held.count(False)}")
        line = "; ".join(parts)
        return line[:1].upper() + line[1:] + "."

    def __repr__(self) -> str:
        if not self.rows:
            return NOTHING
        lines = []
        for asked, chose, sure, happened, belief in self.rows:
            lines += [asked, f"  you chose      {chose} ({sure})", f"  what happened  {happened}"]
            lines += [f"  your belief    {belief}"]
        return "\n".join([*lines, *self._last()])

    def _last(self) -> list[str]:
        """The calibration, and how many predictions were left open."""
        left = self.all - len(self.rows)
        return [self.calibration, *([f"Not chosen: {left} of {self.all}."] if left else [])]

    def _repr_html_(self) -> str:
        ink = f"font-family:{FONT};color:var(--jp-ui-font-color0,var(--pst-color-text-base,CanvasText))"
        if not self.rows:
            return f'<p style="{ink}">{html.escape(NOTHING)}</p>'
        cell = "padding:.25em 1em .25em 0;text-align:left;vertical-align:top;border-bottom:1px solid #8886"
        head = "".join(f'<th scope="col" style="{cell}">{h}</th>' for h in HEADS)
        rows = "".join(
            f'<tr><th scope="row" style="{cell}">{html.escape(row[0])}</th>'
            + "".join(f'<td style="{cell}">{html.escape(text)}</td>' for text in row[1:4])
            + f'<td style="{cell};font-weight:600">{"✓" if row[4] == HOLDS else "✗"} {row[4]}</td></tr>'
            for row in self.rows
        )
        last = " ".join(self._last())
        return (
            f'<div style="{ink};overflow-x:auto"><table style="border-collapse:collapse;margin:.2em 0">'
            '<caption style="text-align:left;caption-side:top;font-weight:600">What you believed, and what '
            f"happened</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            f'<p style="margin:.5em 0">{html.escape(last)}</p></div>'
        )


def row(prediction: Prediction, choice: str, sure: str) -> tuple[str, str, str, str, str]:
    """One line of the table, in the order of `HEADS`."""
    options = {letter: f"{letter}. {plain(text)}" for letter, text in prediction.options.items()}
    belief = HOLDS if choice == prediction.answer else CHANGES
    chose = options.get(choice, f"{choice}. (no option any more)")
    return prediction.asked, chose, SAID[sure], options.get(prediction.answer, "?"), belief
