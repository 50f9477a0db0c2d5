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

    from labkit.provision.doctor.runner import examine, exit_code

    found = examine(only)
    if as_json:
        click.echo(json.dumps([f.as_dict() for f in found], indent=1))
    else:
        console = Console(highlight=False, soft_wrap=True, emoji=False)
        for f in found:
            wanted = f" (wanted: {f.wanted})" if f.wanted and f.state != "ok" else ""
            console.print(
                f"{f.state:<8}{f.name:<16} {f.found}{wanted}{'  → ' + f.fix if f.fix else ''}", markup=False
            )
    raise SystemExit(exit_code(found))
