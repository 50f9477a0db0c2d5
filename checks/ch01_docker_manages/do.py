"""Do: what Docker keeps, counted."""

from __future__ import annotations

import re
import secrets
import time
from contextlib import ExitStack
from datetime import datetime

from labkit import BrokenEnvironment, Mismatch
from labkit.checks import DOCKER, Function, check

from . import BASE

SECONDS = 200.0
"""How long a count is asked for again while others work here: each kind must once have stood still."""

KINDS = ("images", "containers", "networks", "volumes", "cache")

COMES_AND_GOES = ("create", "destroy", "pull", "load", "import", "tag", "untag", "delete")
"""What the engine's events call it (Engine API, "Monitor events") when a list becomes longer or shorter."""


def cache(client):
    """The records of the build cache; the engine takes its time for them, and tells no events."""
    return {record["ID"] for record in client.api.df()["BuildCache"] or []}


def listed(client):
    """The engine's other lists: of each kind what names its objects."""
    return {
        "images": {image["Id"] for image in client.api.images()},
        "containers": {container["Id"] for container in client.api.containers(all=True)},
        "networks": {network["Id"] for network in client.api.networks()},
        "volumes": {volume["Name"] for volume in client.api.volumes()["Volumes"] or []},
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


def engine_time(client):
    """The engine's clock, as a bound of its events: seconds since 1970, with nanoseconds."""
    day, fraction, zone = re.fullmatch(r"(.{19})(?:\.(\d+))?(.*)", client.info()["SystemTime"]).groups()
    seconds = int(datetime.fromisoformat(day + zone.replace("Z", "+00:00")).timestamp())
    return f"{seconds}.{fraction or 0:0<9}"


def changed(client, since, before):
    """The kinds of which something came or went meanwhile, though there may be as many as before.

    The events tell what came and went again. The lists are compared, too: what is removed leaves them before
    its event is written.

    Args:
        client: of the engine.
        since: when the lists were read, by `engine_time`.
        before: what they held then, by `listed` and `cache`.
    """
    now = listed(client)
    events = client.events(since=since, until=engine_time(client), decode=True)
    moved = {f"{event['Type']}s" for event in events if event["Action"] in COMES_AND_GOES}
    now["cache"] = cache(client)
    return moved | {kind for kind in KINDS if now[kind] != before[kind]}


@check(
    task="do",
    points=2,
    timeout=260,
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
        seen, ends = set(), time.monotonic() + SECONDS
        while time.monotonic() < ends:  # others work here too: only a kind that stood still is compared
            with answer.at_hand(DOCKER) as call:  # what takes long, first: the less time, the less moves
                kept = cache(lab.docker)
                began, before = engine_time(lab.docker), {"cache": kept, **listed(lab.docker)}
                try:
                    said = call(20)
                except Mismatch:
                    if changed(lab.docker, began, before):  # what it listed may be gone when it looks closer
                        continue
                    raise
                moved = changed(lab.docker, began, before)
            well_formed(said)
            still = {kind: len(before[kind]) for kind in KINDS if kind not in moved}
            compare(said, still)
            if (seen := seen | set(still)) == set(KINDS):
                return
    moving = ", ".join(kind for kind in KINDS if kind not in seen)
    still = "The engine was never still while it was counted."
    raise BrokenEnvironment(still, found=f"what came and went: {moving}", fix="run it again")


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
