"""``labkit execute``: runs notebooks and stores what they print."""

from __future__ import annotations

import time

import click


@click.command()
@click.argument("notebooks", nargs=-1, required=True)
@click.option("--kind", default="chapters", show_default=True, help="chapters or solutions.")
def command(notebooks: tuple[str, ...], kind: str) -> None:
    """Run notebooks (ch01 …) in a fresh kernel and store their outputs."""
    from labkit.book import notebooks as book
    from labkit.devtools import stored_run

    for word in notebooks:
        started = time.monotonic()
        stem = book.stem_of(word)
        stored_run.execute(stem, kind)
        click.echo(f"{stem}: {time.monotonic() - started:.1f} s")
