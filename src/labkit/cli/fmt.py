"""``labkit fmt``: code and notebooks in their one form."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command()
def command() -> None:
    """Format code, notebooks' ids and metadata, and write chapters' opening questions."""
    from labkit import book, questions
    from labkit.home import repo

    subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", "--fix", "."], cwd=repo())
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", "."], cwd=repo(), check=True)
    for kind in book.KINDS:
        for stem in book.stems(kind):
            file = book.path(stem, kind)
            notebook = book.read(file)
            if kind == "chapters":
                questions.refresh(notebook, stem)
            if book.write(notebook, file):
                click.echo(f"normalised {kind}/{file.name}")
