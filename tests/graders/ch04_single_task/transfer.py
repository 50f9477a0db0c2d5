"""Transfer: two apart."""

from __future__ import annotations

from labkit.checks import cli, right, wrong

from . import WEB, run

ALWAYS = {"restart_policy": {"Name": "always"}}


def two(lab, front=None, store=None):
    """Both containers, with changes."""
    lab.docker.networks.create("ch04-market")
    options = {"network": "ch04-market", **ALWAYS}
    run(lab, "ch04-front", **{"environment": {"GREETING": "front"}, **options, **(front or {})})
    settings = {"GREETING": "store", "PORT": "8081"}
    run(lab, "ch04-store", **{"environment": settings, **options, **(store or {})})


BOTH = "GREETING=store PORT=8081 python3 web.py & GREETING=front exec python3 web.py"


@wrong("split", "the store is on no network of its own")
def split_bridge(lab):
    two(lab, store={"network": "bridge"})


@wrong("split", "the store joins the front's network")
def split_joined(lab):
    two(lab, store={"network": None, "network_mode": "container:ch04-front"})


@wrong("split", "the front still runs both")
def split_front_both(lab):
    two(lab, front={"entrypoint": ["sh", "-c", BOTH], "environment": {}})


@wrong("split", "both on port 8080, as two containers may")
def split_same_port(lab):
    two(lab, store={"environment": {"GREETING": "store"}})


@wrong("split", "the greeting is forgotten")
def split_greeting(lab):
    two(lab, store={"environment": {"PORT": "8081"}})


@right("split", "by the docker command, connected afterwards")
def split_cli(lab):
    cli(
        lab,
        f"docker run --detach --name ch04-front --env GREETING=front {WEB}\n"
        f"docker run --detach --name ch04-store --env GREETING=store --env PORT=8081 {WEB}\n"
        "docker network create ch04-market\n"
        "docker network connect ch04-market ch04-front\n"
        "docker network connect ch04-market ch04-store",
    )


@right("split", "settings in the script, a subnet of its own")
def split_script(lab):
    two(
        lab,
        front={"environment": {}, "entrypoint": ["sh", "-c", "GREETING=front exec python3 web.py"]},
        store={"environment": {}, "entrypoint": ["sh", "-c", "GREETING=store PORT=8081 exec python3 web.py"]},
    )


@wrong("mended", "no restart policy")
def mended_no_policy(lab):
    two(lab, front={"restart_policy": None}, store={"restart_policy": None})


@wrong("mended", "a policy for the store alone")
def mended_one_policy(lab):
    two(lab, front={"restart_policy": None})


@wrong("mended", "a shell that stays in front")
def mended_shell(lab):
    two(lab, store={"entrypoint": ["sh", "-c", "python3 web.py & exec sleep infinity"]})


@right("mended", "on failure, at most five times")
def mended_on_failure(lab):
    policy = {"restart_policy": {"Name": "on-failure", "MaximumRetryCount": 5}}
    two(lab, front=policy, store=policy)


@right("mended", "policies given afterwards, with init")
def mended_update(lab):
    two(lab, front={"init": True, "restart_policy": None}, store={"init": True, "restart_policy": None})
    cli(lab, "docker update --restart unless-stopped ch04-front ch04-store")
