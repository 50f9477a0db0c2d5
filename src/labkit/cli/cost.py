"""``labkit cost``: what running each chapter takes, measured."""

from __future__ import annotations

import click


@click.command()
@click.argument("notebooks", nargs=-1)
def command(notebooks: tuple[str, ...]) -> None:
    """Run chapters (ch01 …; by default those that have changed) and keep time, peak memory and peak disk.

    The peaks are those of the engine's whole machine above where they were at first: run nothing beside it.
    No output is stored in the notebooks.
    """
    from labkit.book import notebooks as book
    from labkit.devtools import cost

    for stem in [book.stem_of(word) for word in notebooks] or cost.stale():
        found = cost.measure(stem)
        cost.keep(stem, found)
        click.echo(f"{stem}: {cost.said(found)}")
