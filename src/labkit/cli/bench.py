"""``labkit bench``: the figures that the README states, measured here and now."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click


@click.command()
@click.option("--runs", default=3, show_default=True, help="Runs of each figure; medians are shown.")
@click.option("--with-engine", is_flag=True, help="Stop the course's own Docker daemon before each `up`.")
@click.option("--only", type=click.Choice(["lab", "wait", "checks"]), help="One part of it.")
def command(runs: int, with_engine: bool, only: str | None) -> None:
    """Measure the lab in a second lab beside yours; exit status 1 if a figure is out of bounds."""
    from rich.console import Console

    from labkit.devtools import bench, bench_checks, bench_wait
    from labkit.provision import up

    up.bring_up()
    found = []
    if only in (None, "lab"):
        with tempfile.TemporaryDirectory() as folder:
            found += bench.measure(runs, with_engine, Path(folder))
    if only in (None, "wait"):
        found += bench_wait.figures()
    if only in (None, "checks"):
        found += bench_checks.figures()
    console = Console(highlight=False, soft_wrap=True, emoji=False)
    for f in found:
        bound = f"≤ {f.bound:g}" if f.bound is not None else ""
        state = "" if f.bound is None else "ok" if f.good else "OVER"
        runs_shown = f"  runs {', '.join(map(str, f.runs))}" if f.runs else ""
        console.print(f"{f.what:<36} {f.value:>8.2f} {f.unit:<6} {bound:<7} {state:<5}{runs_shown}")
    raise SystemExit(int(any(not f.good for f in found)))
