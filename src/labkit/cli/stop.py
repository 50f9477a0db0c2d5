"""``labkit stop``: rests the lab; ``labkit up`` resumes it."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Stop the cluster's nodes and the registry; what is in them is kept."""
    from labkit import cluster, engine, registry

    client = engine.client()
    click.echo(f"stopped {cluster.stop(client)} nodes" + (" and the registry" if registry.stop() else ""))
