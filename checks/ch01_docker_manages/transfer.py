"""Transfer: an image, two containers, a network and a volume, made as in the picture."""

from __future__ import annotations

import secrets

from labkit import Mismatch
from labkit.checks import check
from labkit.observe.containers import container, image, network, run, running, volume

from . import BASE


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
