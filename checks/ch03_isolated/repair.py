"""Repair: one of four services has a hole in its walls.

Asked: the service and the wall, by name or id. Then the service with its name, image, command, data, limit
and setting, on the network of the others alone, with no right or mount beyond theirs; nothing with the hole
runs, and nobody else has its data. Stays: the other three, the very containers, with state, start, options
and data. Free: an init process, fewer rights, further limits, a restart policy, labels, further settings, a
copy that does not run.
"""

from __future__ import annotations

import re
import shlex
from random import Random

from labkit import Mismatch, Missing
from labkit.checks import check, scene
from labkit.observe.containers import running, shell
from labkit.observe.power import excess
from labkit.observe.unchanged import changes, note_state, noted_state, state_of

from . import MB, PYTHON

WALLS = {
    "files": {"volumes": ["/etc:/opt/settings"]},
    "processes": {"pid_mode": "host"},
    "network": {"network_mode": "host"},
}


def four(random: Random):
    """Four services of which one has a hole in one wall; names say nothing."""
    words = random.sample(
        ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "indigo", "juniper"), 4
    )
    token = f"{random.randrange(16**8):08x}"
    return {
        "names": words,
        "leaky": random.choice(words),
        "wall": random.choice(sorted(WALLS)),
        "token": token,
    }


@scene(four)
def services(lab, facts):
    """four services, each with a volume at `/data`, of which one has a hole in a wall"""
    for word in facts["names"]:
        options = {"detach": True, "init": True, "mem_limit": "64m", "memswap_limit": "64m"}
        options |= {"environment": {"SERVICE": word}, "volumes": [f"ch03-{word}:/data"]}
        if word == facts["leaky"]:
            hole = WALLS[facts["wall"]]
            options |= {**hole, "volumes": options["volumes"] + hole.get("volumes", [])}
        box = lab.docker.containers.run(PYTHON, "sleep infinity", name=f"ch03-{word}", **options)
        line = f"mkdir -m 700 /data/old; echo {facts['token']} | tee /data/kept /data/old/kept > /root/kept"
        box.exec_run(["sh", "-c", line])
    scene = {**lab.labels, "labkit.scene": "services"}
    note_state(lab, "services", state_of(lab, scene, contents=PYTHON, volumes=volumes_of(facts["names"])))


def volumes_of(words):
    """The names of services' volumes."""
    return [f"ch03-{word}" for word in words]


@check(
    task="repair",
    points=1,
    needs=services,
    hints=(
        "For each wall: what would a container see that has a hole in it?",
        "Ask all four the same question. The odd one out has the hole.",
    ),
)
def leak(lab, answer, services):
    """The leaky service is named, and the wall that has the hole"""
    parts = (
        {str(key).strip().lower(): value for key, value in answer.items()} if isinstance(answer, dict) else {}
    )
    if set(parts) != {"name", "wall"}:
        raise Mismatch("The answer does not have its two parts.", wanted="name, wall", found=answer)
    name, wall = text("name", parts["name"]), text("wall", parts["wall"])
    if service_of(lab, name) != services["leaky"]:
        raise Mismatch("That service is walled on all sides.", found=name)
    if wall not in WALLS:
        raise Mismatch("There is no such wall here.", wanted=", ".join(sorted(WALLS)), found=wall)
    if wall != services["wall"]:
        raise Mismatch("The service is the right one, and that wall of it stands.", found=wall)


def text(part, value):
    """A part of the answer as a text, read kindly: one in a list, blanks around it, capitals."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        wanted = {"name": "one name such as ch03-amber", "wall": "one of files, processes, network"}[part]
        raise Mismatch(f"The {part} is no text.", wanted=wanted, found=value)
    return value.strip().lower()


def service_of(lab, name):
    """The word of a service, from its name, its word, or its id or the start of that."""
    if re.fullmatch(r"(sha256:)?[0-9a-f]{6,64}", name):
        found = [
            c for c in lab.docker.api.containers(all=True) if c["Id"].startswith(name.removeprefix("sha256:"))
        ]
        name = found[0]["Names"][0] if len(found) == 1 else name
    return name.removeprefix("/").removeprefix("ch03-")


@check(
    task="repair",
    points=3,
    needs=services,
    timeout=60,
    hints=(
        "A container's mounts and namespaces are settled when it is created.",
        "Note what the old one has that is right (`docker inspect`) before you remove it.",
    ),
)
def closed(lab, services):
    """The hole is closed: the service runs with all else as it was, and the other three are untouched"""
    word = services["leaky"]
    before = noted_state(lab, "services")
    for other in services["names"]:
        if other != word:
            service(lab, other)
    box, old = service(lab, word), of_service(before, word)
    labels = {"labkit.session": lab.session, "labkit.scene": "services"}
    now = state_of(lab, labels, contents=PYTHON, volumes=volumes_of(services["names"]))
    untouched(changes(without(before, word), without(now, word), free=["new"]))
    no_hole(lab, box, services["wall"])
    same_image(box, old)
    has_its_own(before, now, box, word)
    as_before(box, old, word)
    on_network(box, before, word)
    for listed in lab.docker.api.containers():
        if listed["Id"] == box.id:
            continue
        name = (listed["Names"] or [listed["Id"][:12]])[0].removeprefix("/")
        if listed["Id"] == old["id"]:
            raise Mismatch("The service with the hole still runs, under another name.", found=name)
        if any(m.get("Name") == f"ch03-{word}" for m in listed["Mounts"]):
            raise Mismatch("Another container runs with the service's data.", found=name)


def of_service(state, word):
    """A service's container as it was noted, with its id."""
    return next({"id": key, **c} for key, c in state["container"].items() if c["name"] == f"ch03-{word}")


