"""``labkit reset``: a chapter back at its start."""

from __future__ import annotations

import click


@click.command()
@click.argument("stem")
def command(stem: str) -> None:
    """Remove what runs of a chapter left, and what you made by hand under its prefix (ch01-…)."""
    from labkit.book import stem_of
    from labkit.lab import Lab
    from labkit.reset import LEFT

    done = Lab.reset(stem_of(stem))
    left = done.pop(LEFT, [])
    for kind, names in done.items():
        click.echo(f"removed {kind}: {', '.join(names)}")
    for name in left:
        click.echo(f"left alone: {name} (of another lab)")
    if not done:
        click.echo("nothing was left")
