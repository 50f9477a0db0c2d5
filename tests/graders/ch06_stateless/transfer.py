"""Transfer: the session store."""

from __future__ import annotations

from labkit.checks import cli, right, wrong

from . import REDIS, WEB


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
