"""``labkit lint``: what can be checked without running anything."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command()
def command() -> None:
    """Check code, notebooks, and the house rules of chapters and exercises; exit status 1 for a breach."""
    from labkit.core.paths import repo
    from labkit.lint import chapters, exercises

    ruff = [sys.executable, "-m", "ruff"]
    failed = subprocess.run([*ruff, "check", "."], cwd=repo()).returncode
    failed |= subprocess.run([*ruff, "format", "--check", "."], cwd=repo()).returncode
    findings = chapters.problems() + exercises.problems()
    for finding in findings:
        click.echo(f"open: {finding}" if finding.is_open else str(finding))
    raise SystemExit(int(bool(failed) or not all(finding.is_open for finding in findings)))
