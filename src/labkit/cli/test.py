"""``labkit test``: sets everything up and runs every test."""

from __future__ import annotations

import click


@click.command()
@click.argument("suites", nargs=-1)
@click.option("--fast", is_flag=True, help="Only what needs no Docker: lint, unit tests, site.")
@click.option("--reckon", is_flag=True, help="Run nothing: print what 17 chapters would take.")
@click.option("--keep", is_flag=True, help="Run nothing: keep the minutes of the last whole run.")
def command(suites: tuple[str, ...], fast: bool, reckon: bool, keep: bool) -> None:
    """Run lint, unit, lab, notebook, console-block and site tests; exit status 1 if any fails.

    Suites that do not disturb each other run side by side; each line of the log begins with the name of its
    suite. Ctrl-C ends all of them.
    """
    if reckon or keep:
        from labkit.devtools import reckoning

        if keep:
            reckoning.keep()
        click.echo(reckoning.table())
        return
    from labkit.devtools.suites import run_all

    raise SystemExit(run_all(fast, suites))
