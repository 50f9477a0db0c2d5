"""Repair: one team's things removed, and nothing of the other's."""

from __future__ import annotations

from random import Random

from labkit import Mismatch, Missing
from labkit.checks import check, scene
from labkit.observe.containers import container

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
