"""``labkit fmt``: code and notebooks in their one form."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command()
def command() -> None:
    """Format code, and notebooks' ids and metadata."""
    from labkit import book
    from labkit.home import repo

    subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", "--fix", "."], cwd=repo())
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", "."], cwd=repo(), check=True)
    for kind in book.KINDS:
        for stem in book.stems(kind):
            file = book.path(stem, kind)
            if book.write(book.read(file), file):
                click.echo(f"normalised {kind}/{file.name}")
