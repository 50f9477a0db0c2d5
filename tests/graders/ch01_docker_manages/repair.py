"""Repair: cleaning up."""

from __future__ import annotations

from contextlib import suppress

import docker

from labkit.checks import cli, right, wrong


def blue(lab):
    return {"label": ["ch01.team=blue"]}


@wrong("cleaned", "prunes what is not in use, whoever made it")
def cleaned_prune(lab, shared):
    cli(
        lab,
        "docker rm --force $(docker ps --quiet --filter label=ch01.team=blue)\n"
        "docker container prune --force; docker network prune --force; docker volume prune --all --force",
    )


@wrong("cleaned", "removes everything that begins with ch01-")
def cleaned_by_name(lab, shared):
    for container in lab.docker.containers.list(all=True, filters={"name": "ch01-"}):
        container.remove(force=True)
    for network in lab.docker.networks.list():
        if network.name.startswith("ch01-"):
            network.remove()
    for volume in lab.docker.volumes.list():
        if volume.name.startswith("ch01-"):
            volume.remove(force=True)


@wrong("cleaned", "forgets the volumes")
def cleaned_no_volumes(lab, shared):
    for container in lab.docker.containers.list(all=True, filters=blue(lab)):
        container.remove(force=True)
    for network in lab.docker.networks.list(filters=blue(lab)):
        network.remove()


@wrong("cleaned", "removes only what runs")
def cleaned_running_only(lab, shared):
    for container in lab.docker.containers.list(filters=blue(lab)):
        container.remove(force=True)
    for volume in lab.docker.volumes.list(filters=blue(lab)):
        volume.remove()


@wrong("cleaned", "filters by the label without its value")
def cleaned_by_key(lab, shared):
    for container in lab.docker.containers.list(filters={"label": "ch01.team"}):
        container.remove(force=True)


@wrong("cleaned", "stops the containers, and leaves all where it is")
def cleaned_stopped(lab, shared):
    for container in lab.docker.containers.list(filters=blue(lab)):
        container.stop(timeout=1)


@wrong("cleaned", "without force, and goes on")
def cleaned_without_force(lab, shared):
    for container in lab.docker.containers.list(all=True, filters=blue(lab)):
        with suppress(docker.errors.APIError):
            container.remove()


@wrong("cleaned", "stops everybody first")
def cleaned_stop_all(lab, shared):
    for container in lab.docker.containers.list(filters={"label": "ch01.team"}):
        container.stop(timeout=1)
    clean(lab)


@wrong("cleaned", "takes the other team's container off its network")
def cleaned_disconnects(lab, shared):
    for network in lab.docker.networks.list(filters={"label": "ch01.team=red"}):
        network.reload()
        for container in network.containers:
            network.disconnect(container, force=True)
    clean(lab)


def clean(lab):
    """Removes what is blue."""
    for container in lab.docker.containers.list(all=True, filters=blue(lab)):
        container.remove(force=True)
    for network in lab.docker.networks.list(filters=blue(lab)):
        network.remove()
    for volume in lab.docker.volumes.list(filters=blue(lab)):
        volume.remove()


@right("cleaned", "stopped first, then removed, kind by kind")
def cleaned_gently(lab, shared):
    for container in lab.docker.containers.list(filters=blue(lab)):
        container.stop(timeout=1)
    clean(lab)


@right("cleaned", "prune with a filter")
def cleaned_filtered_prune(lab, shared):
    cli(
        lab,
        "docker stop --time 1 $(docker ps --quiet --filter label=ch01.team=blue)\n"
        "docker container prune --force --filter label=ch01.team=blue\n"
        "docker network prune --force --filter label=ch01.team=blue\n"
        "docker volume prune --all --force --filter label=ch01.team=blue",
    )


def red(lab):
    return {"label": ["ch01.team=red"]}


def runs(lab):
    """The other team's container that runs."""
    return lab.docker.containers.list(filters=red(lab))[0]


def idle(lab):
    """The other team's container that has ended."""
    return lab.docker.containers.list(all=True, filters={**red(lab), "status": "exited"})[0]


def spare_volume(lab):
    """The other team's volume that no container has."""
    return lab.docker.volumes.list(filters={**red(lab), "dangling": True})[0]


@wrong("cleaned", "restarts the other team's container")
def cleaned_restarts(lab, shared):
    runs(lab).restart(timeout=0)
    clean(lab)


@wrong("cleaned", "pauses everybody meanwhile, and forgets one")
def cleaned_pauses(lab, shared):
    runs(lab).pause()
    clean(lab)


