"""``labkit doctor``: what is missing, and the command that mends it."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list instead of a table.")
@click.option("--only", type=click.Choice(["docker"]), help="Leave out the registry and the cluster.")
def command(as_json: bool, only: str | None) -> None:
    """Check each thing the course needs; exit status 1 if one is broken."""
    from rich.console import Console
    from rich.table import Table

    from labkit.doctor import examine, exit_code

    found = examine(only)
    if as_json:
        click.echo(json.dumps([f.as_dict() for f in found], indent=1))
    else:
        table = Table(box=None, pad_edge=False)
        for column in ("", "what", "found", "wanted", "to mend it"):
            table.add_column(column, overflow="fold")
        for f in found:
            table.add_row(f.state, f.name, f.found, f.wanted, f.fix)
        Console(highlight=False).print(table)
    raise SystemExit(exit_code(found))
