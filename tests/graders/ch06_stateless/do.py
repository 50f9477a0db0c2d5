"""Do: guests."""

from __future__ import annotations

from checks.ch06_stateless import PGDATA
from checks.ch06_stateless.postgres import accepting, sql
from labkit.checks import cli, right, wrong

from . import POSTGRES, SECRET, tool


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
