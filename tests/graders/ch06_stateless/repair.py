"""Answers to the exercise of chapter 6, wrong and right."""

from __future__ import annotations

import importlib

from labkit.checks import cli, loader, right, wrong
from labkit.observe.containers import run
from labkit.observe.postgres import accepting, sql

loader.load("ch06_stateless")
done = importlib.import_module("labkit_checks_ch06_stateless")

POSTGRES, REDIS, WEB = (f"localhost:5001/{name}" for name in ("postgres:17", "redis:8", "web:1.0"))
BASE, PGDATA = done.BASE, done.PGDATA
SECRET = {"POSTGRES_PASSWORD": "secret"}
DATA, VAULT = f"{done.DATA}:/data", f"{done.VAULT}:/vault:ro"


def tool(lab, line, *mounts):
    """A line of shell in a container with these mounts; that it fails is fine."""
    return run(lab, "bash", "-c", f"({line}) 2>&1 || true", image=BASE, volumes=list(mounts))


# --- do: guests


def guests(lab, names=("Ada", "Edsger", "Grace"), database="postgres", **options):
    """A PostgreSQL with guests."""
    box = lab.docker.containers.run(
        POSTGRES, name="ch06-guests", environment=SECRET, detach=True, init=True, **options
    )
    accepting(box)
    if database != "postgres":
        sql(box, f"create database {database}")
    rows = ", ".join(f"('{name}')" for name in names)
    sql(box, f"create table guests (name text); insert into guests values {rows}", database)
    return box


@wrong("guests", "no volume")
def guests_layer(lab):
    guests(lab)


@wrong("guests", "an anonymous volume")
def guests_anonymous(lab):
    guests(lab, volumes=[PGDATA])


@wrong("guests", "a named volume beside the path")
def guests_beside(lab):
    guests(lab, volumes=["ch06-guests-data:/data"])


@wrong("guests", "a tmpfs")
def guests_tmpfs(lab):
    guests(lab, tmpfs={PGDATA: "uid=999,gid=999,mode=0700"})


@wrong("guests", "a volume, and --rm")
def guests_rm(lab):
    guests(lab, volumes=[f"ch06-guests-data:{PGDATA}"], auto_remove=True)


@wrong("guests", "one guest is missing")
def guests_two(lab):
    guests(lab, names=("Ada", "Grace"), volumes=[f"ch06-guests-data:{PGDATA}"])


@wrong("guests", "the table is in a database of its own")
def guests_elsewhere(lab):
    guests(lab, database="hotel", volumes=[f"ch06-guests-data:{PGDATA}"])


@wrong("guests", "no password, so that it never started")
def guests_no_password(lab):
    box = lab.docker.containers.run(POSTGRES, name="ch06-guests", detach=True)
    lab.wait(box, "exited")


@right("guests", "a volume at the folder above, removed and run again")
def guests_above(lab):
    where = {"volumes": ["ch06-guests-all:/var/lib/postgresql"]}
    guests(lab, **where).remove(force=True)
    lab.docker.containers.run(POSTGRES, name="ch06-guests", environment=SECRET, detach=True, **where)


@right("guests", "by the docker command, on a folder of the machine that belongs to the user")
def guests_bind(lab):
    tool(lab, "chown 999:999 /srv/ch06-guests", "/srv/ch06-guests:/srv/ch06-guests")
    cli(
        lab,
        "docker run --detach --name ch06-guests --env POSTGRES_PASSWORD=secret --env POSTGRES_USER=ada "
        f"--mount type=bind,source=/srv/ch06-guests,target={PGDATA} {POSTGRES}",
    )
    box = lab.docker.containers.get("ch06-guests")
    accepting(box)
    sql(box, "create table guests (id serial, name varchar(20) not null)")
    sql(box, "insert into guests (name) values ('Grace'), ('Ada'), ('Edsger')")


# --- transfer: the session store


def service(
    lab, url="redis://ch06-store:6379", stores=("ch06-store",), webs=("a", "b"), net="ch06-net", **store
):
    """Two webs and a store, with changes."""
    lab.docker.networks.create("ch06-net")
    options = {"detach": True, "init": True}
    for name in stores:
        lab.docker.containers.run(REDIS, name=name, network="ch06-net", **options, **store)
    for i, web in enumerate(webs):
        env = {"REDIS_URL": url[i] if isinstance(url, tuple) else url} if url else {}
        lab.docker.containers.run(WEB, name=f"ch06-web-{web}", environment=env, network=net, **options)