@wrong("cleaned", "runs the container that has ended once more")
def cleaned_runs_again(lab, shared):
    box = idle(lab)
    box.start()
    lab.wait(box, "exited")
    clean(lab)


@wrong("cleaned", "makes the other team's container anew, just the same")
def cleaned_remade(lab, shared):
    box = runs(lab)
    options = {
        "labels": box.labels,
        "init": True,
        "network": next(iter(box.attrs["NetworkSettings"]["Networks"])),
    }
    binds = box.attrs["HostConfig"]["Binds"]
    box.remove(force=True)
    lab.docker.containers.run(
        "debian:trixie-slim", "sleep infinity", name=box.name, detach=True, volumes=binds, **options
    )
    clean(lab)


@wrong("cleaned", "makes the other team's volume anew")
def cleaned_volume_remade(lab, shared):
    volume = spare_volume(lab)
    volume.remove()
    lab.docker.volumes.create(volume.name, labels=volume.attrs["Labels"])
    clean(lab)


@wrong("cleaned", "wipes what is in the other team's volumes")
def cleaned_wiped(lab, shared):
    runs(lab).exec_run(["sh", "-c", "rm /data/*"])
    clean(lab)


@wrong("cleaned", "makes the other team's network anew")
def cleaned_network_remade(lab, shared):
    net, box = lab.docker.networks.list(filters=red(lab))[0], runs(lab)
    net.disconnect(box)
    net.remove()
    lab.docker.networks.create(net.name, labels=net.attrs["Labels"]).connect(box)
    clean(lab)


@wrong("cleaned", "puts the other team's container on the default network, too")
def cleaned_connects(lab, shared):
    lab.docker.networks.get("bridge").connect(runs(lab))
    clean(lab)


@wrong("cleaned", "gives the other team's container a limit")
def cleaned_limits(lab, shared):
    runs(lab).update(mem_limit="64m", memswap_limit="64m")
    clean(lab)


@wrong("cleaned", "gives the other team's container a restart policy")
def cleaned_policy(lab, shared):
    runs(lab).update(restart_policy={"Name": "always"})
    clean(lab)


@wrong("cleaned", "writes into the other team's container")
def cleaned_writes(lab, shared):
    runs(lab).exec_run(["touch", "/root/note"])
    clean(lab)


@wrong("cleaned", "swaps the names of the other team's containers")
def cleaned_renames(lab, shared):
    first, second = runs(lab), idle(lab)
    names = first.name, second.name
    first.rename("ch01-between")
    second.rename(names[0])
    first.rename(names[1])
    clean(lab)


@wrong("cleaned", "makes a volume of the own team anew, without its label")
def cleaned_unlabelled(lab, shared):
    names = [v.name for v in lab.docker.volumes.list(filters=blue(lab))]
    clean(lab)
    lab.docker.volumes.create(names[0])


@right("cleaned", "by names that were read from the lists")
def cleaned_names(lab, shared):
    cli(
        lab,
        "for c in $(docker ps --all --format '{{.Names}}' --filter label=ch01.team=blue); do\n"
        "docker kill $c 2> /dev/null || true; docker rm --volumes $c; done\n"
        "docker network rm $(docker network ls --format '{{.Name}}' --filter label=ch01.team=blue)\n"
        "docker volume rm $(docker volume ls --quiet --filter label=ch01.team=blue)",
    )


@right("cleaned", "by the low-level client, going through all labels itself")
def cleaned_by_hand(lab, shared):
    api = lab.docker.api
    for box in api.containers(all=True):
        if box["Labels"].get("ch01.team") == "blue":
            api.remove_container(box["Id"], force=True)
    for net in api.networks():
        if (net["Labels"] or {}).get("ch01.team") == "blue":
            api.remove_network(net["Id"])
    for volume in api.volumes()["Volumes"]:
        if (volume["Labels"] or {}).get("ch01.team") == "blue":
            api.remove_volume(volume["Name"])


@right("cleaned", "disconnected first, and something of its own made meanwhile")
def cleaned_disconnected(lab, shared):
    lab.docker.volumes.create("ch01-notes")
    for network in lab.docker.networks.list(filters=blue(lab)):
        network.reload()
        for box in network.containers:
            network.disconnect(box, force=True)
        network.remove()
    clean(lab)


@right("cleaned", "after a look into the other team's containers")
def cleaned_looks(lab, shared):
    runs(lab).exec_run(["cat", "/data/kept"])
    runs(lab).logs()
    idle(lab).attrs.get("State")
    clean(lab)
