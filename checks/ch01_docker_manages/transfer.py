"""What "done" means in the exercise of chapter 1: an inventory, a picture, and cleaning up."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from random import Random

from labkit import BrokenEnvironment, Mismatch, Missing
from labkit.checks import DOCKER, Function, check, scene
from labkit.observe.containers import container, image, network, run, running, volume

BASE = "debian:trixie-slim"
IMAGES = ()
TRIES = 10
KINDS = ("images", "containers", "networks", "volumes", "cache")


def counted(client):
    """The engine's own lists, counted."""
    return {
        "images": len(client.api.images()),
        "containers": len(client.api.containers(all=True)),
        "networks": len(client.api.networks()),
        "volumes": len(client.api.volumes()["Volumes"] or []),
        "cache": len(client.api.df()["BuildCache"] or []),
    }


def add_some(lab, stack):
    """Makes a few objects that nobody can have counted beforehand; the stack removes them."""
    word = f"labkit-probe-{secrets.token_hex(4)}"
    for i in range(secrets.choice((1, 2))):
        made = lab.docker.containers.create(BASE, "true", name=f"{word}-{i}")
        stack.callback(made.remove, force=True)
    stack.callback(lab.docker.networks.create(word).remove)
    for i in range(secrets.choice((1, 2, 3, 4, 5))):
        stack.callback(lab.docker.volumes.create(f"{word}-{i}").remove, force=True)


@check(
    task="do",
    points=2,
    timeout=90,
    hints=(
        "Which of the engine's five lists leaves something out unless it is asked for everything?",
        "One kind has no list of its own in docker-py. Which call did the chapter use to count it?",
    ),
)
def inventory(lab, answer):
    """`inventory(client)` counts the engine's objects of all five kinds"""
    if not isinstance(answer, Function):
        raise Mismatch("The answer is no function.", wanted="a function of one client", found=answer)
    with ExitStack() as stack:
        add_some(lab, stack)
        seen = set()
        for _ in range(TRIES):  # others work on this engine too: only a count that stood still is compared
            before, said, after = counted(lab.docker), answer(DOCKER), counted(lab.docker)
            well_formed(said)
            still = {kind: before[kind] for kind in KINDS if before[kind] == after[kind]}
            compare(said, still)
            if (seen := seen | set(still)) == set(KINDS):
                return
    raise BrokenEnvironment("The engine was never still while it was counted.", fix="run it again")


def well_formed(said):
    """Five kinds, five whole numbers."""
    if said is None:
        hint = "A function gives back what stands after `return`. What it prints is for people only."
        raise Mismatch("The function returned nothing.", wanted="a dict", hint=hint)
    if not isinstance(said, dict):
        raise Mismatch(
            "The function returned no dict.", wanted="a dict", found=f"{type(said).__name__} {said}"
        )
    if set(said) != set(KINDS):
        wanted, found = (", ".join(sorted(keys)) for keys in (KINDS, said))
        raise Mismatch("The inventory does not have the five kinds.", wanted=wanted, found=found or "no key")
    if not all(type(n) is int for n in said.values()):
        raise Mismatch("Not every count is a number.", wanted="whole numbers", found=said)


def compare(said, true):
    """Holds an inventory against the engine's own."""
    wrong = [kind for kind in true if said[kind] != true[kind]]
    if not wrong:
        return
    hint = None
    if wrong == ["containers"] and said["containers"] < true["containers"]:
        hint = "Some of the engine's containers do not run."
    if wrong == ["images"] and said["images"] < true["images"]:
        hint = "An image may have no name, and one image may have several."
    told = ", ".join(f"{kind} {true[kind]}" for kind in wrong)
    found = ", ".join(f"{kind} {said[kind]}" for kind in wrong)
    raise Mismatch("The inventory differs from the engine's lists.", wanted=told, found=found, hint=hint)


