"""``labkit lint``: what can be checked without running anything."""

from __future__ import annotations

import subprocess
import sys

import click

STILL_OPEN = ("it has no exercise", "is not proven as it stands")
"""Work that is still to be done is told and is no breach; `labkit prove` proves what is stale."""


@click.command()
def command() -> None:
    """Check code, notebooks, and the house rules of chapters and exercises; exit status 1 for a breach."""
    from labkit.core.paths import repo
    from labkit.lint import chapters, exercises

    ruff = [sys.executable, "-m", "ruff"]
    failed = subprocess.run([*ruff, "check", "."], cwd=repo()).returncode
    failed |= subprocess.run([*ruff, "format", "--check", "."], cwd=repo()).returncode
    found = chapters.problems() + exercises.problems()
    still_open = [problem for problem in found if any(words in problem for words in STILL_OPEN)]
    for problem in found:
        click.echo(f"open: {problem}" if problem in still_open else problem)
    raise SystemExit(int(bool(failed or len(found) > len(still_open))))
