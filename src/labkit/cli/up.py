"""``labkit up``: the whole lab, or what is missing of it."""

from __future__ import annotations

import click


@click.command()
@click.option("--only", type=click.Choice(["docker"]), help="Engine and images, no cluster.")
def command(only: str | None) -> None:
    """Bring up the Docker engine, the course's images and the kind cluster."""
    from labkit.provision.up import bring_up

    bring_up(only)
