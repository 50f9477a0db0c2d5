"""``labkit build``: the learners' notebooks, from the authored solutions."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Generate exercises/ from solutions/: no solution, no hidden test and no marker is left in it."""
    from labkit import learners

    changed = learners.build()
    click.echo("\n".join(f"exercises/{stem}.ipynb written" for stem in changed) or "exercises/ is up to date")
