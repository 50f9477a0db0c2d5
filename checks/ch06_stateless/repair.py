"""Repair: from backups, of which the newest is not whole."""

from __future__ import annotations

import hashlib
from random import Random

from labkit import Mismatch, Missing
from labkit.checks import check, scene
from labkit.observe.containers import container, last_words, run, running, volume
from labkit.observe.replacement import recreated

from . import PGDATA, lost
from .postgres import accepting, sql

POSTGRES, BASE = "localhost:5001/postgres:17", "debian:trixie-slim"
DAYS = {"mon": 40, "tue": 80, "wed": 120}
FAULTS = ("truncated", "owners", "incomplete")
DATA, VAULT = "ch06-books-data", "ch06-vault"
ERRORS = ("error:", "FATAL:", "PANIC:")


def flood(random: Random):
    """Which fault the newest backup has, and what the books are called."""
    return {"fault": random.choice(FAULTS), "salt": f"{random.randrange(16**6):06x}"}


def best(facts):
    """The day of the newest backup that can be brought back."""
    return "wed" if facts["fault"] == "owners" else "tue"


MAKE = {
    "truncated": "tar -C /data -cf - $(ls /data | sort -r) | head -c 6000000 > /vault/wed.tar",
    "owners": "tar -C /data --owner=0 --group=0 -cf /vault/wed.tar .",
    "incomplete": "tar -C /data --exclude=./global -cf /vault/wed.tar .",
}


@scene(flood)
def bookshop(lab, facts):
    """a bookshop's database, `ch06-books`, after a flood; its backups are in the volume `ch06-vault`"""
    mounts = [f"{DATA}:/data", f"{VAULT}:/vault"]
    for name in (DATA, VAULT):
        lab.docker.volumes.create(name)
    env = {"POSTGRES_PASSWORD": "secret"}
    box = lab.docker.containers.create(
        POSTGRES, name="ch06-books", environment=env, volumes=[f"{DATA}:{PGDATA}"], init=True
    )
    first = 1
    for day, last in DAYS.items():
        box.start()
        accepting(box)
        if day == "mon":
            sql(box, "create table books (id int primary key, title text)")
        sql(
            box,
            f"insert into books select n, '{facts['salt']}-' || n from generate_series({first}, {last}) n",
        )
        first = last + 1
        box.stop()
        line = f"tar -C /data -cf /vault/{day}.tar ." if day != "wed" else MAKE[facts["fault"]]
        run(lab, "bash", "-c", line, image=BASE, volumes=mounts)
    run(lab, "sh", "-c", "rm -r /data/global /data/base", image=BASE, volumes=mounts)
    box.start()


BOOKS = "select count(*) || ' ' || md5(string_agg(title, ',' order by id)) from books"


def expected(facts, day):
    """What a database says of its books when it is in the state of a day."""
    titles = ",".join(f"{facts['salt']}-{n}" for n in range(1, DAYS[day] + 1))
    return f"{DAYS[day]} {hashlib.md5(titles.encode()).hexdigest()}"


@check(
    task="repair",
    points=3,
    needs=bookshop,
    timeout=300,
    hints=(
        "Look before you trust: can an archive be read to its end, what is in it, whose is it?",
        "What does the log of ch06-books say afterwards? (It holds its volume even when stopped: empty the "
        "folder; the volume cannot be removed.)",
    ),
)
def restored(lab, bookshop):
    """`ch06-books` has the newest books that can be brought back, and a new container made like it too"""
    archives = run(lab, "ls", "/vault", image=BASE, volumes=[f"{volume(lab, VAULT).name}:/vault:ro"]).split()
    if gone := sorted({f"{day}.tar" for day in DAYS} - set(archives)):
        raise Missing(
            "An archive is gone from ch06-vault, and there is no other copy.", found=", ".join(gone)
        )
    try:
        accepting(box := running(lab, "ch06-books"))
    except Mismatch as e:
        said = last_words(container(lab, "ch06-books"), lines=20)
        raise Mismatch(e.message, wanted=e.wanted, found=said, hint=complaint(said)) from None
    compare(sql(box, BOOKS), bookshop)
    with recreated(lab, box) as new:
        accepting(new)
        if sql(new, BOOKS) != expected(bookshop, best(bookshop)):
            raise lost(box, PGDATA, "PostgreSQL")


def complaint(said):
    """What the last error of a database that does not start points at; lines of output may come after it."""
    errors = [line for line in said.splitlines() if any(word in line for word in ERRORS)]
    if errors and any(word in errors[-1] for word in ("wrong ownership", "Permission denied", "permissions")):
        return "The files are there, and they belong to somebody else."
    return "Its files are not whole. Which archives are?"


def compare(found, facts):
    """Holds the books against those of each day."""
    day = best(facts)
    if found == expected(facts, day):
        return
    if found is None:
        raise Missing("The database has no table books.", wanted=f"{DAYS[day]} books")
    for other in DAYS:
        if found == expected(facts, other):
            hint = "A newer archive can be brought back, too."
            raise Mismatch("These are the books of an older day.", wanted=day, found=other, hint=hint)
    count = found.split()[0] or "0"
    raise Mismatch(
        "These are not the books of the archives.", wanted=f"{DAYS[day]} books", found=f"{count} books"
    )
