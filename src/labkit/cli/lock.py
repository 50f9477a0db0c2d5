"""``labkit lock``: pins requirements.in for every Python that the course takes."""

from __future__ import annotations

import click


@click.command()
@click.option("--upgrade", "-U", is_flag=True, help="Take the newest versions that fit, of all.")
@click.option("--check", is_flag=True, help="Write nothing: only ask whether all wheels are there.")
def command(upgrade: bool, check: bool) -> None:
    """Pin requirements.in to requirements.txt, every file's hash included.

    One lock serves each Python of pyproject.toml and each kind of machine. What is pinned stays while it
    fits. Then each of them is asked whether all is there as a wheel; exit status 1 if something is not.
    """
    from labkit.devtools import locking

    if not check:
        locking.pin(upgrade=upgrade)
    lacking = 0
    for line in locking.not_to_be_had():
        click.echo(line)
        lacking += 1
    if not lacking:
        click.echo("All packages are there as wheels, for each Python and each kind of machine.")
    raise SystemExit(int(lacking > 0))
