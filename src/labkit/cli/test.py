"""``labkit test``: sets everything up and runs every test."""

from __future__ import annotations

import click


@click.command()
@click.option("--fast", is_flag=True, help="Only what needs no Docker: lint, unit tests, site.")
def command(fast: bool) -> None:
    """Run lint, unit, lab, notebook, console-block and site tests; exit status 1 if any fails."""
    from labkit.devtools.suites import run_all

    raise SystemExit(run_all(fast))
