"""``labkit down``: takes the lab away again."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--all", "everything", is_flag=True, help="Also images, caches and the course's own engine's data."
)
@click.option("--keep-engine", is_flag=True, help="Leave the course's own engine running.")
@click.option("--store", is_flag=True, help="Also the registry's store, a cache of the images.")
def command(everything: bool, keep_engine: bool, store: bool) -> None:
    """Remove what the course made, and nothing else; images and caches stay unless --all is given."""
    from labkit.provision.down import take_down

    removed = take_down(everything, keep_engine, store)
    click.echo(
        "removed " + (", ".join(f"{n} {kind}" for kind, n in removed.items() if n) or "nothing: all was gone")
    )
