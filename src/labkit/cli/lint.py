"""``labkit lint``: what can be checked without running anything."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import click

TOOLS = {
    "ruff check": ("-m", "ruff", "check", "--quiet", "."),
    "ruff format": ("-m", "ruff", "format", "--quiet", "--check", "."),
    "mypy": ("-m", "mypy", "--no-error-summary"),
    "import-linter": ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
    "deptry": ("-m", "deptry", "."),
}
"""Each tool and how Python runs it; what they hold to is in pyproject.toml. None needs another's result."""


@click.command()
def command() -> None:
    """Check code, types, imports, notebooks, and the rules of the house; exit status 1 for a breach."""
    from labkit.core.paths import repo
    from labkit.lint import chapters, exercises

    def run(arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *arguments], cwd=repo(), capture_output=True, text=True)

    with ThreadPoolExecutor(len(TOOLS)) as pool:
        running = pool.map(run, TOOLS.values())
        findings = chapters.problems() + exercises.problems()
        runs = dict(zip(TOOLS, running, strict=True))
    failed = {tool: ended for tool, ended in runs.items() if ended.returncode}
    for tool, ended in failed.items():
        output = f"{ended.stdout or ''}{ended.stderr or ''}".rstrip()
        click.echo(f"{tool}:\n{output or f'ended with status {ended.returncode}'}")
    for finding in findings:
        click.echo(f"open: {finding}" if finding.is_open else str(finding))
    raise SystemExit(int(bool(failed) or not all(finding.is_open for finding in findings)))
