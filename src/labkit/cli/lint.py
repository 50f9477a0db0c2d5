"""``labkit lint``: what can be checked without running anything."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command()
def command() -> None:
    """Check code, notebooks and the house rules of chapters; exit status 1 if something is found."""
    from labkit.home import repo
    from labkit.house import problems

    ruff = [sys.executable, "-m", "ruff"]
    failed = subprocess.run([*ruff, "check", "."], cwd=repo()).returncode
    failed |= subprocess.run([*ruff, "format", "--check", "."], cwd=repo()).returncode
    found = problems()
    for problem in found:
        click.echo(problem)
    raise SystemExit(int(bool(failed or found)))
