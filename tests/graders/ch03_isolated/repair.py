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


@right("closed", "by the docker command, read-only")
def closed_cli(lab, services):
    name = f"ch03-{services['leaky']}"
    cli(
        lab,
        f"docker rm --force {name}\n"
        f"docker run --detach --init --name {name} --memory 64m --memory-swap 64m --read-only "
        f"--env SERVICE={services['leaky']} --mount type=volume,source={name},target=/data "
        f"{PYTHON} sleep infinity",
    )


@wrong("leak", "a list of names in place of one")
def leak_list(lab, services):
    hand_in(lab, "leak", {"name": [f"ch03-{w}" for w in services["names"]], "wall": services["wall"]})


@wrong("leak", "walls in place of one")
def leak_walls(lab, services):
    hand_in(lab, "leak", {"name": services["leaky"], "wall": {services["wall"]: True}})


@right("leak", "with blanks, capitals and the engine's stroke")
def leak_blanks(lab, services):
    hand_in(lab, "leak", {"name": f" /ch03-{services['leaky']}\n", "wall": f" {services['wall'].title()} "})


@right("leak", "by the container's short id, in lists of one")
def leak_id(lab, services):
    box = lab.docker.containers.get(f"ch03-{services['leaky']}")
    hand_in(lab, "leak", {"Name": [box.short_id], "Wall": [services["wall"]]})


@wrong("closed", "on a network of its own")
def closed_network(lab, services):
    lab.docker.networks.create("ch03-lane")
    anew(lab, services["leaky"], network="ch03-lane")


@wrong("closed", "on a second network, too")
def closed_two_networks(lab, services):
    lab.docker.networks.create("ch03-lane").connect(anew(lab, services["leaky"]))


@wrong("closed", "privileged")
def closed_privileged(lab, services):
    anew(lab, services["leaky"], privileged=True)


@wrong("closed", "with a port of the machine")
def closed_port(lab, services):
    anew(lab, services["leaky"], ports={"80/tcp": None})


@wrong("closed", "in a neighbour's network in place of the machine's")
def closed_neighbour(lab, services):
    anew(lab, services["leaky"], network_mode=f"container:ch03-{other(services)}")


@wrong("closed", "the machine's settings, disguised as a volume")
def closed_disguised(lab, services):
    lab.docker.volumes.create("ch03-etc", driver_opts={"type": "none", "o": "rbind", "device": "/etc"})
    anew(lab, services["leaky"], volumes=[f"ch03-{services['leaky']}:/data", "ch03-etc:/opt/settings"])


@wrong("closed", "with the data of a neighbour, too")
def closed_mounts(lab, services):
    mounts = [f"ch03-{services['leaky']}:/data", f"ch03-{other(services)}:/other:ro"]
    anew(lab, services["leaky"], volumes=mounts)


@wrong("closed", "with a volume made anew, and the one word that was looked up put back")
def closed_wiped(lab, services):
    name = f"ch03-{services['leaky']}"
    lab.docker.containers.get(name).remove(force=True)
    lab.docker.volumes.get(name).remove()
    options = {"mem_limit": "64m", "memswap_limit": "64m", "environment": {"SERVICE": services["leaky"]}}
    box = lab.docker.containers.run(
        PYTHON, "sleep infinity", name=name, volumes=[f"{name}:/data"], init=True, detach=True, **options
    )
    box.exec_run(["sh", "-c", f"echo {services['token']} > /data/kept"])


@wrong("closed", "as another user, who cannot write there")
def closed_user(lab, services):
    anew(lab, services["leaky"], user="1000")


@wrong("closed", "from another image")
def closed_image(lab, services):
    name = f"ch03-{services['leaky']}"
    made = lab.docker.containers.get(name).commit("ch03-mine", "1")
    lab.docker.containers.get(name).remove(force=True)
    options = {"mem_limit": "64m", "memswap_limit": "64m", "environment": {"SERVICE": services["leaky"]}}
    lab.docker.containers.run(
        made.id, "sleep infinity", name=name, volumes=[f"{name}:/data"], init=True, detach=True, **options
    )


@wrong("closed", "with another command")
def closed_command(lab, services):
    name = f"ch03-{services['leaky']}"
    lab.docker.containers.get(name).remove(force=True)
    options = {"mem_limit": "64m", "memswap_limit": "64m", "environment": {"SERVICE": services["leaky"]}}
    lab.docker.containers.run(
        PYTHON, "sleep 3600", name=name, volumes=[f"{name}:/data"], init=True, detach=True, **options
    )


@wrong("closed", "the old one goes on under another name")
def closed_renamed(lab, services):
    word = services["leaky"]
    lab.docker.containers.get(f"ch03-{word}").rename("ch03-old")
    options = {"mem_limit": "64m", "memswap_limit": "64m", "environment": {"SERVICE": word}}
    volumes = [f"ch03-{word}:/data"]
    name = f"ch03-{word}"
    lab.docker.containers.run(PYTHON, "sleep infinity", name=name, volumes=volumes, detach=True, **options)


@wrong("closed", "a second container with the same data")
def closed_second(lab, services):
    anew(lab, services["leaky"])
    volumes = [f"ch03-{services['leaky']}:/v"]
    lab.docker.containers.run(PYTHON, "sleep infinity", name="ch03-look", volumes=volumes, detach=True)


@wrong("closed", "restarts all the others, too")
def closed_restarts(lab, services):
    anew(lab, services["leaky"])
    lab.docker.containers.get(f"ch03-{other(services)}").restart(timeout=0)


@wrong("closed", "writes to a neighbour's data")
def closed_neighbours_data(lab, services):
    lab.docker.containers.get(f"ch03-{other(services)}").exec_run(["rm", "-r", "/data/old"])
    anew(lab, services["leaky"])


@wrong("closed", "changes the limit of a neighbour")
def closed_neighbours_limit(lab, services):
    anew(lab, services["leaky"])
    lab.docker.containers.get(f"ch03-{other(services)}").update(mem_limit="48m", memswap_limit="48m")


@wrong("closed", "puts a neighbour on another network, too")
def closed_neighbours_network(lab, services):
    anew(lab, services["leaky"])
    lab.docker.networks.create("ch03-lane").connect(f"ch03-{other(services)}")


@right("closed", "the old one kept as a copy that does not run")
def closed_kept(lab, services):
    word = services["leaky"]
    old = lab.docker.containers.get(f"ch03-{word}")
    old.stop(timeout=0)
    old.rename("ch03-old")
    options = {"mem_limit": "64m", "memswap_limit": "64m", "environment": {"SERVICE": word}}
    volumes = [f"ch03-{word}:/data"]
    name = f"ch03-{word}"
    lab.docker.containers.run(PYTHON, "sleep infinity", name=name, volumes=volumes, detach=True, **options)


@right("closed", "with less power than the others, and bytes counted out")
def closed_tighter(lab, services):
    options = {"cap_drop": ["NET_RAW"], "security_opt": ["no-new-privileges"], "pids_limit": 16}
    anew(lab, services["leaky"], mem_limit=64 * 2**20, memswap_limit="65536k", **options)


@right("closed", "without an init process, restarted by the engine if need be")
def closed_policy(lab, services):
    anew(lab, services["leaky"], init=False, restart_policy={"Name": "unless-stopped"}, labels={"note": "x"})


@right("closed", "after a look at the others")
def closed_looks(lab, services):
    lab.docker.containers.get(f"ch03-{other(services)}").exec_run(["ls", "/data"])
    anew(lab, services["leaky"], environment={"SERVICE": services["leaky"], "TZ": "UTC"})
