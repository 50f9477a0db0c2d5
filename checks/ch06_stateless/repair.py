"""What "done" means in the exercise of chapter 6: a database, a session store, a backup that is restored."""

from __future__ import annotations

import hashlib
from functools import partial
from random import Random

from labkit import Mismatch, Missing, TimedOut, until
from labkit.checks import check, scene
from labkit.observe.containers import container, http, last_words, run, running, volume
from labkit.observe.postgres import accepting, sql
from labkit.observe.replacement import behind, reborn

IMAGES = ("postgres:17", "redis:8", "web:1.0")
POSTGRES, BASE = "localhost:5001/postgres:17", "debian:trixie-slim"
PGDATA = "/var/lib/postgresql/data"
GUESTS = ["Ada", "Edsger", "Grace"]

WHY = {
    "layer": "Nothing is mounted, so all that {what} writes is in the container's own layer.",
    "beside": "Something is mounted, and not where {what} writes. Compare the two paths, letter by letter.",
    "anonymous": "A volume without a name belongs to one container; the next one gets another.",
    "tmpfs": "Behind that path is memory.",
}
"""What is said of a place that does not keep data."""


# --- what a new container finds


def lost(box, path, what):
    """The failure of data that a new container did not find."""
    place = behind(box, path)
    is_beside = place == "layer" and any(box.attrs["HostConfig"].get(k) for k in ("Binds", "Mounts"))
    hint = WHY.get("beside" if is_beside else place)
    return Mismatch(
        f"A new container made like {box.name} does not find the data.",
        wanted="the same data",
        found=f"behind {path}: {place}",
        hint=hint and hint.format(what=what),
    )


# --- do: a database that outlives its container


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
    with reborn(lab, box) as new:
        accepting(new)
        kept = sql(new, "select name from guests")
    if kept is None or sorted(kept.splitlines()) != GUESTS:
        raise lost(box, PGDATA, "PostgreSQL")


# --- transfer: the state of a web service, moved out


def count(lab, box):
    """How many visits a web container counts, this one included.

    Raises:
        Mismatch: it gives no good answer; the error that it tells is in the message.
    """
    ask = partial(http, lab, box, "http://127.0.0.1:8080/")
    try:
        reply = until(
            lambda: next((r for r in ask() if r.status), None), timeout=15, what=f"{box.name} answers"
        )
    except TimedOut:
        raise TimedOut(f"{box.name} did not answer within 15 s.", evidence=last_words(box)) from None
    if reply.ok:
        return reply.json()["visits"]
    hint = None
    if "Name or service" in reply.body or "resolution" in reply.body:
        hint = "It looks its store up by name. Who knows that name, and on which network?"
    elif "refused" in reply.body:
        hint = "The name leads to a container, and nothing there listens on that port."
    raise Mismatch(f"{box.name} cannot reach its store.", found=reply.body.strip()[:200], hint=hint)


@check(
    task="transfer",
    points=3,
    timeout=180,
    hints=(
        "Ask one replica, then the other. Which number should the second answer?",
        "The web app says in its documentation, the head of images/web/web.py, where it can count instead.",
    ),
)
def shared(lab):
    """`ch06-web-a` and `ch06-web-b` count together, in `ch06-store`"""
    webs = [running(lab, name) for name in ("ch06-web-a", "ch06-web-b")]
    store = running(lab, "ch06-store")
    seen = [count(lab, webs[i % 2]) for i in range(4)]
    if seen != list(range(seen[0], seen[0] + 4)):
        told = any(line.startswith("REDIS_URL=") for box in webs for line in box.attrs["Config"]["Env"])
        raise Mismatch(
            "The two do not count together.",
            wanted="each visit one more than the last, whoever is asked",
            found=f"a: {seen[0]}, b: {seen[1]}, a: {seen[2]}, b: {seen[3]}",
            hint="Both are told of a store. Is it one and the same?"
            if told
            else "A process that is told of no store counts in its own memory.",
        )
    if visits(store) != seen[-1]:
        raise Mismatch("They count together, but not in ch06-store.", wanted=seen[-1], found=visits(store))
    return store


def visits(store):
    """What a Redis has counted."""
    code, out = store.exec_run(["redis-cli", "get", "visits"])
    said = out.decode(errors="replace").strip()
    return int(said) if code == 0 and said.isdigit() else said


@check(
    task="transfer",
    points=1,
    needs=shared,
    timeout=180,
    hints=(
        "The state has moved into another container. What holds for that one?",
        "Redis writes its file when it is stopped. Into which folder?",
    ),
)
def kept(lab, shared):
    """A new container made like `ch06-store` knows the count"""
    before = visits(shared)
    with reborn(lab, shared) as new:
        until(lambda: answers(new), timeout=20, what="the new store answers")  # it does when it has loaded
        after = visits(new)
    if after != before:
        raise lost(shared, "/data", "Redis")


def answers(store):
    """Whether a Redis answers at all."""
    return store.exec_run(["redis-cli", "ping"]).output.strip() == b"PONG"


# --- repair: from backups, of which the newest is not whole

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
    with reborn(lab, box) as new:
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
