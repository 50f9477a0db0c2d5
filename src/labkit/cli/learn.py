"""``labkit learn``: everything a learner needs, then JupyterLab."""

from __future__ import annotations

import click


@click.command()
@click.option("--only", type=click.Choice(["docker"]), help="No cluster, for the chapters that need none.")
@click.option("--browser/--no-browser", default=True, help="Open JupyterLab in a browser.")
@click.option(
    "--port", default=8888, show_default=True, help="JupyterLab's port; the next free one if taken."
)
def command(only: str | None, browser: bool, port: int) -> None:
    """Bring the lab up, build the site, start JupyterLab on the notebooks."""
    from labkit.provision.jupyter import learn

    learn(only, browser, port)
