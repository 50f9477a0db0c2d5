"""Answers to the exercise of chapter 1, wrong and right."""

from __future__ import annotations

import io
from contextlib import suppress

import docker

from labkit.checks import cli, hand_in, right, wrong
from labkit.core.engine import docker_cmd

BASE = "debian:trixie-slim"


def build(lab, dockerfile, tag="ch01-clock:2.0"):
    """Builds an image from the text of a Dockerfile."""
    return lab.docker.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=tag)[0]


# --- do: inventory


@wrong("inventory", "counts only the containers that run")
def inventory_running_only(lab):
    def inventory(client):
        return {
            "images": len(client.images.list()),
            "containers": len(client.containers.list()),
            "networks": len(client.networks.list()),
            "volumes": len(client.volumes.list()),
            "cache": len(client.df()["BuildCache"] or []),
        }

    hand_in(lab, "inventory", inventory)


@wrong("inventory", "leaves out networks and cache, as system df nearly does")
def inventory_three_kinds(lab):
    def inventory(client):
        found = client.df()
        return {
            "images": len(found["Images"]),
            "containers": len(found["Containers"]),
            "volumes": len(found["Volumes"]),
        }

    hand_in(lab, "inventory", inventory)


@wrong("inventory", "hands in the numbers of one moment, not a function")
def inventory_numbers(lab):
    hand_in(lab, "inventory", {"images": 3, "containers": 2, "networks": 4, "volumes": 1, "cache": 0})


@wrong("inventory", "gives lists of names in place of counts")
def inventory_names(lab):
    def inventory(client):
        return {
            "images": [t for i in client.images.list() for t in i.tags],
            "containers": [c.name for c in client.containers.list(all=True)],
            "networks": [n.name for n in client.networks.list()],
            "volumes": [v.name for v in client.volumes.list()],
            "cache": [],
        }

    hand_in(lab, "inventory", inventory)


@wrong("inventory", "returns one number")
def inventory_one_number(lab):
    def inventory(client):
        return len(client.images.list()) + len(client.containers.list(all=True))

    hand_in(lab, "inventory", inventory)


@wrong("inventory", "uses an import from another cell")
def inventory_import(lab):
    hand_in(lab, "inventory", eval_function("def inventory(client):\n    return json.loads('{}')\n"))


@wrong("inventory", "prints and returns nothing")
def inventory_prints(lab):
    def inventory(client):
        print({"containers": len(client.containers.list(all=True))})

    hand_in(lab, "inventory", inventory)


@wrong("inventory", "never returns")
def inventory_loops(lab):
    def inventory(client):
        while True:
            pass

    hand_in(lab, "inventory", inventory)


@right("inventory", "from one answer of the API, networks apart")
def inventory_df(lab):
    def inventory(client):
        found = client.api.df()
        kinds = {"images": "Images", "containers": "Containers", "volumes": "Volumes", "cache": "BuildCache"}
        counts = {ours: len(found[theirs] or []) for ours, theirs in kinds.items()}
        return {**counts, "networks": len(client.api.networks())}

    hand_in(lab, "inventory", inventory)


@right("inventory", "by the docker command, with a helper inside")
def inventory_cli(lab):
    source = f'''def inventory(client):
    import subprocess

    def lines(*words):
        done = subprocess.run(["{docker_cmd()[0]}", *words], capture_output=True, text=True, check=True)
        return len(set(done.stdout.split()))

    return {{
        "images": lines("image", "ls", "--quiet", "--no-trunc"),
        "containers": lines("ps", "--all", "--quiet"),
        "networks": lines("network", "ls", "--quiet"),
        "volumes": lines("volume", "ls", "--quiet"),
        "cache": len(client.df()["BuildCache"] or []),
    }}
'''
    hand_in(lab, "inventory", eval_function(source))


def eval_function(source):
    """A function whose source is a text, as a notebook's cell has it."""
    import linecache

    linecache.cache["<cell>"] = (len(source), None, source.splitlines(keepends=True), "<cell>")
    space = {}
    exec(compile(source, "<cell>", "exec"), space)
    return space["inventory"]


# --- transfer: the picture


@wrong("built", "tags the base image")
def built_tag(lab):
    lab.docker.images.get(BASE).tag("ch01-clock", "2.0")


@wrong("built", "its command ends at once")
def built_ends(lab):
    build(lab, f'FROM {BASE}\nCMD ["date"]\n')


@wrong("built", "its command fails within the second")
def built_ends_soon(lab):
    build(lab, f'FROM {BASE}\nCMD ["sh", "-c", "sleep 0.7; exit 3"]\n')


@wrong("built", "another version")
def built_version(lab):
    build(lab, f'FROM {BASE}\nCMD ["sleep", "infinity"]\n', tag="ch01-clock:2")


