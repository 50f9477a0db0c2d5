"""What the test run takes at 17 chapters, reckoned from what each suite took in a whole run.

`labkit test --keep` keeps the seconds of a whole run in ``tests/times.json``, after `make test` has passed. A
suite that grows with the chapters takes its measured time per chapter for each of them; the others take what
they took. Of the graders a sixth is tested in each run, drawn from the commit: they are reckoned by the mean
of all their proofs, not by those that one commit has drawn. What is due because it was changed comes on top.
Lanes run side by side, so the longer one counts; what runs alone is added.
"""

from __future__ import annotations

import json
import math
import re
import statistics
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from labkit.core.errors import Usage
from labkit.core.paths import repo
from labkit.devtools.suites import ALONE, LAB, NO_DOCKER, SUITES, TIMES

KEPT = "tests/times.json"
PAGE = "CONTRIBUTING.md"
PROOFS = "tests/graders/record.json"
GRADERS = "graders"
SIXTH = 6
CHAPTERS = 17
BOUND = 60
"""Minutes that the run may take at 17 chapters."""

MARKED = re.compile(r"(<!-- reckoned -->\n).*(<!-- /reckoned -->)", re.S)


@dataclass(frozen=True)
class Times:
    """What a whole run took.

    Attributes:
        chapters: how many there were.
        seconds: all of it, set-up included.
        suites: seconds of each suite, by name.
        proof_seconds: the mean of the last proofs of all graders; None where none is known.
    """

    chapters: int
    seconds: float
    suites: dict[str, float]
    proof_seconds: float | None = None


def read(path: Path) -> Times:
    """The times in a file; a suite that is not in it was not measured, and counts nothing.

    Raises:
        Usage: there is no file, or it cannot be read.
    """
    try:
        times = Times(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as e:
        fix = "make test, then: labkit test --keep"
        raise Usage("There are no times of a whole run.", wanted=path, found=e, fix=fix) from None
    return replace(times, suites={suite.name: 0.0 for suite in SUITES} | times.suites)


def kept(root: Path | None = None) -> Times | None:
    """The times that are kept, or None before the first whole run.

    Raises:
        Usage: they cannot be read.
    """
    path = (root or repo()) / KEPT
    return read(path) if path.exists() else None


def table(root: Path | None = None) -> str:
    """The reckoning as a Markdown table, from the times that are kept.

    Raises:
        Usage: they cannot be read.
    """
    times = kept(root)
    return as_markdown(times) if times else "(No whole run has been kept yet.)"


def reckoned(times: Times, chapters: int = CHAPTERS) -> dict[str, float]:
    """Seconds of each suite at that many chapters."""
    factor = chapters / times.chapters
    seconds = {suite.name: times.suites[suite.name] * (factor if suite.grows else 1) for suite in SUITES}
    if times.proof_seconds is not None:
        seconds[GRADERS] = times.proof_seconds * math.ceil(chapters / SIXTH)
    return seconds


def total(seconds: dict[str, float]) -> float:
    """Seconds of all suites: the longer one of the two lanes, then what runs alone."""
    lanes = {
        lane: sum(seconds[suite.name] for suite in SUITES if suite.lane == lane)
        for lane in (NO_DOCKER, LAB, ALONE)
    }
    return max(lanes[NO_DOCKER], lanes[LAB]) + lanes[ALONE]


def setup(times: Times) -> float:
    """Seconds of the run that are no suite's: the lab brought up."""
    return max(0.0, times.seconds - total(times.suites))


def minutes_reckoned(times: Times, chapters: int = CHAPTERS) -> float:
    """Minutes of a whole run at that many chapters."""
    return (setup(times) + total(reckoned(times, chapters))) / 60


def as_markdown(times: Times) -> str:
    """The table: each suite now and then, and the sum."""
    then = reckoned(times)
    rows = [
        f"| suite | runs beside | grows with chapters | {times.chapters} chapters | {CHAPTERS} chapters |",
        "|---|---|---|---|---|",
        f"| set-up | | no | {minutes(setup(times))} | {minutes(setup(times))} |",
    ]
    beside = {NO_DOCKER: "the lab's suites", LAB: "those without Docker", ALONE: "nothing"}
    for suite in SUITES:
        grows = "a sixth" if suite.name == GRADERS else "yes" if suite.grows else "no"
        now, later = minutes(times.suites[suite.name]), minutes(then[suite.name])
        rows.append(f"| {suite.name} | {beside[suite.lane]} | {grows} | {now} | {later} |")
    whole = minutes(setup(times) + total(times.suites)), minutes(minutes_reckoned(times) * 60)
    rows.append(f"| **all** | | | **{whole[0]}** | **{whole[1]}** (at most {BOUND}) |")
    return "\n".join(rows)


def minutes(seconds: float) -> str:
    """Seconds as minutes."""
    return f"{seconds / 60:.1f} min"


def keep(root: Path | None = None) -> None:
    """Keeps the times of the last whole run, and writes their table into ``CONTRIBUTING.md``.

    Raises:
        Usage: there was none, or a suite did not pass in it; the page has no place for the table.
    """
    root = root or repo()
    times = read(root / TIMES)
    if failed := [name for name, seconds in times.suites.items() if not seconds]:
        raise Usage("A suite did not pass in that run.", found=", ".join(failed), fix="make test, then again")
    whole = replace(times, proof_seconds=mean_of_proofs(root))
    (root / KEPT).write_text(json.dumps(asdict(whole), indent=1) + "\n", encoding="utf-8")
    write(root)


def mean_of_proofs(root: Path) -> float | None:
    """The mean of the seconds that the last proof of each stem's graders took; None where none is known."""
    path = root / PROOFS
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    seconds = [entry["seconds"] for entry in entries.values() if "seconds" in entry]
    return round(statistics.fmean(seconds), 1) if seconds else None


def write(root: Path) -> None:
    """Writes the table into the page.

    Raises:
        Usage: the page has no place for it.
    """
    page = root / PAGE
    text, count = MARKED.subn(rf"\g<1>{table(root)}\n\g<2>", page.read_text(encoding="utf-8"))
    if not count:
        raise Usage(f"{PAGE} has no place for the table.", wanted="<!-- reckoned --> … <!-- /reckoned -->")
    page.write_text(text, encoding="utf-8")
