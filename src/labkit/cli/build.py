"""``labkit build``: the learners' notebooks, from the authored solutions."""

from __future__ import annotations

import click


@click.command()
@click.argument("stems", nargs=-1)
def command(stems: tuple[str, ...]) -> None:
    """Generate exercises/ from solutions/ (all or some): no solution, no hidden test, no marker."""
    from labkit.book import exercises, notebooks

    changed = exercises.build(only=[notebooks.stem_of(word) for word in stems])
    click.echo("\n".join(f"exercises/{stem}.ipynb written" for stem in changed) or "exercises/ is up to date")
