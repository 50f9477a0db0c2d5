"""``labkit env``: what a shell needs to type the console blocks of a page."""

from __future__ import annotations

import shlex

import click


@click.command()
def command() -> None:
    """Print shell exports: eval "$(labkit env)"."""
    from labkit.core.engine import exports
    from labkit.provision import jupyter

    jupyter.ensure()
    for name, value in exports().items():
        if name == "PATH":  # the course's programs first, whatever PATH the shell has when it evaluates this
            click.echo(f'export PATH={shlex.quote(value.split(":")[0])}:"$PATH"')
        else:
            click.echo(f"export {name}={shlex.quote(value)}")
