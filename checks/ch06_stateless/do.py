"""Do: a database that outlives its container."""

from __future__ import annotations

from labkit import Mismatch, Missing
from labkit.checks import check
from labkit.observe.containers import running
from labkit.observe.replacement import recreated

from . import PGDATA, lost
from .postgres import accepting, sql

GUESTS = ["Ada", "Edsger", "Grace"]


@check(
    task="do",
    points=3,
    timeout=300,
    hints=(
        "Which path does PostgreSQL write to? `docker inspect` of its image says it in PGDATA.",
        "What must be the same in the command of the first container and of the second?",
    ),
)
def guests(lab):
    """`ch06-guests` is a PostgreSQL with three guests, and a new container made like it has them too"""
    box = running(lab, "ch06-guests")
    accepting(box)
    found = sql(box, "select name from guests")
    if found is None:
        tables = sql(box, "select count(*) from pg_tables where schemaname = 'public'")
        raise Missing(
            "There is no table guests with a column name in the database postgres.", found=f"{tables} tables"
        )
    if sorted(found.splitlines()) != GUESTS:
        raise Mismatch(
            "The guests are others.", wanted=", ".join(GUESTS), found=found.replace("\n", ", ") or "none"
        )
    with recreated(lab, box) as new:
        accepting(new)
        kept = sql(new, "select name from guests")
    if kept is None or sorted(kept.splitlines()) != GUESTS:
        raise lost(box, PGDATA, "PostgreSQL")
