"""``labkit site``: the rendered book."""

from __future__ import annotations

import time

import click


@click.command()
def command() -> None:
    """Build the site from stored outputs; no Docker needed."""
    from labkit.book.site import build

    started = time.monotonic()
    page = build() / "index.html"
    click.echo(f"{page.as_uri()}  ({time.monotonic() - started:.1f} s)")
