"""``labkit reset``: a chapter back at its start."""

from __future__ import annotations

import click


@click.command()
@click.argument("stem")
def command(stem: str) -> None:
    """Remove what runs of a chapter left, and what you made by hand under its prefix (ch01-…).

    Where the chapter has an exercise, its checks then confirm it: 0 points, no object left; if not, exit
    status 1.
    """
    from labkit.book.notebooks import stem_of
    from labkit.lab.lab import Lab
    from labkit.lab.reset import LEFT
    from labkit.learner.reset_check import check

    stem = stem_of(stem)
    done = Lab.reset(stem)
    left = done.pop(LEFT, [])
    for kind, names in done.items():
        click.echo(f"removed {kind}: {', '.join(names)}")
    for name in left:
        click.echo(f"left alone: {name} (of another lab, or of a run that goes on)")
    if not done:
        click.echo("nothing was left")
    if state := check(stem):
        for line in state.lines():
            click.echo(line)
        raise SystemExit(int(not state.is_fresh))
