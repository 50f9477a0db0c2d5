"""``labkit new``: the files of a new chapter."""

from __future__ import annotations

import click


@click.command()
@click.argument("stem")
@click.argument("title")
def command(stem: str, title: str) -> None:
    """Make the files of a new chapter and its exercise (ch18_some_words "Some words") from the template."""
    from labkit.book.scaffold import make

    for path in make(stem, title):
        click.echo(f"made {path}")
    click.echo(
        "next: a line in _toc.yml, the claims in chapters/claims.yml; labkit lint says what is missing"
    )