@wrong("shared", "each counts for itself")
def shared_memory(lab):
    service(lab, url=None)


@wrong("shared", "each has a store of its own")
def shared_two_stores(lab):
    urls = ("redis://ch06-store:6379", "redis://ch06-store-b:6379")
    service(lab, url=urls, stores=("ch06-store", "ch06-store-b"))


@wrong("shared", "the store's name is not known")
def shared_no_name(lab):
    service(lab, url="redis://store:6379")


@wrong("shared", "the wrong port")
def shared_port(lab):
    service(lab, url="redis://ch06-store:5432")


@wrong("shared", "one replica only")
def shared_one(lab):
    service(lab, webs=("a",))


@wrong("shared", "together, in another store")
def shared_other_store(lab):
    service(lab, url="redis://other:6379", stores=("ch06-store", "other"))


@right("shared", "by the docker command, with a database number")
def shared_cli(lab):
    cli(
        lab,
        "docker network create ch06-shop\n"
        f"docker run --detach --name ch06-store --network ch06-shop --network-alias sessions {REDIS}\n"
        "for x in a b; do docker run --detach --name ch06-web-$x --network ch06-shop "
        f"--env REDIS_URL=redis://sessions:6379/0 {WEB}; done",
    )


@right("shared", "connected afterwards, on two networks")
def shared_connected(lab):
    service(lab, url="redis://ch06-store", net="bridge")
    for name in ("ch06-web-a", "ch06-web-b"):
        lab.docker.networks.get("ch06-net").connect(name)


@wrong("kept", "the store has no volume")
def kept_layer(lab):
    service(lab)


@wrong("kept", "the volume is at another path")
def kept_beside(lab):
    service(lab, volumes=["ch06-count:/var/lib/redis"])


@wrong("kept", "an anonymous volume")
def kept_anonymous(lab):
    service(lab, volumes=["/data"])


@right("kept", "a named volume")
def kept_volume(lab):
    service(lab, volumes=["ch06-count:/data"])


@right("kept", "a volume, and a log of every change")
def kept_log(lab):
    service(
        lab,
        volumes=["ch06-count:/data"],
        command=["redis-server", "/etc/redis/redis.conf", "--appendonly", "yes"],
    )


# --- repair: the archives


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
    lab.wait(restore(lab, done.best(bookshop), owner="0:0"), "exited")


@wrong("restored", "into the container's own layer")
def restored_layer(lab, bookshop):
    lab.docker.containers.get("ch06-books").remove(force=True)
    box = lab.docker.containers.create(POSTGRES, name="ch06-books", environment=SECRET, init=True)
    box.start()
    accepting(box)
    titles = (
        f"select n, '{bookshop['salt']}-' || n from generate_series(1, {done.DAYS[done.best(bookshop)]}) n"
    )
    sql(box, f"create table books (id int primary key, title text); insert into books {titles}")


@wrong("restored", "writes the right number of other books")
def restored_invented(lab, bookshop):
    box = restore(lab, "mon")
    accepting(box)
    last = done.DAYS[done.best(bookshop)]
    sql(box, f"insert into books select n, 'book ' || n from generate_series(41, {last}) n")


@wrong("restored", "well, and then tidies the archives away")
def restored_tidy(lab, bookshop):
    restore(lab, done.best(bookshop))
    tool(lab, "rm /vault/*.tar", f"{done.VAULT}:/vault")


@right("restored", "in place, newest whole archive first")
def restored_in_place(lab, bookshop):
    restore(lab, done.best(bookshop))


@right("restored", "into a new volume, with a new container")
def restored_new_volume(lab, bookshop):
    lab.docker.containers.get("ch06-books").remove(force=True)
    day = done.best(bookshop)
    cli(
        lab,
        f"docker run --rm --volume ch06-books-2:/data --volume ch06-vault:/vault:ro {BASE} "
        f"sh -c 'tar -C /data -xf /vault/{day}.tar; chown -R 999:999 /data; chmod 700 /data'\n"
        "docker run --detach --name ch06-books --env POSTGRES_PASSWORD=secret "
        f"--volume ch06-books-2:{PGDATA} {POSTGRES}",
    )
