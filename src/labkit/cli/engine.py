"""``labkit engine``: which Docker daemon the course would use now."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Print the URL of the Docker daemon that answers, or none."""
    from labkit.core.engine import find

    click.echo(find()[0] or "none")
