"""``labkit stop``: rests the lab; ``labkit up`` resumes it."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Stop the cluster's nodes and the registry; what is in them is kept."""
    from labkit.core import engine
    from labkit.provision import kind_cluster, registry

    client = engine.client()
    nodes, stores = kind_cluster.stop(client), registry.stop()
    click.echo(f"stopped {nodes} nodes" + (" and the registry" if stores else ""))
