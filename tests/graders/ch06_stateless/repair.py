"""Repair: the archives."""

from __future__ import annotations

from checks.ch06_stateless import PGDATA
from checks.ch06_stateless.postgres import accepting, sql
from checks.ch06_stateless.repair import DAYS, best
from labkit.checks import cli, right, wrong

from . import BASE, POSTGRES, SECRET, tool

DATA, VAULT = "ch06-books-data:/data", "ch06-vault:/vault:ro"


def restore(lab, day, owner="999:999", flags=""):
    """Empties the volume and fills it from an archive."""
    books = lab.docker.containers.get("ch06-books")
    books.stop()
    tool(lab, "find /data -mindepth 1 -delete", DATA)
    line = f"tar -C /data -xf /vault/{day}.tar {flags}" + (f"; chown -R {owner} /data" if owner else "")
    tool(lab, line, DATA, VAULT)
    books.start()
    return books


@wrong("restored", "starts it again and hopes")
def restored_restart(lab, bookshop):
    box = lab.docker.containers.get("ch06-books")
    box.restart()
    lab.wait(box, "exited")


@wrong("restored", "a new, empty database")
def restored_empty(lab, bookshop):
    lab.docker.containers.get("ch06-books").remove(force=True)
    lab.docker.containers.run(
        POSTGRES, name="ch06-books", environment=SECRET, detach=True, volumes=[f"ch06-new:{PGDATA}"]
    )


@wrong("restored", "the oldest archive, to be safe")
def restored_oldest(lab, bookshop):
    restore(lab, "mon")


@wrong("restored", "without owners")
def restored_owners(lab, bookshop):
    lab.wait(restore(lab, best(bookshop), owner="0:0"), "exited")


@wrong("restored", "into the container's own layer")
def restored_layer(lab, bookshop):
    lab.docker.containers.get("ch06-books").remove(force=True)
    box = lab.docker.containers.create(POSTGRES, name="ch06-books", environment=SECRET, init=True)
    box.start()
    accepting(box)
    titles = f"select n, '{bookshop['salt']}-' || n from generate_series(1, {DAYS[best(bookshop)]}) n"
    sql(box, f"create table books (id int primary key, title text); insert into books {titles}")


@wrong("restored", "writes the right number of other books")
def restored_invented(lab, bookshop):
    box = restore(lab, "mon")
    accepting(box)
    last = DAYS[best(bookshop)]
    sql(box, f"insert into books select n, 'book ' || n from generate_series(41, {last}) n")


@wrong("restored", "well, and then tidies the archives away")
def restored_tidy(lab, bookshop):
    restore(lab, best(bookshop))
    tool(lab, "rm /vault/*.tar", "ch06-vault:/vault")


@right("restored", "in place, newest whole archive first")
def restored_in_place(lab, bookshop):
    restore(lab, best(bookshop))


@right("restored", "into a new volume, with a new container")
def restored_new_volume(lab, bookshop):
    lab.docker.containers.get("ch06-books").remove(force=True)
    day = best(bookshop)
    cli(
        lab,
        f"docker run --rm --volume ch06-books-2:/data --volume ch06-vault:/vault:ro {BASE} "
        f"sh -c 'tar -C /data -xf /vault/{day}.tar; chown -R 999:999 /data; chmod 700 /data'\n"
        "docker run --detach --name ch06-books --env POSTGRES_PASSWORD=secret "
        f"--volume ch06-books-2:{PGDATA} {POSTGRES}",
    )
