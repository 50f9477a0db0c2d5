"""What a chapter leaves in the hand of those who come back: one figure, some commands, whole manifests.

``chapters/take_home.yml`` says where each stands, and holds none of them: a figure is found by a pattern in
the outputs that the chapter's notebook has stored, so that it changes when the notebook is executed again; a
command by how it begins, in the chapter's console blocks, which the tests run; a manifest by its file.
"""

from __future__ import annotations

import difflib
import json
import re
import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from nbformat import NotebookNode
from pydantic import AfterValidator, Field, TypeAdapter

from labkit.book import console_blocks
from labkit.book.console_blocks import Command
from labkit.book.stems import Stem
from labkit.core import schema
from labkit.core.errors import LedgerError
from labkit.core.paths import repo
from labkit.core.schema import Text, misfit, strict

FILE = "chapters/take_home.yml"
MOST_SHOWN = 160
"""How much of a line an error shows, in characters."""


@strict
@dataclass(frozen=True)
class Figure:
    """The one figure of a chapter that is worth keeping.

    Attributes:
        output: a regular expression with named groups; in all stored outputs it matches one text.
        value: the figure with its unit, from the groups: ``{time}``; no figure is typed.
        says: of what, and under which conditions; from the groups, too.
    """

    output: Text
    value: Text
    says: Text


def found_not_typed(figure: Figure) -> Figure:
    """A figure that the run gives; for the schema.

    Raises:
        PydanticCustomError: its pattern is none, its texts name other groups, or its value has digits of its
            own.
    """
    try:
        groups = set(re.compile(figure.output, re.M).groupindex)
    except re.error as e:
        raise misfit("a regular expression", f"{figure.output} ({e})") from None
    try:
        parts = [part for text in (figure.value, figure.says) for part in string.Formatter().parse(text)]
    except ValueError as e:
        raise misfit("names of groups in braces", str(e)) from None
    named = {name for _, name, _, _ in parts if name is not None}
    if named != groups:
        raise misfit(f"texts with exactly the groups {', '.join(sorted(groups))}", ", ".join(sorted(named)))
    typed = "".join(text for text, *_ in string.Formatter().parse(figure.value))
    if "{" not in figure.value or any(c.isdigit() for c in typed):
        raise misfit("a value that a group of the pattern gives", figure.value)
    return figure


@strict
@dataclass(frozen=True)
class TakeHome:
    """What a claim ends in: a command of the chapter's console blocks, or a manifest.

    Attributes:
        command: how the command begins.
        manifest: a file in the chapter's folder of manifests.
        values: for ``${NAME}`` in it, put there as JSON.
        needs: what the manifest needs beyond a cluster.
    """

    command: Text | None = None
    manifest: Text | None = None
    values: dict[str, Any] = field(default_factory=dict)
    needs: Text | None = None


def one_of_both(found: TakeHome) -> TakeHome:
    """A command or a manifest; for the schema.

    Raises:
        PydanticCustomError: neither, or both, or what belongs to a manifest without one.
    """
    of_manifest = found.values or found.needs
    if (found.command is None) == (found.manifest is None) or (of_manifest and not found.manifest):
        raise misfit("a command, or a manifest and its values", str(found))
    return found


@strict
@dataclass(frozen=True)
class Chapter:
    """What one chapter gives.

    Attributes:
        figure: for the short answer.
        commands: for the short answer: how each begins, in the chapter's console blocks.
        claims: what each claim ends in, by the claim's id.
    """

    figure: Annotated[Figure, AfterValidator(found_not_typed)]
    commands: Annotated[list[Text], Field(min_length=2, max_length=4)]
    claims: dict[str, Annotated[TakeHome, AfterValidator(one_of_both)]]


CHAPTERS: TypeAdapter[dict[Stem, Chapter]] = TypeAdapter(dict[Stem, Chapter])


@dataclass(frozen=True)
class Kept:
    """A figure as the stored run has it.

    Attributes:
        value: with its unit.
        says: of what, and under which conditions.
    """

    value: str
    says: str


def chapters(root: Path | None = None) -> dict[str, Chapter]:
    """What each chapter gives, by stem.

    Raises:
        LedgerError: the file does not fit its schema.
    """
    return schema.load((root or repo()) / FILE, CHAPTERS, empty={}, error=LedgerError)


