"""Repair: a stray process."""

from __future__ import annotations

import re
from random import Random

from labkit import Mismatch, Missing, until
from labkit.checks import check, scene
from labkit.observe.containers import container

from . import BASE, CROWD, first, machine


def crowd_plan(random: Random):
    """Which container has the stray process, and which of its three it is."""
    return {"names": random.sample(CROWD, 4), "stray": random.randrange(3)}


@scene(crowd_plan)
def crowd(lab, facts):
    """four containers with three workers each, and `ch02-monitor`, whose log names a stray worker"""
    work = "for i in 1 2 3; do sleep 36000 & done; wait"
    for name in facts["names"]:
        lab.docker.containers.create(BASE, ["sh", "-c", work], name=f"ch02-{name}").start()
    strays = container(lab, f"ch02-{facts['names'][0]}")
    found = until(lambda: len(seen := workers(machine(lab), strays)) == 3 and seen, timeout=30)
    number = sorted(found)[facts["stray"]]
    line = f"the worker with the number {number} in this machine's list of processes is stray: end it"
    monitor = lab.docker.containers.create(BASE, ["echo", line], name="ch02-monitor")
    monitor.start()
    lab.wait(monitor, "exited")


def workers(processes, box):
    """The machine's numbers of the living workers in a container."""
    space = first(processes, box)["pid"]
    alive = {n: p for n, p in processes.items() if n and p["pid"] == space and p["state"] != "Z"}
    return [n for n, p in alive.items() if p["name"] == "sleep"]


AGAIN = 'start("crowd") sets it up anew'


@check(
    task="repair",
    points=1,
    needs=crowd,
    hints=(
        "`docker logs ch02-monitor` has a number. In whose list is it a number?",
        "A helper in the machine's PID namespace can read /proc/<number>/cgroup.",
    ),
)
def owner(lab, answer, crowd):
    """`owner` is the name of the container that the stray worker runs in"""
    names = [f"ch02-{name}" for name in crowd["names"]]
    if not isinstance(answer, str):
        hint = "The number is the question. The answer is a container's name."
        raise Mismatch("The answer is no text.", wanted="a name", found=answer, hint=hint)
    given = answer.strip().lstrip("/")
    if given == "ch02-monitor":
        hint = "The monitor has written the line. It has no worker."
        raise Mismatch("The worker is not in ch02-monitor.", hint=hint)
    true = names[0]
    by_id = re.fullmatch("[0-9a-f]{10,64}", given) and container(lab, true).id.startswith(given)
    if given in names[1:]:
        hint = "Inside, every container counts from 1. The number in the log is one of the machine's."
        raise Mismatch("The worker is not in that container.", found=given, hint=hint)
    if given != true and not by_id:
        raise Mismatch("There is no such container in the crowd.", wanted="one of four", found=given)


@check(
    task="repair",
    points=2,
    needs=crowd,
    timeout=60,
    hints=(
        "A process has two numbers here. Which of them does `kill` take, and where?",
        "The line NSpid of /proc/<number>/status has both.",
    ),
)
def ended(lab, crowd):
    """The stray worker has ended, and everything else in the four containers runs on"""
    monitor = container(lab, "ch02-monitor")
    number = int(re.search(r"\d+", monitor.logs().decode())[0])
    names = [f"ch02-{name}" for name in crowd["names"]]
    there = {box.name: box for box in lab.docker.containers.list(all=True, filters={"name": "ch02-"})}
    if gone := sorted(set(names) - set(there)):
        hint = "A container is more than one of its processes."
        raise Missing("A container of the crowd is gone.", found=", ".join(gone), hint=hint, fix=AGAIN)
    boxes = [there[name] for name in names]
    if still := [box.name for box in boxes if not box.attrs["State"]["Running"]]:
        hint = "What ends process 1 of a container ends them all."
        raise Mismatch("A container of the crowd does not run.", found=", ".join(still), hint=hint, fix=AGAIN)
    if anew := [box.name for box in boxes if began(box) > began(monitor)]:
        hint = "A start makes new processes; those that were at work have ended."
        raise Mismatch(
            "A container of the crowd was started anew.", found=", ".join(anew), hint=hint, fix=AGAIN
        )
    processes = machine(lab)
    counts = {box.name: len(workers(processes, box)) for box in boxes}
    found = ", ".join(f"{name} {counts[name]}" for name in sorted(counts))
    if number in workers(processes, boxes[0]):
        judge_missed(processes[number], counts, names, found)
    if [counts[name] for name in names] != [2, 3, 3, 3]:
        hint = "One process was to be ended. The others were at work."
        raise Mismatch("More than the stray worker was ended.", found=found, hint=hint, fix=AGAIN)


def began(box):
    """When a container was last started, as text that sorts by time."""
    return box.attrs["State"]["StartedAt"]


def judge_missed(stray, counts, names, found):
    """The stray worker is still there: what was done instead."""
    if stray["state"] == "T":
        hint = "A stopped process is still a process: it can be continued."
        raise Mismatch("The stray worker is stopped, and has not ended.", hint=hint)
    if counts[names[0]] < 3:
        hint = "Inside, the same process has another number."
        raise Mismatch("Another worker of that container was ended.", found=found, hint=hint, fix=AGAIN)
    if any(count < 3 for count in counts.values()):
        hint = "The number is one of the machine's, and names one process of one container."
        raise Mismatch("A worker of another container was ended.", found=found, hint=hint, fix=AGAIN)
    raise Mismatch("The stray worker is still there.", found=found)
