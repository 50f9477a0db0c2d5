"""What a reader believed and what happened: plain text in a terminal, an accessible table in a notebook."""

from __future__ import annotations

from collections.abc import Mapping

from labkit.book.markdown import plain
from labkit.book.predictions import Prediction

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
        for sureness in reversed(SAID.values()):
            held = [row[4] == HOLDS for row in self.rows if row[2] == sureness]
            if held:
                of = f"{sureness} in" if sureness == "guessing" else f"{sureness} of"
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
        from labkit.core.html import render  # Jinja2 is loaded when something is shown

        template = "learner/templates/beliefs.html.j2"
        if not self.rows:
            return render(template, rows=(), nothing=NOTHING)
        summary = " ".join(self._last())
        return render(template, rows=self.rows, heads=HEADS, holds=HOLDS, summary=summary)


def row(prediction: Prediction, choice: str, sure: str) -> tuple[str, str, str, str, str]:
    """One line of the table, in the order of `HEADS`."""
    options = {letter: f"{letter}. {plain(text)}" for letter, text in prediction.options.items()}
    belief = HOLDS if choice == prediction.answer else CHANGES
    chose = options.get(choice, f"{choice}. (no option any more)")
    return prediction.asked, chose, SAID[sure], options.get(prediction.answer, "?"), belief
