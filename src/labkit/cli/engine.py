"""``labkit engine``: which Docker daemon the course would use now."""

from __future__ import annotations

import click

from labkit.core.errors import EngineAbsent


@click.command()
def command() -> None:
    """Print the URL of the Docker daemon that is used, or none where none is named and none answers."""
    from labkit.core.endpoint import choose

    try:
        click.echo(choose().url)
    except EngineAbsent:
        click.echo("none")
