"""`predict` keeps what a reader chose before an experiment; `beliefs` holds it against what happened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.core import jsonfile
from labkit.core.errors import Usage
from labkit.core.paths import progress_folder

if TYPE_CHECKING:
    from labkit.book.predictions import Prediction
    from labkit.learner.beliefs import Beliefs

OPEN = ("…", "...", "")
"""What stands in a predict cell before the reader has chosen."""

SURENESS = ("guessing", "fairly", "certain")
CONFIRMATION = "What you choose is kept with your progress; the page answers it after the experiment."
"""What a predict cell shows, whatever was chosen."""

LETTERS = "abcdefgh"


def predict(name: str, choice: str, sure: str = "…") -> None:
    """Keeps the reader's choice for one prediction of this chapter, and shows one line, whatever it is.

    Args:
        name: the prediction's: a claim's id such as ``C06.1``, or a word.
        choice: the letter of an option; ``…`` keeps nothing.
        sure: guessing, fairly or certain.

    Raises:
        Usage: no such option, no such sureness, or no chapter is open.
    """
    choice, sure = choice.strip().lower().rstrip("."), sure.strip().lower()
    stem = stem_here(name)
    if choice not in OPEN:
        letters = _letters(stem, name)
        if choice not in letters:
            raise Usage(f"{choice!r} is no option of {name}.", wanted=f"one of {', '.join(letters)}")
        if sure not in SURENESS:
            message = "How sure are you?" if sure in OPEN else f"{sure!r} does not say how sure you are."
            fix = f'predict("{name}", "{choice}", sure="fairly")'
            raise Usage(message, wanted=", ".join(SURENESS), fix=fix)
        chosen = {"choice": choice, "sure": sure}
        jsonfile.update(file_of(stem), lambda choices: choices.update({name: chosen}))
    print(CONFIRMATION)


def beliefs() -> Beliefs:
    """What the reader chose in this chapter, held against what happened; the cell shows it.

    Raises:
        Usage: no chapter is open, or it has no notebook.
    """
    from labkit.learner.beliefs import Beliefs

    stem = stem_here()
    return Beliefs(_predictions(stem), chosen_in(stem))


def chosen_in(stem: str) -> dict[str, dict[str, str]]:
    """The choices kept for a chapter: name → ``choice`` and ``sure``; others are left out."""
    content = jsonfile.read(file_of(stem))
    sound = [(choice, sure) for choice in LETTERS for sure in SURENESS]
    entries = {name: entry for name, entry in content.items() if isinstance(entry, dict)}
    return {
        name: {"choice": entry["choice"], "sure": entry["sure"]}
        for name, entry in entries.items()
        if (entry.get("choice"), entry.get("sure")) in sound
    }


def file_of(stem: str) -> Path:
    """Where a chapter's choices are kept."""
    return progress_folder() / stem / "predictions.json"


def stem_here(name: str = "") -> str:
    """The chapter that this process is in: its open Lab's, else its notebook's, else that of a claim's id.

    Raises:
        Usage: none of them says.
    """
    from labkit.lab.lab import Lab

    if lab := Lab.opened():
        return lab.stem

    from labkit.book import notebooks

    session = Path(os.environ.get("JPY_SESSION_NAME", "")).stem  # JupyterLab: the notebook's path
    if session in notebooks.stems():
        return session
    if name[:1] == "C" and (stems := [s for s in notebooks.stems() if s.startswith(f"ch{name[1:3]}_")]):
        return stems[0]
    raise Usage("No chapter is open.", fix='run the cell with lab = Lab("…") first')


def _letters(stem: str, name: str) -> str:
    """The letters of a prediction's options; any, while its chapter is still being written."""
    from labkit.book import notebooks

    if not notebooks.path(stem).exists():
        return LETTERS
    options = {p.name: "".join(p.options) for p in _predictions(stem)}
    return options.get(name) or LETTERS


def _predictions(stem: str) -> list[Prediction]:
    """The predictions of a chapter's page."""
    from labkit.book import notebooks, predictions  # nbformat takes a second to load: not in the first cell

    return predictions.predictions_of(notebooks.read(notebooks.path(stem)))
