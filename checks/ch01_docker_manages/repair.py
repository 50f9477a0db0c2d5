"""Repair: one team's things removed, and nothing of the other's.

Asked: all of team blue gone, and nothing under its name in its place. Stays: all of team red, the very
objects, with state, start, connections, options and data. Free: the road, and what else is made.
"""

from __future__ import annotations

import secrets
from random import Random

from labkit import Mismatch, Missing
from labkit.checks import check, scene
from labkit.observe.containers import run
from labkit.observe.unchanged import changes, note_state, noted_state, state_of

from . import BASE


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
        spare = lab.docker.volumes.create(f"ch01-{words[4]}", labels=labels)
        fill(lab, disk, spare)
    note_state(lab, "shared", state_of(lab, {**lab.labels, "labkit.scene": "shared"}, contents=BASE))


def fill(lab, *volumes):
    """Puts data that nobody knows into volumes: a wiped one is not as it was."""
    places = {volume.name: {"bind": f"/v/{i}"} for i, volume in enumerate(volumes)}
    line = f"for v in /v/*; do echo {secrets.token_hex(8)}$v > $v/kept; done"
    run(lab, "sh", "-c", line, image=BASE, volumes=places)


def of_team(state, team):
    """A team's objects, by kind and id."""
    return {
        kind: {
            key: fields
            for key, fields in objects.items()
            if fields.get("labels", {}).get("ch01.team") == team
        }
        for kind, objects in state.items()
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
    before = noted_state(lab, "shared")
    words = [f"ch01-{word}" for word in shared["theirs"]]
    ours = {"labkit.session": lab.session}
    red = state_of(lab, {**ours, "ch01.team": "red"}, contents=BASE)
    kept(changes(of_team(before, "red"), red, free=["new"]), words)
    blue = state_of(lab, {**ours, "ch01.team": "blue"})
    left = [f"{kind} {fields['name']}" for kind in blue for fields in blue[kind].values()]
    if len(left) == len(shared["ours"]):
        raise Mismatch("Nothing of team blue has been removed yet.", found=", ".join(left))
    if left:
        found, hint = ", ".join(sorted(left)), why_left(blue)
        raise Mismatch("Something of team blue is left.", found=found, hint=hint)
    again = [f"{kind} {name}" for kind, name in names(lab) if name in {f"ch01-{w}" for w in shared["ours"]}]
    if again:
        hint = "Without its label it is still what the team had, under its name."
        raise Mismatch("Something of team blue is left.", found=", ".join(again), hint=hint)


AGAIN = 'start("shared") sets it up anew'


def kept(found, words):
    """That nothing of the other team's has changed; the change that tells most is told first.

    Args:
        found: what has changed.
        words: the team's names.
    """
    if lost := sorted(f"{c.kind} {c.name}" for c in found if c.what == "gone"):
        hint = why_lost(lost, words)
        raise Missing("Something of team red is gone.", found=", ".join(lost), hint=hint, fix=AGAIN)
    for change in sorted(found, key=lambda c: TELLING.index(c.what) if c.what in TELLING else len(TELLING)):
        told = {"found": f"{change.name}: {change.now}"[:200], "fix": AGAIN}
        if change.what == "remade":
            hint = None
            if change.kind == "volume":
                hint = "What is made anew has the old name, and not what was in it."
            message = f"A {change.kind} of team red was removed and made anew."
            raise Mismatch(message, hint=hint, **told)
        if change.what == "state" and change.name == words[2] and change.now == "paused":
            raise Mismatch("The running container of team red is paused.", **told)
        if change.what == "state":
            wanted = f"{change.name}: {change.before}"
            raise Mismatch("A container of team red is not as it was.", wanted=wanted, **told)
        if change.what == "start" and change.name == words[3]:
            raise Mismatch("The container of team red that had ended was run again.", **told)
        if change.what == "start":
            raise Mismatch("The running container of team red was stopped and started again.", **told)
        if change.what == "networks" and words[0] not in change.now:
            raise Mismatch("The running container of team red was taken off its network.", **told)
        if change.what == "networks" and set(change.now) - {words[0]}:
            raise Mismatch("A container of team red was put on another network.", **told)
        if change.what == "what is in it":
            raise Mismatch("What was in a volume of team red is not in it any more.", **told)
        message = f"A {change.kind} of team red is not as it was: {change.what}."
        raise Mismatch(message, wanted=str(change.before)[:200], **told)


TELLING = ("remade", "name", "state", "start", "networks", "what is in it")
"""Changes in the order in which they are told: an earlier one often brings the later ones with it."""


def names(lab):
    """All containers, networks and volumes that there are, by kind and name."""
    api = lab.docker.api
    for box in api.containers(all=True):
        yield from (("container", name.removeprefix("/")) for name in box["Names"] or [])
    yield from (("network", net["Name"]) for net in api.networks())
    yield from (("volume", one["Name"]) for one in api.volumes()["Volumes"] or [])


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
    states = {fields["state"] for fields in blue["container"].values()}
    if "running" in states:
        return "A container that runs is removed when it has been stopped, or by force."
    if states:
        return "Is the container that has ended in the list that you went through?"
    if blue["volume"] and not blue["network"]:
        return "A named volume does not go with its container."
    return None