@wrong("built", "a command that the image does not have")
def built_no_command(lab):
    build(lab, f'FROM {BASE}\nCMD ["watch", "date"]\n')


@wrong("built", "everything in one layer, on nothing")
def built_scratch(lab):
    box = lab.docker.containers.create(BASE, "true")
    archive = io.BytesIO(b"".join(box.export()))
    lab.docker.api.import_image_from_data(
        archive.getvalue(), repository="ch01-clock", tag="2.0", changes=['CMD ["sleep", "infinity"]']
    )


@right("built", "on an image that stands on the base")
def built_other(lab):
    build(lab, 'FROM localhost:5001/python:3.13\nCMD ["python3", "-c", "import signal; signal.pause()"]\n')


@right("built", "by the docker command, with a label and one step more")
def built_cli(lab):
    text = (
        f'FROM {BASE}\\nLABEL course=yes\\nRUN echo 2 > /version\\nENTRYPOINT ["sleep"]\\nCMD ["infinity"]\\n'
    )
    cli(lab, f"printf '{text}' | docker build --quiet --tag ch01-clock:2.0 -")


@right("built", "a shell loop as the command")
def built_loop(lab):
    build(lab, f"FROM {BASE}\nCMD while true; do date; sleep 5; done\n")


def picture(lab, clock=None, spare=None, run=True, start_spare=False):
    """The whole picture, with changes."""
    build(lab, f'FROM {BASE}\nCMD ["sleep", "infinity"]\n')
    lab.docker.networks.create("ch01-lane")
    lab.docker.volumes.create("ch01-shelf")
    options = {"network": "ch01-lane", "volumes": ["ch01-shelf:/shelf"], "init": True, **(clock or {})}
    first = lab.docker.containers.create("ch01-clock:2.0", name="ch01-clock", **options)
    second = lab.docker.containers.create("ch01-clock:2.0", name="ch01-spare", init=True, **(spare or {}))
    if run:
        first.start()
    if start_spare:
        second.start()
        second.stop(timeout=0)


@wrong("picture", "a folder of the machine in place of the volume")
def picture_bind(lab):
    picture(lab, clock={"volumes": ["/shelf:/shelf"]})


@wrong("picture", "an anonymous volume")
def picture_anonymous(lab):
    picture(lab, clock={"volumes": ["/shelf"]})


@wrong("picture", "another volume")
def picture_other_volume(lab):
    picture(lab, clock={"volumes": ["ch01-shelf2:/shelf"]})


@wrong("picture", "mounted elsewhere")
def picture_elsewhere(lab):
    picture(lab, clock={"volumes": ["ch01-shelf:/data"]})


@wrong("picture", "mounted read-only")
def picture_read_only(lab):
    picture(lab, clock={"volumes": ["ch01-shelf:/shelf:ro"]})


@wrong("picture", "not on the network")
def picture_bridge(lab):
    picture(lab, clock={"network": "bridge"})


@wrong("picture", "both on the network")
def picture_both(lab):
    picture(lab, spare={"network": "ch01-lane"})


@wrong("picture", "the spare one was started, and stopped again")
def picture_started(lab):
    picture(lab, start_spare=True)


@wrong("picture", "the clock was created only")
def picture_created(lab):
    picture(lab, run=False)


@wrong("picture", "made from the image of before it was built anew")
def picture_stale(lab):
    picture(lab)
    build(lab, f'FROM {BASE}\nENV AGAIN=1\nCMD ["sleep", "infinity"]\n')


@right("picture", "by the docker command, with a longer mount and a second network")
def picture_cli(lab):
    build(lab, f'FROM {BASE}\nCMD ["sleep", "infinity"]\n')
    cli(
        lab,
        "docker network create ch01-lane; docker network create ch01-other\n"
        "docker run --detach --init --name ch01-clock --network ch01-lane "
        "--mount type=volume,source=ch01-shelf,target=/shelf/ ch01-clock:2.0\n"
        "docker network connect ch01-other ch01-clock\n"
        "docker create --name ch01-spare --network none ch01-clock:2.0",
    )


@right("picture", "connected afterwards, by the image's id, as another user")
def picture_connected(lab):
    made = build(lab, f'FROM {BASE}\nCMD ["sleep", "infinity"]\n')
    lab.docker.volumes.create("ch01-shelf")
    clock = lab.docker.containers.run(
        made.id, name="ch01-clock", detach=True, init=True, user="1000", volumes=["ch01-shelf:/shelf"]
    )
    lab.docker.networks.create("ch01-lane").connect(clock)
    lab.docker.containers.create(made.id, name="ch01-spare")


# --- repair: cleaning up


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
