"""Do: what Docker keeps, counted.

Asked: a function of one client; a dict of five whole numbers; each object once, in whatever state, in use
or not, with several names, one or none. Stays: the engine, since the function only looks. Free: the road
(SDK, API, command), and whether layers that only stand below other images count.
"""

from __future__ import annotations

import io
import re
import secrets
import tarfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import datetime

import docker

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
    """Makes objects of every kind and state that nobody can have counted beforehand; the stack removes them.

    Containers: never started, and ended. Images: one with two names, one with none. Networks: one of its own.
    Volumes: used and not, with a name and without. Build cache: at least one record.

    Returns:
        The states of the containers by their id: a count leaves them as they are.
    """
    word = f"labkit-probe-{secrets.token_hex(4)}"
    with ThreadPoolExecutor() as threads:
        work = [threads.submit(add, lab, word) for add in (add_containers, add_images, add_cache)]
        undo = [done for job in work for done in job.result()]
    for remove, *arguments in undo:
        stack.callback(gone, remove, *arguments)
    return {box: state for box, state in states_of(lab).items() if any(box in done for done in undo)}


def add_containers(lab, word):
    """Containers, and what they use: the engine's other lists."""
    network = lab.docker.networks.create(word)
    volumes = [lab.docker.volumes.create(f"{word}-{i}") for i in range(secrets.choice((2, 3, 4)))]
    volumes.append(lab.docker.volumes.create())
    in_use = {"volumes": [f"{volume.name}:/data/{volume.name}" for volume in volumes[:2]], "network": word}
    boxes = [
        lab.docker.containers.create(BASE, "true", name=f"{word}-{i}", **in_use)
        for i in range(secrets.choice((3, 4)))
    ]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda box: (box.start(), lab.wait(box, "exited")), boxes[:2]))
    api = lab.docker.api
    return [
        (network.remove,),
        *((api.remove_volume, volume.name, True) for volume in volumes),
        *((api.remove_container, box.id, False, False, True) for box in boxes),
    ]


def states_of(lab):
    """The states of all containers, by id."""
    return {c["Id"]: c["State"] for c in lab.docker.api.containers(all=True)}


def gone(remove, *arguments, **options):
    """Removes something; a function that was handed in may have done so."""
    with suppress(docker.errors.NotFound):
        remove(*arguments, **options)