def without(state, word):
    """A state without one service and its volume."""
    return {
        kind: {key: fields for key, fields in objects.items() if fields["name"] != f"ch03-{word}"}
        for kind, objects in state.items()
    }


def untouched(found):
    """That the services without a hole are as they were."""
    for change in sorted(found, key=lambda c: TELLING.index(c.what) if c.what in TELLING else len(TELLING)):
        told = {"found": f"{change.name}: {change.now}"[:200], "fix": AGAIN}
        if change.kind == "container" and change.what in ("gone", "remade"):
            raise Mismatch("A service that had no hole was made anew.", **{**told, "found": change.name})
        if change.what in ("start", "state"):
            raise Mismatch("A service that had no hole was started anew.", **told)
        if change.what in ("what is in it", "gone", "remade"):
            raise Mismatch("A service that had no hole has lost data.", **told)
        message = f"A service that had no hole is not as it was: {change.what}."
        raise Mismatch(message, wanted=str(change.before)[:200], **told)


TELLING = ("gone", "remade", "name", "state", "start", "networks", "what is in it")
"""Changes in the order in which they are told: an earlier one often brings the later ones with it."""

WALL_OF = {"processes": "processes", "network": "network", "mount": "files"}


def no_hole(lab, box, old):
    """That the service has no hole, and no more rights than the others."""
    extra = excess(lab, box)
    walls = {what: wall for what in extra for word, wall in WALL_OF.items() if word in what.split()}
    if walls:
        holes = sorted(set(walls.values()))
        hint = None if old in holes else "The old hole is closed, and another one is open."
        if any(what.startswith("neighbour's") for what in walls):
            hint = "A neighbour's is none of its own, either."
        if any(m["Type"] == "volume" and m["Destination"] != "/data" for m in box.attrs["Mounts"]):
            hint = "A volume, too, can be a folder of the machine: `docker volume inspect` shows its options."
        raise Mismatch("The service has a hole in a wall.", found="; ".join(walls), hint=hint)
    if extra:
        found, hint = "; ".join(extra), f"The others do not have: {extra[0]}."
        raise Mismatch("The service has more rights than it had.", found=found, hint=hint)


def same_image(box, old):
    """That its image is the one that it had: one committed from it brings mounts of its own."""
    if box.attrs["Image"] != old["image"]:
        found = box.attrs["Config"]["Image"]
        raise Mismatch("The service was made from another image.", wanted=PYTHON, found=found)


def has_its_own(before, now, box, word):
    """That its data are those that it had, and that it can write to them."""
    at = {m["Destination"].rstrip("/"): m for m in box.attrs["Mounts"]}
    name = f"ch03-{word}"
    if at.get("/data", {}).get("Name") != name:
        hint = "Its data were in a volume. Which, and where was it mounted?"
        raise Mismatch("The service has lost its data.", wanted=f"the volume {name} at /data", hint=hint)
    if not at["/data"]["RW"]:
        raise Mismatch("The service cannot write to its volume.", wanted=f"{name} at /data, writable")
    was, at_now = (state["volume"].get(name, {}).get("what is in it") for state in (before, now))
    if was != at_now:
        hint = "The volume has its name, and what was in it is not there, or not as it was."
        raise Mismatch("The service has lost its data.", wanted=f"what was in {name}", hint=hint)
    if more := sorted(set(at) - {"/data"}):
        wanted, found = f"{name} at /data", ", ".join(more)
        raise Mismatch("The service has a mount that it did not have.", wanted=wanted, found=found)
    if shell(box, "touch /data/.probe && rm /data/.probe")[0]:
        hint = "As which user does it run?"
        wanted = f"{name} at /data, writable"
        raise Mismatch("The service cannot write to its volume.", wanted=wanted, hint=hint)


def as_before(box, old, word):
    """That command, limit and setting are those that it had."""
    command = [box.attrs["Path"], *box.attrs["Args"]]
    if [command[0].rpartition("/")[2], *command[1:]] != old["command"]:
        wanted, found = shlex.join(old["command"]), shlex.join(command)
        raise Mismatch("The service runs another command.", wanted=wanted, found=found)
    noted = box.attrs["HostConfig"]
    if (noted["Memory"], noted["MemorySwap"]) != (64 * MB, 64 * MB):
        found = f"{noted['Memory'] // MB} MB, with swap {noted['MemorySwap'] // MB} MB"
        raise Mismatch("The service has not the memory limit that it had.", wanted="64 MB, both", found=found)
    if f"SERVICE={word}" not in box.attrs["Config"]["Env"]:
        raise Mismatch("The service has lost its setting SERVICE.", wanted=word)


def on_network(box, before, word):
    """That it is where the others are, and nowhere else."""
    there = sorted(
        {n for c in before["container"].values() if c["name"] != f"ch03-{word}" for n in c["networks"]}
    )
    found = sorted(box.attrs["NetworkSettings"]["Networks"])
    if found != there:
        hint = "It is on theirs, and on another one." if set(there) < set(found) else None
        wanted, found = ", ".join(there), ", ".join(found) or "none"
        raise Mismatch(
            "The service is not on the network of the others.", wanted=wanted, found=found, hint=hint
        )


AGAIN = 'start("services") sets it up anew'


def service(lab, word):
    """A service that runs."""
    try:
        return running(lab, f"ch03-{word}")
    except Missing:
        raise Missing("A service is gone.", found=f"ch03-{word}") from None
    except Mismatch as e:
        raise Mismatch("A service does not run.", found=f"ch03-{word}: {e.found}") from None
