"""``labkit lint``: what can be checked without running anything."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command()
def command() -> None:
    """Check code, notebooks, and the house rules of chapters and exercises; exit status 1 for a breach."""
    from labkit import house, house_exercises
    from labkit.home import repo

    ruff = [sys.executable, "-m", "ruff"]
    failed = subprocess.run([*ruff, "check", "."], cwd=repo()).returncode
    failed |= subprocess.run([*ruff, "format", "--check", "."], cwd=repo()).returncode
    found = house.problems() + house_exercises.problems()
    for problem in found:
        click.echo(problem)
    raise SystemExit(int(bool(failed or found)))
