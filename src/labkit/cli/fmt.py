"""``labkit fmt``: code and notebooks in their one form."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command()
def command() -> None:
    """Format code, notebooks' ids and metadata, and write chapters' opening questions."""
    from labkit.book import notebooks, questions
    from labkit.core.paths import repo

    subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", "--fix", "."], cwd=repo())
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", "."], cwd=repo(), check=True)
    for kind in notebooks.KINDS:
        for stem in notebooks.stems(kind):
            file = notebooks.path(stem, kind)
            notebook = notebooks.read(file)
            if kind == "chapters":
                questions.refresh(notebook, stem)
            if notebooks.write(notebook, file):
                click.echo(f"normalised {kind}/{file.name}")
