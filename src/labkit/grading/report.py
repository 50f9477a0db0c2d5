"""Grades in the terminal, as CSV and as JSON; what learners wrote steers no terminal and no spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from labkit.checks.result import ERROR, Result
from labkit.core.theme import SIGNS
from labkit.grading import own_files, pages
from labkit.grading.intake import USED, Other
from labkit.grading.record import REJECTED, Graded
from labkit.grading.submission import plain

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""With what a spreadsheet begins a formula."""

UNDECIDED = "undecided"


def write(graded: list[Graded], out: Path, others: list[Other], changed: Graded | None = None) -> None:
    """Writes the reports, the scores first; each file is there as it was, or as it is now.

    Args:
        graded: one record for each file.
        out: the folder, made if needed: index.html, grades.csv, grades.json, and a page for each submission.
        others: the files that are not graded.
        changed: of whom alone the page is written; None is everybody.

    Raises:
        OSError: the folder cannot be written.
        jinja2.TemplateError: the scores are written, and the pages could not be.
    """
    (out / pages.FOLDER).mkdir(parents=True, exist_ok=True)
    written = [
        replace(out / "grades.csv", as_csv(graded, others), encoding="utf-8-sig"),
        replace(out / "grades.json", as_json(graded, others)),
    ]
    names = pages.file_names(graded)
    try:
        for record, name in zip(graded, names, strict=True):
            if changed is None or record is changed:
                page = out / pages.FOLDER / f"{name}.html"
                written.append(replace(page, pages.page(record, name)))
                if record.notebook:
                    written.append(replace(page.with_suffix(".ipynb"), record.notebook))
        told = [f"{other.name}: {other.why}" for other in others]
        written.append(replace(out / "index.html", pages.index(graded, names, told)))
    finally:
        replace(out / own_files.LIST, own_files.listed(out, written))


def replace(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Writes a file in one step; returns its path."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding=encoding, newline="")
    return fresh.replace(path)


def used(others: Mapping[Path, Other], graded: list[Graded]) -> list[Other]:
    """The files that are not graded, and of each that a submission was given, whose it is."""
    owners: dict[Path, list[str]] = {}
    for record in graded:
        for path in record.submission.files.values():
            owners.setdefault(path, []).append(record.submission.name)
    return [
        Other(o.name, f"It lies beside {', '.join(owners[path])}, and was there when that was run.", USED)
        if path in owners
        else o
        for path, o in others.items()
    ]


def as_json(graded: list[Graded], others: list[Other]) -> str:
    """Everything."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    left_out = [{"file": o.name, "state": o.state, "why": o.why} for o in others]
    report = {
        "format": 2,
        "graded_at": now,
        "not_graded": left_out,
        "submissions": [g.as_json() for g in graded],
    }
    return json.dumps(report, indent=1) + "\n"


def column(stem: str, check: str) -> str:
    """What a task is called in a table of several exercises, such as ``ch01.inventory``."""
    return f"{stem.split('_')[0]}.{check}"


def scores(record: Graded) -> dict[str, Any]:
    """Points of each task, by column."""
    return {
        column(record.submission.stem or "", r.name): UNDECIDED if r.verdict == ERROR else r.earned
        for r in record.results
    }


def as_csv(graded: list[Graded], others: Iterable[Other] = ()) -> str:
    """One row for each submission and each other file, one column for each task."""
    columns = list(dict.fromkeys(name for g in graded for name in scores(g)))
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["submission", "exercise", "verdict", *columns, "total", "points", UNDECIDED, "notes"])
    for g in graded:
        points, is_scored = scores(g), g.verdict != REJECTED
        totals = [g.earned, g.points, g.undecided] if is_scored else ["", "", ""]
        notes = " ".join([g.why, *g.notes]).strip()
        given = [g.submission.name, g.submission.stem or "", g.verdict]
        rows.writerow(
            [
                harmless(v)
                for v in [*given, *(points.get(c, "") for c in columns), *totals, plain(notes, 5000)]
            ]
        )
    for other in others:
        state = [other.name, "", other.state, *("" for _ in columns), "", "", "", plain(other.why, 5000)]
        rows.writerow([harmless(v) for v in state])
    return out.getvalue()


def harmless(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def cell(result: Result | None) -> str:
    """One task in the table."""
    if result is None:
        return ""
    return f"{SIGNS[result.verdict]} {result.earned}/{result.points}"


def show(graded: list[Graded], console: Console) -> None:
    """Prints a table for each exercise, and below it what is to be said of single submissions."""
    for stem in sorted({g.submission.stem for g in graded if g.submission.stem}):
        records = [g for g in graded if g.submission.stem == stem]
        names = [r.name for r in records[0].results]
        table = Table("submission", *names, "total", "notes", title=stem, title_justify="left", box=None)
        for g in records:
            by_name = {r.name: r for r in g.results}
            texts = [
                g.submission.name,
                *(cell(by_name.get(n)) for n in names),
                g.total,
                str(len(g.notes) or ""),
            ]
            table.add_row(*(line(t) for t in texts))
        console.print(table)
    for g in graded:
        if lines := list(remarks(g)):
            console.print(line(f"\n{g.submission.name}: {g.total}"))
            for remark in lines:
                console.print(line(f"  {remark}"), soft_wrap=True)
    console.print(Text(f"\n{summary(graded)}"))
    console.print(
        Text(
            f"{SIGNS['pass']} pass  {SIGNS['fail']} fail  {SIGNS['skip']} not begun  {SIGNS[ERROR]} undecided"
        )
    )


def line(text: str) -> Text:
    """A line for the terminal that holds text of learners."""
    return Text(plain(text, 2000))


def remarks(record: Graded) -> Iterable[str]:
    """What is said of a submission below the table."""
    if record.why:
        yield record.why
    yield from record.notes


def summary(graded: list[Graded]) -> str:
    """How many were graded, and how many were not."""
    again, away = sum(g.run_again for g in graded), sum(g.verdict == REJECTED for g in graded)
    parts = [f"{len(graded) - away - again} graded"]
    parts += [f"{away} no submission of this course"] * bool(away)
    parts += [f"{again} to be run again, for the lab failed"] * bool(again)
    return ", ".join(parts)
