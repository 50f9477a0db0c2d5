"""``labkit grade``: scores of submitted exercises, computed outside of the notebooks that are scored."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click


@click.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE…|DIR", type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--out",
    default="grades",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for index.html, grades.csv, grades.json and a page for each submission.",
)
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 16), help="How many at a time.")
@click.option(
    "--seconds",
    default=60.0,
    show_default=True,
    type=click.FloatRange(1),
    help="How long one cell of a learner's may take.",
)
def command(files: tuple[Path, ...], out: Path, jobs: int, seconds: float) -> None:
    """Grade submitted exercises: notebooks, or folders that are searched for them.

    A notebook in a folder of its own gets the files beside it. Every file has its row in grades.csv.

    Each is run on a private engine and in a namespace of its own. Setup and graded cells come from the
    course, whatever the submission made of them, and the score is computed outside of its process, from
    what engine and cluster hold.

    THIS IS NO SANDBOX. A submitted notebook runs as you, on your machine, with a Docker API in its hands: it
    could read your files or take the machine over. Grade your own work, or that of people you trust, or run
    it on a machine that holds nothing else. What is kept apart and what is not: parts/teaching.md.

    Exit status: 0 all done; 1 the lab failed at some, which costs nobody points (run those again); 2 wrong
    usage.
    """
    from rich.console import Console
    from rich.text import Text

    from labkit.core.errors import Usage
    from labkit.grading import intake, report
    from labkit.grading.batch import grade
    from labkit.grading.record import Graded

    console, faults = Console(highlight=False, emoji=False), dict[str, None]()

    def tell(text: str) -> None:
        console.print(Text(text), soft_wrap=True)

    def say(records: list[Graded], changed: Graded | None) -> None:
        others = report.used(found.others, records)
        try:
            report.write(records, out, others, changed)
        except Exception as e:  # what is graded is told all the same
            if changed is None and isinstance(e, OSError):
                raise Usage(
                    "The reports cannot be written.", found=e, fix="name another folder: --out"
                ) from e
            faults[f"The reports could not be written as they should be: {type(e).__name__}: {e}"] = None
        if changed is not None:
            tell(f"{changed.submission.name}: {changed.total} ({changed.seconds:.0f} s)")

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as with Ctrl-C, what was made is removed
    found = intake.find(files, out)
    graded = grade(found.notebooks, jobs, seconds, say, lambda text: faults.update({text: None}), out)
    report.show(graded, console)
    others = [o for o in report.used(found.others, graded) if o.state == intake.LEFT_OUT]
    if left := [o.name for o in others if o.why != intake.HIDDEN]:
        tell(f"left out, not graded: {', '.join(left[:5])}{' …' if left[5:] else ''}")
    for fault in faults:
        tell(fault)
    tell(f"reports: {out / 'index.html'}")
    raise SystemExit(int(bool(faults) or any(g.run_again for g in graded)))
