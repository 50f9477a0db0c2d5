"""``labkit public``: a console block or a manifest of the course, with public images."""

from __future__ import annotations

from typing import TextIO

import click


@click.command()
@click.argument("file", type=click.File(encoding="utf-8"))
def command(file: TextIO) -> None:
    """Print FILE (- for what comes in) with the course's images replaced by public ones."""
    from labkit.provision import public_images

    made = public_images.rewrite(file.read())
    click.echo(made.text, nl=False)
    known = public_images.table()
    for name in made.images:
        if said := known[name].differs:
            click.echo(f"# {name}: {said}", err=True)
    for line in public_images.builds(made.to_build):
        click.echo(f"# first, in the course's folder: {line}", err=True)
