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

    Each is run on a private engine and in a namespace of its own. Setup and graded cells come from the
    course, whatever the submission made of them, and the score is computed outside of its process, from
    what engine and cluster hold.

    THIS IS NO SANDBOX. A submitted notebook runs as you, on your machine, with a Docker API in its hands: it
    could read your files or take the machine over. Grade your own work, or that of people you trust, or run
    it on a machine that holds nothing else.

    Exit status: 0 all done; 1 the lab failed at some, which costs nobody points (run those again); 2 wrong
    usage.
    """
    from rich.console import Console
    from rich.text import Text

    from labkit.grading import report, submission
    from labkit.grading.batch import grade
    from labkit.grading.record import Graded

    console = Console(highlight=False)

    def say(graded: Graded) -> None:
        console.print(
            Text(f"{graded.submission.name}: {graded.total} ({graded.seconds:.0f} s)"), soft_wrap=True
        )

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as with Ctrl-C, what was made is removed
    found, others = submission.find(files)
    graded = grade(found, jobs, seconds, say)
    report.show(graded, console)
    report.write(graded, out, others)
    if others:
        console.print(Text(f"left out, no notebooks: {', '.join(others[:5])}{' …' if others[5:] else ''}"))
    console.print(Text(f"reports: {out / 'index.html'}"), soft_wrap=True)
    raise SystemExit(int(any(g.run_again for g in graded)))