def archive(*names):
    """A tar of small files, each new."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name, content in names:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return held.getvalue()


def add_images(lab, word):
    """An image with two names."""
    lab.docker.api.import_image_from_data(archive((word, word.encode())), repository=word, tag="1")
    lab.docker.images.get(f"{word}:1").tag(word, "2")
    return [(lab.docker.images.remove, f"{word}:{tag}", True) for tag in "12"]


def add_cache(lab, word):
    """Records of the build cache, and the nameless image that their build makes.

    BuildKit takes a context that is sent with the request, as the older builder does (Engine API, "Build an
    image", version 2); docker-py has no parameter for that.
    """
    api, before = lab.docker.api, cache(lab.docker)
    context = archive(("Dockerfile", f"FROM scratch\nCOPY {word} /\n".encode()), (word, word.encode()))
    answer = api.post(
        f"{api.base_url}/v{api.api_version}/build",
        params={"version": "2"},
        data=context,
        headers={"Content-Type": "application/x-tar"},
    )
    made = re.search(r'"ID":\s*"(sha256:[0-9a-f]{64})"', answer.text)
    undo = [(lab.docker.images.remove, made[1], True)] if made else []
    return [*((forget, lab, record) for record in cache(lab.docker) - before), *undo]


def forget(lab, record):
    """Takes one record out of the build cache."""
    lab.docker.api.prune_builds(filters={"id": record}, all=True)


def engine_time(client):
    """The engine's clock, as a bound of its events: seconds since 1970, with nanoseconds."""
    day, fraction, zone = re.fullmatch(r"(.{19})(?:\.(\d+))?(.*)", client.info()["SystemTime"]).groups()
    seconds = int(datetime.fromisoformat(day + zone.replace("Z", "+00:00")).timestamp())
    return f"{seconds}.{fraction or 0:0<9}"


BUFFERED = 200
"""An engine keeps its last 256 events (the reference of ``docker system events`` says so), and a few less are
told while others come in: beside somebody who calls `docker exec` without pause, 250 to 254, of 16 s."""


def changed(client, since, before):
    """The kinds of which something came or went meanwhile, though there may be as many as before.

    The events tell what came and went again; all kinds may have, if the engine does not keep its events for
    so long. The lists are compared, too: what is removed leaves them before its event is written.

    Args:
        client: of the engine.
        since: when the lists were read, by `engine_time`.
        before: what they held then, by `listed` and `cache`.
    """
    now = listed(client)
    kept = list(client.events(since=1, until=engine_time(client), decode=True))
    events = [event for event in kept if event["timeNano"] >= int(since.replace(".", ""))]
    if len(events) == len(kept) > BUFFERED:  # none is from before: there may have been more
        return set(KINDS)
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
    with ExitStack() as stack, ThreadPoolExecutor(1) as threads:
        adding = threads.submit(add_some, lab, stack)  # while the function's process starts
        seen, meddled, ends = set(), 0, time.monotonic() + SECONDS
        while time.monotonic() < ends:  # others work here too: only a kind that stood still is compared
            said, before, moved = counted(lab, answer, adding)
            untouched(lab, adding.result())
            if said is not None:
                well_formed(said)
                still = [kind for kind in KINDS if kind not in moved]
                compare(lab, said, before, still)
                if (seen := seen | set(still)) == set(KINDS):
                    return
            meddled = meddled + 1 if moved and is_quiet(lab, answer.env) else 0
            if meddled == CALLS:
                found = f"came or went each time: {', '.join(sorted(moved))}"
                wanted = "a function that only looks"
                raise Mismatch("The engine is another after each count.", wanted=wanted, found=found)
    moving = ", ".join(kind for kind in KINDS if kind not in seen)
    still = "The engine was never still while it was counted."
    raise BrokenEnvironment(still, found=f"what came and went: {moving}", fix="run it again")


CALLS = 6
"""So often in turn the engine must move under a learner's function, and stand still under ours: by chance, on
an engine that is idle half of the time, it does once in 4096 times."""

OUR_OWN = """
def inventory(client):
    lists = (client.api.images(), client.api.containers(all=True), client.api.networks(),
             client.api.volumes()["Volumes"], client.api.df()["BuildCache"])
    return [len(found or []) for found in lists]
"""
"""As long as a learner's: if the engine stands still for this one, and never for theirs, it is theirs.

It returns no lists: an engine in long use has more to tell of its build cache than a function may return.
"""


def is_quiet(lab, env):
    """Whether the engine stands still while we count."""
    return not counted(lab, Function("inventory", OUR_OWN, env))[2]


def counted(lab, answer, adding=None):
    """What a function says, what the engine kept before, and the kinds of which something came or went.

    Args:
        lab: whose engine.
        answer: the function.
        adding: what must be done before it is called.

    Returns:
        None for what it says if it raised an error while something went: it may have listed that.
    """
    with answer.at_hand(DOCKER) as call:  # what takes long, first: the less time, the less moves
        if adding is not None:
            adding.result()
        kept = cache(lab.docker)
        began, before = engine_time(lab.docker), {"cache": kept, **listed(lab.docker)}
        try:
            said = call(20)
        except Mismatch:
            if moved := changed(lab.docker, began, before):
                return None, before, moved
            raise
        moved = changed(lab.docker, began, before)
    if said is None:
        well_formed(said)
    return said, before, moved


def untouched(lab, probes):
    """That a count leaves the containers as they are."""
    states = states_of(lab)
    if lost := sorted({state for box, state in probes.items() if box not in states}):
        wanted, found = "a function that only looks", f"gone: containers that were {', '.join(lost)}"
        raise Mismatch("The function removes what it counts.", wanted=wanted, found=found)
    if other := sorted({f"{s}, now {states[b]}" for b, s in probes.items() if states[b] != s}):
        wanted = "a function that only looks"
        raise Mismatch("The function changes what it counts.", wanted=wanted, found="; ".join(other))


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
        hint = None
        if any(isinstance(n, str) for n in said.values()):
            hint = "A text of digits looks like a number when it is printed. Sums and comparisons tell."
        raise Mismatch("Not every count is a number.", wanted="whole numbers", found=said, hint=hint)


def compare(lab, said, before, still):
    """Holds an inventory against the engine's own lists, as far as they stood still.

    Layers that only stand below other images have no name either; whoever counts those, too, is right.
    """
    true = {kind: len(before[kind]) for kind in still}
    wrong = [kind for kind in true if said[kind] != true[kind]]
    if "images" in wrong and said["images"] == len(lab.docker.api.images(all=True)):
        wrong.remove("images")
    if not wrong:
        return
    told = ", ".join(f"{kind} {true[kind]}" for kind in wrong)
    found = ", ".join(f"{kind} {said[kind]}" for kind in wrong)
    hint = HINTS[wrong[0]](lab, said[wrong[0]], true[wrong[0]]) if len(wrong) == 1 else None
    raise Mismatch("The inventory differs from the engine's lists.", wanted=told, found=found, hint=hint)


def about_images(lab, said, true):
    """Names and images are two things."""
    if said > true:
        return "One image may have several names."
    return "An image may have no name, and one image may have several."


def about_containers(lab, said, true):
    """The states that were left out."""
    states = Counter(c["State"] for c in lab.docker.api.containers(all=True))
    if said == states["running"] + states["paused"]:
        return "Some of the engine's containers do not run."
    if said == states["running"] + states["exited"]:
        return "Not every container runs or has ended: one may be paused, or may never have been started."
    return "Count the containers themselves, whatever they are called and whatever they were made from."


def about_networks(lab, said, true):
    """Those that were there before."""
    if said == true - 3:
        return "Three networks were there before anybody made one."
    return "Networks have drivers; one that has another driver than the rest is a network, too."


def about_volumes(lab, said, true):
    """Those in use, those without a name."""
    unused = len(lab.docker.api.volumes(filters={"dangling": True})["Volumes"] or [])
    if said == unused:
        return "A volume that a container uses is a volume, too."
    return "A volume that is given no name gets one of 64 digits."


def about_cache(lab, said, true):
    """The one kind without a list of its own."""
    if said == 0:
        return "Docker keeps what the steps of builds came to: is there really none?"
    return "Each record of the cache counts, in use or not."


HINTS = {
    "images": about_images,
    "containers": about_containers,
    "networks": about_networks,
    "volumes": about_volumes,
    "cache": about_cache,
}