def chapter(stem: str, claims: Iterable[str], root: Path | None = None) -> Chapter:
    """What one chapter gives.

    Args:
        stem: the chapter.
        claims: the ids of its claims in the ledger.
        root: the course's folder; None is this one.

    Raises:
        LedgerError: it has no entry, or one with other claims than the ledger's.
    """
    known = chapters(root)
    if stem not in known:
        raise LedgerError(
            f"{FILE} says nothing of {stem}.", wanted="a figure, commands, claims", fix=f"add {stem}"
        )
    wanted = sorted(claims)
    if sorted(known[stem].claims) != wanted:
        raise LedgerError(
            f"What the claims of {stem} end in is not said for exactly these.",
            wanted=", ".join(wanted) or "none",
            found=", ".join(sorted(known[stem].claims)) or "none",
            fix=f"mend {stem}, claims, in {FILE}",
        )
    return known[stem]


def nearest(pattern: str, lines: Iterable[str]) -> str:
    """The line that has most of the words in the first line of a pattern; empty where there is none."""
    plain = re.sub(r"\(\?P<\w+>|\[[^]]*\]|\\\w", " ", pattern.split(r"\n")[0])
    wanted = set(re.findall(r"\w+", plain))
    return max(lines, key=lambda line: len(wanted & set(re.findall(r"\w+", line))), default="")


def figure(stem: str, wanted: Figure, notebook: NotebookNode) -> Kept:
    """The figure as the chapter's stored outputs have it.

    Raises:
        LedgerError: no output matches its pattern, or outputs that differ do.
    """
    texts = outputs(notebook)
    found = [m.groupdict() for text in texts for m in re.finditer(wanted.output, text, re.M)]
    found = [{name: str(value).replace("'", "") for name, value in groups.items()} for groups in found]
    different = [groups for i, groups in enumerate(found) if groups not in found[:i]]
    if len(different) != 1:
        near = nearest(wanted.output, (line for text in texts for line in text.splitlines()))
        raise LedgerError(
            f"The figure of {stem} is not found in its stored outputs.",
            wanted=f"one text that matches {wanted.output}",
            found="; ".join(map(str, different)) or f"none; the nearest line is: {near[:MOST_SHOWN]}",
            fix=f"mend {stem}, figure, in {FILE}, or: labkit execute {stem[:4]}",
        )
    return Kept(wanted.value.format(**different[0]), wanted.says.format(**different[0]))


def outputs(notebook: NotebookNode) -> list[str]:
    """What each cell has printed and returned, as plain text; the brackets of measured figures taken off."""
    texts = []
    for cell in notebook.cells:
        parts = [
            output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")
            for output in cell.get("outputs", [])
        ]
        texts.append(re.sub("[⟨⟩]", "", "\n".join(parts)))
    return [text for text in texts if text]


def command(stem: str, begins: str, known: list[Command]) -> Command:
    """The command of a chapter's console blocks that begins so.

    Args:
        stem: the chapter, for the error.
        begins: how it begins.
        known: the commands of its blocks.

    Raises:
        LedgerError: no command begins so, or several that differ do.
    """
    found = {known_.line: known_ for known_ in known if known_.line.startswith(begins)}
    if len(found) != 1:
        near = difflib.get_close_matches(begins, [c.line for c in known], n=1, cutoff=0.0)
        raise LedgerError(
            f"A command to take home is not found in the console blocks of {stem}.",
            wanted=f"one that begins: {begins}",
            found=" | ".join(found) or f"none; the nearest is: {(near or [''])[0][:MOST_SHOWN]}",
            fix=f"mend {stem} in {FILE}",
        )
    return next(iter(found.values()))


def commands(stem: str, wanted: list[str], notebook: NotebookNode) -> list[Command]:
    """The commands of a chapter's console blocks that begin so, in the order that is wanted.

    Raises:
        LedgerError: one is not found.
    """
    known = console_blocks.of_notebook(notebook)
    return [command(stem, begins, known) for begins in wanted]


def manifest(stem: str, wanted: TakeHome, root: Path | None = None) -> str:
    """The text of a manifest, its values filled in.

    Raises:
        LedgerError: there is no such file, or a value is missing.
    """
    path = (root or repo()) / "k8s" / stem / str(wanted.manifest)
    values = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in wanted.values.items()
    }
    try:
        text = path.read_text(encoding="utf-8")
        return string.Template(text).substitute(values) if "$" in text else text
    except (OSError, KeyError, ValueError) as e:
        there = ", ".join(sorted(p.name for p in path.parent.glob("*.yaml")))
        raise LedgerError(
            f"A manifest to take home cannot be made: k8s/{stem}/{path.name}.",
            wanted=f"one of {there}, with a value for each of its gaps",
            found=f"{type(e).__name__}: {e}",
            fix=f"mend {stem}, claims, in {FILE}",
        ) from None
