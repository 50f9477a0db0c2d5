"""``labkit prove``: tests of the graders."""

from __future__ import annotations

import click


@click.command()
@click.argument("stems", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every chapter; one that was cut goes on.")
@click.option("--update", is_flag=True, help="Take what wrong answers are told now as the snapshot.")
@click.option("--quiet", is_flag=True, help="No line for each answer.")
def command(stems: tuple[str, ...], everything: bool, update: bool, quiet: bool) -> None:
    """Run wrong and right answers against the checks, on the real engine and cluster.

    Without a chapter: those whose proof is stale, and a sixth of the others. Exit status 1 if a wrong answer
    was accepted, a right one rejected, a control failed, or nothing was found.
    """
    from labkit.mutation.record import prove

    raise SystemExit(prove(stems, everything, update, quiet))
