"""Transfer: an image, two containers, a network and a volume, made as in the picture.

Asked: the image by its name, on the layers of the base, with a command that lasts; two containers of it and
no third, one running, one never started; the network and the volume at /shelf for the one, neither for the
other; nothing else on the network, at the volume or at the two. Free: how the image was made, drivers and
labels of network and volume, limits, users, restart policies, fewer rights, the engine's default network.
"""

from __future__ import annotations

import io
import re
import secrets
import tarfile

import docker

from labkit import Mismatch
from labkit.checks import check
from labkit.observe.containers import container, image, network, run, running, volume
from labkit.observe.power import excess, leads_to

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
    runs_on(lab, found)
    return found


SLEEP = """#!/bin/sh
[ $# -gt 0 ] || exit 1
for word in "$@"; do
  case "$word" in
    inf|infinity|INF|INFINITY|Infinity|?????????*) exec tail -f /dev/null;;
    *[!0-9.smhd]*) exit 1;;
  esac
done
"""
"""In place of `sleep`: what would end some day ends at once; what is as good as for ever lasts."""

TIMEOUT = """#!/bin/sh
for word in "$@"; do
  case "$word" in
    0) shift; exec "$@";;
    [0-9.]*) exit 124;;
    -s|-k) shift 2;;
    -*) shift;;
  esac
done
exit 125
"""
"""In place of `timeout`: it is over at once."""


def runs_on(lab, found, **command):
    """That a container of an image runs until it is stopped: not for some time alone.

    The container is made as `docker run` makes it, without an init process, but time is short in it: each
    `sleep` and `timeout` that would be over some day is over at once.

    Args:
        lab: whose engine.
        found: the image.
        **command: ``command`` and ``entrypoint`` that are not the image's own.
    """
    name = f"labkit-probe-{secrets.token_hex(4)}"
    made = lab.docker.containers.create(found.id, name=name, **command)
    try:
        made.put_archive("/usr/bin", programs(sleep=SLEEP, timeout=TIMEOUT))
        made.start()
        run(lab, "sleep", "1", image=BASE)  # a second as this engine counts it, however busy it is
        made.reload()
        if made.attrs["State"]["Status"] != "running":
            raise ended(made.attrs["State"]["ExitCode"], made.attrs["Config"])
    except docker.errors.APIError as e:
        if e.status_code is None or e.status_code >= 500 or not made.attrs:
            raise
        raise ended(127, made.attrs["Config"]) from None  # the engine could not even start it
    finally:
        made.remove(force=True, v=True)


def ended(code, config):
    """What is said of a container that has ended by itself."""
    hint, line = "What is the image's command, and how long does that take?", f"{config}"
    if "sleep" in line:
        hint = "A `sleep` of some time is over some day."
    if re.search(r"\bfor .* in\b", line):
        hint = "A loop over a list ends with the list."
    if code:
        hint = "Its command failed. What does `docker logs` say of a container of this image?"
    if code == 124:
        hint = "`timeout` ends what it starts."
    if code in (126, 127):
        hint = "With 126 or 127 the command itself did not run. Is that program in the image?"
    found = f"exit code {code}"
    wanted = "running until it is stopped; in the check, time runs fast for `sleep` and `timeout`"
    return Mismatch("A container of the image ends by itself.", wanted=wanted, found=found, hint=hint)


def programs(**scripts):
    """A tar of programs, from their names and texts."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name, text in scripts.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), 0o755
            tar.addfile(member, io.BytesIO(text.encode()))
    return held.getvalue()


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
    alone(lab, clock, spare, net, shelf, built)
    own = {"command": clock.attrs["Config"]["Cmd"], "entrypoint": clock.attrs["Config"]["Entrypoint"]}
    if (own["command"], own["entrypoint"]) != tuple(
        built.attrs["Config"].get(k) for k in ("Cmd", "Entrypoint")
    ):
        try:
            runs_on(lab, built, **own)
        except Mismatch as e:
            hint = "After the image's name, `docker run` takes another command than the image's."
            if clock.attrs["HostConfig"]["RestartPolicy"]["Name"] not in ("", "no"):
                hint = "A restart policy starts it again; it does not make it run on."
            told = {"wanted": e.wanted, "found": f"{own['command']}: {e.found}", "hint": hint}
            raise Mismatch("ch01-clock was given a command that ends.", **told) from None


def alone(lab, clock, spare, net, shelf, built):
    """Nothing else is connected: no third container, no other network or mount, nothing of the machine."""
    pictured = {clock.id: clock.name, spare.id: spare.name}
    for box in (clock, spare):
        if others := [n for n in box.attrs["NetworkSettings"]["Networks"] if n not in (net.name, *GIVEN)]:
            found = ", ".join(sorted(others))
            raise Mismatch(f"{box.name} is on a network that is not in the picture.", found=found)
    if more := [m for m in clock.attrs["Mounts"] if m["Destination"].rstrip("/") != "/shelf"]:
        found = ", ".join(f"{m['Type']} at {m['Destination']}" for m in more)
        hint = None
        if any(m["Type"] == "bind" for m in more):
            hint = "A folder of the engine's machine is in no picture of what the engine keeps."
        raise Mismatch("ch01-clock has a mount that is not in the picture.", found=found, hint=hint)
    if place := leads_to(lab, shelf.name):
        raise Mismatch("ch01-shelf has no place of its own.", wanted="a volume without options", found=place)
    for box in (clock, spare):
        if extra := excess(lab, box):
            message = f"{box.name} is connected to more than the picture shows."
            raise Mismatch(message, found="; ".join(extra), hint=f"Not in the picture: {extra[0]}.")
    for box in lab.docker.api.containers(all=True):
        if box["Id"] in pictured:
            continue
        name = (box["Names"] or [box["Id"][:12]])[0].removeprefix("/")
        if net.name in box["NetworkSettings"]["Networks"]:
            raise Mismatch("A third container is on the network ch01-lane.", found=name)
        if shelf.name in [m.get("Name") for m in box["Mounts"]]:
            raise Mismatch("A third container has the volume ch01-shelf.", found=name)
        if box["HostConfig"]["NetworkMode"] in (f"container:{clock.id}", f"container:{clock.name}"):
            raise Mismatch("A third container shares the network of ch01-clock.", found=name)
        if box["ImageID"] == built.id:
            raise Mismatch("There is a third container of ch01-clock:2.0.", found=name)


GIVEN = ("bridge", "none")
"""Where the engine puts a container that is given no network: not drawn, and nobody's wish."""


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
