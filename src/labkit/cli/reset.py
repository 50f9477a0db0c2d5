"""``labkit reset``: a chapter back at its start."""

from __future__ import annotations

import click


@click.command()
@click.argument("stem")
def command(stem: str) -> None:
    """Remove what runs of a chapter left, and what you made by hand under its prefix (ch01-…)."""
    from labkit.book import stem_of
    from labkit.lab import Lab

    removed = Lab.reset(stem_of(stem))
    for kind, names in removed.items():
        click.echo(f"removed {kind}: {', '.join(names)}")
    click.echo("" if removed else "nothing was left")
