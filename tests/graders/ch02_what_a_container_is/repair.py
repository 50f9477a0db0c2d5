"""Repair: a stray worker."""

from __future__ import annotations

import re

from labkit.checks import cli, hand_in, right, wrong

from . import BASE, box


def number(lab):
    """The stray worker's number, from the log."""
    return re.search(r"\d+", lab.docker.containers.get("ch02-monitor").logs().decode())[0]


def on_machine(lab, line):
    """Runs a line of shell in a helper with the machine's list of processes."""
    options = {"pid_mode": "host", "privileged": True, "remove": True}
    return lab.docker.containers.run(BASE, ["sh", "-c", line], **options).decode()


def inside(lab, of):
    """The numbers that a process of the machine has inside of its container."""
    return on_machine(lab, f"grep NSpid /proc/{of}/status").split()[-1]


@wrong("owner", "names the one that wrote the log")
def owner_monitor(lab, crowd):
    hand_in(lab, "owner", "ch02-monitor")


@wrong("owner", "hands in the number")
def owner_number(lab, crowd):
    hand_in(lab, "owner", int(number(lab)))


@wrong("owner", "names another container, whose process has the same number inside")
def owner_other(lab, crowd):
    hand_in(lab, "owner", f"ch02-{crowd['names'][2]}")


@right("owner", "by the path of its cgroup")
def owner_cgroup(lab, crowd):
    path = on_machine(lab, f"cat /proc/{number(lab)}/cgroup")
    hand_in(lab, "owner", next(c.name for c in lab.docker.containers.list() if c.id in path))


@right("owner", "by its parent, as an id")
def owner_parent(lab, crowd):
    parent = int(on_machine(lab, f"grep PPid /proc/{number(lab)}/status").split()[-1])
    pids = {c.attrs["State"]["Pid"]: c.short_id for c in lab.docker.containers.list()}
    hand_in(lab, "owner", pids[parent])


@wrong("ended", "looks only")
def ended_nothing(lab, crowd):
    number(lab)


@wrong("ended", "removes its container")
def ended_removed(lab, crowd):
    box(lab, crowd).remove(force=True)


@wrong("ended", "kills its container")
def ended_killed(lab, crowd):
    box(lab, crowd).kill()


@wrong("ended", "restarts its container")
def ended_restarted(lab, crowd):
    box(lab, crowd).restart(timeout=0)


def a_worker(spared=0):
    """A line that ends one worker of its container, which has numbers of its own there; one is spared."""
    test = f"test $n = sleep && test $p != /proc/{spared}"
    return f"for p in /proc/[0-9]*; do read n < $p/comm; {test} && kill -KILL ${{p#/proc/}} && break; done"


@wrong("ended", "ends another worker of the same container")
def ended_sibling(lab, crowd):
    box(lab, crowd).exec_run(["sh", "-c", a_worker(spared=inside(lab, number(lab)))])


@wrong("ended", "ends a worker of another container")
def ended_elsewhere(lab, crowd):
    box(lab, crowd, 1).exec_run(["sh", "-c", a_worker()])


@wrong("ended", "ends it, and a worker of every other container")
def ended_everywhere(lab, crowd):
    on_machine(lab, f"kill -KILL {number(lab)}")
    for index in range(1, 4):
        box(lab, crowd, index).exec_run(["sh", "-c", a_worker()])


@wrong("ended", "stops the process, which can go on")
def ended_stopped(lab, crowd):
    on_machine(lab, f"kill -STOP {number(lab)}")


@right("ended", "from outside, by the machine's number")
def ended_outside(lab, crowd):
    on_machine(lab, f"kill -KILL {number(lab)}")


@right("ended", "from inside, by the docker command")
def ended_inside(lab, crowd):
    own = inside(lab, number(lab))
    cli(lab, f"docker exec ch02-{crowd['names'][0]} sh -c 'kill {own}'")
