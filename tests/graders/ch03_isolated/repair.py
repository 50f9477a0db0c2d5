"""Repair: the leak."""

from __future__ import annotations

from labkit.checks import cli, hand_in, right, wrong

from . import PYTHON


def other(services):
    """A service without a hole."""
    return next(word for word in services["names"] if word != services["leaky"])


@wrong("leak", "names a service that is sound")
def leak_other(lab, services):
    hand_in(lab, "leak", {"name": f"ch03-{other(services)}", "wall": services["wall"]})


@wrong("leak", "the right service, the wrong wall")
def leak_wall(lab, services):
    wall = "files" if services["wall"] != "files" else "network"
    hand_in(lab, "leak", {"name": f"ch03-{services['leaky']}", "wall": wall})


@wrong("leak", "names the option in place of the wall")
def leak_option(lab, services):
    hand_in(lab, "leak", {"name": f"ch03-{services['leaky']}", "wall": "host"})


@wrong("leak", "a name alone")
def leak_name(lab, services):
    hand_in(lab, "leak", f"ch03-{services['leaky']}")


@right("leak", "by the container's name")
def leak_right(lab, services):
    hand_in(lab, "leak", {"name": f"ch03-{services['leaky']}", "wall": services["wall"]})


@right("leak", "by the service's word")
def leak_word(lab, services):
    hand_in(lab, "leak", {"wall": services["wall"], "name": services["leaky"]})


def anew(lab, word, **changes):
    """A service made anew, without a hole, and changes."""
    lab.docker.containers.get(f"ch03-{word}").remove(force=True)
    options = {"mem_limit": "64m", "memswap_limit": "64m", "environment": {"SERVICE": word}}
    options |= {"volumes": [f"ch03-{word}:/data"], "init": True, "detach": True, **changes}
    return lab.docker.containers.run(PYTHON, "sleep infinity", name=f"ch03-{word}", **options)


@wrong("closed", "restarts it")
def closed_restart(lab, services):
    lab.docker.containers.get(f"ch03-{services['leaky']}").restart(timeout=1)


@wrong("closed", "removes it")
def closed_removed(lab, services):
    lab.docker.containers.get(f"ch03-{services['leaky']}").remove(force=True)


@wrong("closed", "makes all four anew")
def closed_all(lab, services):
    for word in services["names"]:
        anew(lab, word)


@wrong("closed", "forgets the volume")
def closed_volume(lab, services):
    anew(lab, services["leaky"], volumes=[])


@wrong("closed", "mounts the volume read-only")
def closed_read_only(lab, services):
    anew(lab, services["leaky"], volumes=[f"ch03-{services['leaky']}:/data:ro"])


@wrong("closed", "forgets the limit")
def closed_limit(lab, services):
    anew(lab, services["leaky"], mem_limit=None, memswap_limit=None)


@wrong("closed", "forgets the setting")
def closed_setting(lab, services):
    anew(lab, services["leaky"], environment={})


@wrong("closed", "closes one hole and opens another")
def closed_another(lab, services):
    hole = {"pid_mode": "host"} if services["wall"] != "processes" else {"network_mode": "host"}
    anew(lab, services["leaky"], **hole)


@right("closed", "by the SDK")
def closed_right(lab, services):
    anew(lab, services["leaky"])


@right("closed", "by the docker command, on a network of its own, read-only")
def closed_cli(lab, services):
    name = f"ch03-{services['leaky']}"
    cli(
        lab,
        f"docker rm --force {name}; docker network create ch03-lane\n"
        f"docker run --detach --init --name {name} --memory 64m --memory-swap 64m --read-only "
        f"--env SERVICE={services['leaky']} --mount type=volume,source={name},target=/data "
        f"--network ch03-lane {PYTHON} sleep infinity",
    )
