"""Repair: one of four services has a hole in its walls."""

from __future__ import annotations

from random import Random

from labkit import Mismatch, Missing
from labkit.checks import check, scene
from labkit.observe.containers import run, running, shell

from . import MB

PYTHON = "localhost:5001/python:3.13"
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
        box.exec_run(["sh", "-c", f"echo {facts['token']} | tee /data/kept > /root/kept"])


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
    if not isinstance(answer, dict) or set(answer) != {"name", "wall"}:
        raise Mismatch("The answer does not have its two parts.", wanted="name, wall", found=answer)
    if str(answer["name"]).removeprefix("ch03-") != services["leaky"]:
        raise Mismatch("That service is walled on all sides.", found=answer["name"])
    if answer["wall"] not in WALLS:
        raise Mismatch("There is no such wall here.", wanted=", ".join(sorted(WALLS)), found=answer["wall"])
    if answer["wall"] != services["wall"]:
        raise Mismatch("The service is the right one, and that wall of it stands.", found=answer["wall"])


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
    word, token = services["leaky"], services["token"]
    for other in services["names"]:
        if other == word:
            continue
        box = service(lab, other)
        if shell(box, "cat /root/kept", "0")[1] != token:
            raise Mismatch("A service that had no hole was made anew.", found=box.name, fix=AGAIN)
    box = service(lab, word)
    if holes := holes_of(lab, box):
        hint = None if services["wall"] in holes else "The old hole is closed, and another one is open."
        raise Mismatch("The service has a hole in a wall.", found=", ".join(holes), hint=hint)
    if shell(box, "cat /data/kept", "0")[1] != token:
        hint = "Its data were in a volume. Which, and where was it mounted?"
        raise Mismatch("The service has lost its data.", wanted=f"the volume ch03-{word} at /data", hint=hint)
    if not any(m.get("Name") == f"ch03-{word}" and m["RW"] for m in box.attrs["Mounts"]):
        raise Mismatch("The service cannot write to its volume.", wanted=f"ch03-{word} at /data, writable")
    noted = box.attrs["HostConfig"]
    if (noted["Memory"], noted["MemorySwap"]) != (64 * MB, 64 * MB):
        found = f"{noted['Memory'] // MB} MB, with swap {noted['MemorySwap'] // MB} MB"
        raise Mismatch("The service has not the memory limit that it had.", wanted="64 MB, both", found=found)
    if f"SERVICE={word}" not in box.attrs["Config"]["Env"]:
        raise Mismatch("The service has lost its setting SERVICE.", wanted=word)


AGAIN = 'start("services") sets it up anew'


def service(lab, word):
    """A service that runs."""
    try:
        return running(lab, f"ch03-{word}")
    except Missing:
        raise Missing("A service is gone.", found=f"ch03-{word}") from None
    except Mismatch as e:
        raise Mismatch("A service does not run.", found=f"ch03-{word}: {e.found}") from None


def holes_of(lab, box):
    """The walls of a container that have a hole, by what it shares with the machine."""
    noted, found = box.attrs["HostConfig"], []
    if noted["Privileged"]:
        found.append("privileged")
    if any(m["Type"] == "bind" for m in box.attrs["Mounts"]):
        found.append("files")
    kinds = {"pid": "processes", "net": "network"}
    line = "; ".join(f"readlink /proc/self/ns/{kind}" for kind in kinds)
    machine = run(lab, "sh", "-c", line, image=PYTHON, pid_mode="host", network_mode="host")
    own = shell(box, line, "0")[1]
    joined = (noted["PidMode"], noted["NetworkMode"])  # a neighbour's is none of its own, either
    for wall, there, here, mode in zip(kinds.values(), machine.split(), own.split(), joined, strict=True):
        if there == here or mode.startswith("container:"):
            found.append(wall)
    return found
