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
