"""``labkit mutate``: tests of the graders, and of the proofs."""

from __future__ import annotations

import click


@click.command()
@click.argument("stems", nargs=-1)
@click.option("--planted", is_flag=True, help="Planted changes of the chapters, not answers to exercises.")
@click.option("--all", "everything", is_flag=True, help="Every chapter; one that was cut goes on.")
@click.option("--update", is_flag=True, help="Take what wrong answers are told now as the snapshot.")
@click.option("--quiet", is_flag=True, help="No line for each answer.")
def command(stems: tuple[str, ...], planted: bool, everything: bool, update: bool, quiet: bool) -> None:
    """Run wrong and right answers against the checks, on the real engine and cluster.

    With --planted: run chapters with a change in a claim's experiment, which must turn its verdict.

    Without a chapter: what has changed since it passed, and of the rest a sixth of the exercises, or one
    claim. Exit status 1 if a wrong answer was accepted, a right one rejected, a control failed or a verdict
    did not turn, 5 if nothing was found.
    """
    from labkit.mutation import campaign

    if planted:
        raise SystemExit(campaign.planted(stems, everything))
    raise SystemExit(campaign.graders(stems, everything, update, quiet))