@check(
    task="transfer",
    points=1,
    hints=(
        "An image gets its name when it is built, and its command from a line of the Dockerfile.",
        "Compare the layers of the two images: the new one must stand on the other.",
    ),
)
def built(lab):
    """The image `ch01-clock:2.0` is built on `debian:trixie-slim`, and its containers run on by themselves"""
    found = image(lab, "ch01-clock:2.0")
    base = lab.docker.images.get(BASE)
    layers, under = found.attrs["RootFS"]["Layers"], base.attrs["RootFS"]["Layers"]
    if layers[: len(under)] != under:
        raise Mismatch("The image does not stand on the layers of debian:trixie-slim.")
    if found.id == base.id:
        raise Mismatch(
            "It is debian:trixie-slim under another name.", wanted="an image built from a Dockerfile"
        )
    made = lab.docker.containers.create(found.id, init=True, name=f"labkit-probe-{secrets.token_hex(4)}")
    try:
        made.start()
        run(lab, "sleep", "1", image=BASE)  # a second as this engine counts it, however busy it is
        made.reload()
        if made.attrs["State"]["Status"] != "running":
            code = made.attrs["State"]["ExitCode"]
            hint = "What is the image's command, and how long does that take?"
            if code:
                hint = "Its command failed. What does `docker logs` say of a container of this image?"
            if code in (126, 127):
                hint = "With 126 or 127 the command itself did not run. Is that program in the image?"
            told = {"wanted": "running, a second after its start", "found": f"exit code {code}", "hint": hint}
            raise Mismatch("A container of the image ends by itself.", **told)
    finally:
        made.remove(force=True, v=True)
    return found


@check(
    task="transfer",
    points=2,
    needs=built,
    hints=(
        "Go through the picture arrow by arrow: what does each container have, and what does it not have?",
        "`docker inspect` of a container lists its Mounts and its Networks.",
    ),
)
def picture(lab, built):
    """Network, volume and the two containers are as in the picture"""
    net, shelf = network(lab, "ch01-lane"), volume(lab, "ch01-shelf")
    clock, spare = running(lab, "ch01-clock"), container(lab, "ch01-spare")
    if wrong := {c.name: c.attrs["Config"]["Image"] for c in (clock, spare) if c.attrs["Image"] != built.id}:
        found = ", ".join(f"{name} from {image}" for name, image in wrong.items())
        raise Mismatch("Not both are made from ch01-clock:2.0 as it is now.", found=found)
    if spare.attrs["State"]["Status"] != "created":
        hint = "A container is created and started in two steps. `docker run` takes both."
        raise Mismatch("ch01-spare has been started.", wanted="created", found=spare.status, hint=hint)
    plugged(clock, spare, net)
    if spare.attrs["Mounts"]:
        found = ", ".join(m["Destination"] for m in spare.attrs["Mounts"])
        raise Mismatch("ch01-spare has a mount.", wanted="none", found=found)
    mounted(lab, clock, shelf)


def plugged(clock, spare, net):
    """Who is on the network."""
    joined = set(clock.attrs["NetworkSettings"]["Networks"])
    if net.name not in joined:
        raise Mismatch(
            "ch01-clock is not on the network.", wanted=net.name, found=", ".join(sorted(joined)) or "none"
        )
    if net.name in spare.attrs["NetworkSettings"]["Networks"]:
        raise Mismatch("ch01-spare is on the network ch01-lane.", wanted="ch01-clock alone")


def mounted(lab, clock, shelf):
    """What the container writes to /shelf arrives in the volume."""
    at = {m["Destination"].rstrip("/"): m for m in clock.attrs["Mounts"]}
    mount = at.get("/shelf")
    if mount is None:
        raise Mismatch(
            "ch01-clock has nothing mounted at /shelf.",
            wanted=shelf.name,
            found=", ".join(sorted(at)) or "no mount",
        )
    if mount["Type"] != "volume" or mount.get("Name") != shelf.name:
        hint = "Before the colon: a path is a folder of the engine's machine, a bare name is a volume."
        if mount["Type"] == "volume":
            hint = "That is another volume than the one in the picture."
        if len(mount.get("Name") or "") == 64:
            hint = "A volume that is given no name gets a new one with each container."
        found = f"{mount['Type']} {mount.get('Name') or mount['Source']}"
        told = {"wanted": f"volume {shelf.name}", "found": found, "hint": hint}
        raise Mismatch("What is mounted at /shelf is another thing.", **told)
    word = secrets.token_hex(8)
    code, said = clock.exec_run(["sh", "-c", f"echo {word} > /shelf/.probe"], user="0")
    if code:
        raise Mismatch("ch01-clock cannot write to /shelf.", found=said.decode(errors="replace").strip())
    read = run(lab, "sh", "-c", "cat /v/.probe; rm /v/.probe", image=BASE, volumes=[f"{shelf.name}:/v"])
    if read.strip() != word:
        raise Mismatch("What ch01-clock writes to /shelf does not arrive in the volume.")


def teams(random: Random):
    """Two teams, and how many containers each has; names say nothing about the team."""
    words = random.sample(
        ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "indigo", "juniper"), 10
    )
    return {"ours": words[:5], "theirs": words[5:]}


@scene(teams)
def shared(lab, facts):
    """an engine that two teams share, `ch01.team=blue` (yours) and `ch01.team=red`"""
    for team, words in (("blue", facts["ours"]), ("red", facts["theirs"])):
        labels = {"ch01.team": team}
        net = lab.docker.networks.create(f"ch01-{words[0]}", labels=labels)
        disk = lab.docker.volumes.create(f"ch01-{words[1]}", labels=labels)
        options = {"labels": labels, "init": True, "volumes": [f"{disk.name}:/data"]}
        runs = lab.docker.containers.create(
            BASE, "sleep infinity", name=f"ch01-{words[2]}", network=net.name, **options
        )
        runs.start()
        idle = lab.docker.containers.create(
            BASE, "true", name=f"ch01-{words[3]}", labels=labels, network=net.name
        )
        idle.start()
        lab.wait(idle, "exited")
        lab.docker.volumes.create(f"ch01-{words[4]}", labels=labels)


def of_team(lab, team):
    """Names of a team's objects, and what each is like, by kind."""
    ours = {"label": [f"ch01.team={team}", f"labkit.session={lab.session}"]}
    containers = lab.docker.containers.list(all=True, filters=ours, ignore_removed=True)
    return {
        "container": {c.name: (c.status, c.attrs["RestartCount"]) for c in containers},
        "network": {n.name: None for n in lab.docker.networks.list(filters=ours)},
        "volume": {v.name: None for v in lab.docker.volumes.list(filters=ours)},
    }


@check(
    task="repair",
    points=3,
    needs=shared,
    hints=(
        "A name says nothing about whose an object is. What does?",
        "Every list of the engine takes a filter. In which order can the kinds be removed?",
    ),
)
def cleaned(lab, shared):
    """Everything of team blue is gone, and everything of team red is as it was"""
    red, blue, words = (
        of_team(lab, "red"),
        of_team(lab, "blue"),
        [f"ch01-{word}" for word in shared["theirs"]],
    )
    there = {"container": {words[2], words[3]}, "network": {words[0]}, "volume": {words[1], words[4]}}
    lost = [f"{kind} {name}" for kind, names in there.items() for name in sorted(names - set(red[kind]))]
    if lost:
        hint = why_lost(lost, words)
        raise Missing("Something of team red is gone.", found=", ".join(lost), hint=hint, fix=AGAIN)
    if red["container"][words[2]] != ("running", 0) or red["container"][words[3]][0] != "exited":
        found = ", ".join(f"{name} {state}" for name, (state, _) in sorted(red["container"].items()))
        wanted = "one running, one exited"
        raise Mismatch("A container of team red is not as it was.", wanted=wanted, found=found, fix=AGAIN)
    if words[0] not in container(lab, words[2]).attrs["NetworkSettings"]["Networks"]:
        raise Mismatch("The running container of team red was taken off its network.", fix=AGAIN)
    if left := [f"{kind} {name}" for kind, names in blue.items() for name in sorted(names)]:
        if len(left) == len(shared["ours"]):
            raise Mismatch("Nothing of team blue has been removed yet.", found=", ".join(left))
        raise Mismatch("Something of team blue is left.", found=", ".join(left), hint=why_left(blue))


AGAIN = 'start("shared") sets it up anew'


def why_lost(lost, words):
    """The foreseen mistakes behind a loss."""
    if len(lost) == len(words):
        return "All names here begin with ch01-, yours and theirs."
    if lost == [f"container {words[3]}"] or lost == [f"container {words[3]}", f"volume {words[4]}"]:
        return "`prune` takes what is not in use, whoever made it, unless a filter says whose."
    if f"container {words[2]}" in lost:
        return "Both teams have the label `ch01.team`. They differ in its value."
    return None


def why_left(blue):
    """The foreseen mistakes behind a remainder."""
    states = {state for state, _ in blue["container"].values()}
    if "running" in states:
        return "A container that runs is removed when it has been stopped, or by force."
    if states:
        return "Is the container that has ended in the list that you went through?"
    if blue["volume"] and not blue["network"]:
        return "A named volume does not go with its container."
    return None
