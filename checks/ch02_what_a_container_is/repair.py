"""What "done" means in the exercise of chapter 2: namespaces compared and joined, a process's container."""

from __future__ import annotations

import json
import re
import secrets
from contextlib import ExitStack
from random import Random

from labkit import BrokenEnvironment, Mismatch, Missing, until
from labkit.checks import DOCKER, Function, check, scene
from labkit.observe.containers import IMAGE, container, http, run, running

BASE = "debian:trixie-slim"
IMAGES = ()
KINDS = ("kernel", "pid", "mnt", "net", "uts", "ipc")
PORT = 9000
CROWD = ("alder", "basil", "clove", "daisy")
SEES_ALL = {"pid_mode": "host", "privileged": True}
LOOK = """
import json, os
found = {}
for name in filter(str.isdigit, os.listdir("/proc")):
    try:
        lines = open(f"/proc/{name}/status").read().splitlines()
        status = dict(line.split(":", 1) for line in lines if ":" in line)
        spaces = {kind: os.readlink(f"/proc/{name}/ns/{kind}") for kind in ("pid", "net")}
    except OSError:
        continue
    numbers = [int(n) for n in status["NSpid"].split()]
    said = {"name": status["Name"].strip(), "state": status["State"].split()[0]}
    found[name] = {**said, "numbers": numbers, **spaces}
found["0"] = {"pid": os.readlink("/proc/self/ns/pid")}  # what this helper is in: the machine's
print(json.dumps(found))
"""


def machine(lab):
    """The machine's processes by number: name, state, numbers, two namespaces; 0 is the machine itself."""
    said = run(lab, "python3", "-IS", "-c", LOOK, **SEES_ALL)
    return {int(number): found for number, found in json.loads(said).items()}


def first(processes, box):
    """The entry of a container's first process."""
    box.reload()
    found = processes.get(box.attrs["State"]["Pid"])
    if found is None:
        raise BrokenEnvironment("A container's process is not in the machine's list.", fix="run it again")
    return found


# --- do: what two containers share


def idle(lab, stack, **options):
    """A container that sleeps, gone at the end of the stack."""
    made = lab.docker.containers.create(
        BASE, ["sleep", "infinity"], name=f"labkit-probe-{secrets.token_hex(4)}", **options
    )
    stack.callback(made.remove, force=True)
    made.start()
    return made


@check(
    task="do",
    points=3,
    timeout=90,
    hints=(
        "What is the name of a namespace, and where can a process read the names of its own?",
        "In a container that joined another one's PID namespace, whose process is number 1?",
    ),
)
def shared(lab, answer):
    """`shared(client, first, second)` tells which of kernel, pid, mnt, net, uts, ipc two containers share"""
    if not isinstance(answer, Function):
        raise Mismatch("The answer is no function.", wanted="a function of three", found=answer)
    with ExitStack() as stack:
        one, two = idle(lab, stack), idle(lab, stack)
        guest = idle(lab, stack, pid_mode=f"container:{one.id}", network_mode=f"container:{one.id}")
        wide = {"pid_mode": "host", "uts_mode": "host", "ipc_mode": "host"}
        left, right = idle(lab, stack, **wide), idle(lab, stack, **wide)
        compare("two plain containers", answer(DOCKER, one.name, two.name), set())
        compare("one that joined the other", answer(DOCKER, guest.name, one.name), {"pid", "net"})
        compare("two with the machine's lists", answer(DOCKER, left.name, right.name), {"pid", "uts", "ipc"})


def compare(pair, said, common):
    """Holds what was said of a pair against what it shares."""
    well_formed(said)
    claimed = {kind for kind in KINDS if said[kind]}
    true = {"kernel"} | common
    wanted, found = (", ".join(k for k in KINDS if k in kinds) or "nothing" for kinds in (true, claimed))
    if "kernel" not in claimed:
        hint = "Containers of one engine, and one of them should have a kernel of its own?"
        raise Mismatch("It says that two containers have two kernels.", wanted=wanted, found=found, hint=hint)
    if too_many := claimed - true:
        hint = None
        if not common:
            hint = "Equal options need not mean one namespace: each container gets a new one."
        elif "mnt" in too_many:
            hint = "Process 1 of the list that a container sees may be a process of somebody else."
        raise Mismatch(f"Of {pair} it calls shared what is apart.", wanted=wanted, found=found, hint=hint)
    if true - claimed:
        hint = "Some containers are started into the namespaces of others, or of the machine."
        raise Mismatch(f"Of {pair} it calls apart what is shared.", wanted=wanted, found=found, hint=hint)


def well_formed(said):
    """Six kinds, each True or False."""
    if not isinstance(said, dict) or set(said) != set(KINDS):
        found = ", ".join(said) if isinstance(said, dict) else f"{type(said).__name__} {said}"
        raise Mismatch("The answer does not have the six kinds.", wanted=", ".join(KINDS), found=found)
    if not all(type(value) is bool for value in said.values()):
        hint = "A number names a namespace. Asked is whether two numbers are equal."
        raise Mismatch("Not every value is True or False.", found=said, hint=hint)


# --- transfer: a lens


def closed_plan(random: Random):
    """A word that only this server knows."""
    return {"word": f"{random.choice(CROWD)}-{random.randrange(10**6):06d}"}


@scene(closed_plan)
def closed(lab, facts):
    """`ch02-app`, a server that answers on its own 127.0.0.1, port 9000, and nowhere else"""
    page = f"mkdir /srv/www; echo {facts['word']} > /srv/www/index.html"
    serve = f"exec python3 -m http.server {PORT} --bind 127.0.0.1 --directory /srv/www"
    app = lab.docker.containers.create(IMAGE, ["sh", "-c", f"{page}; {serve}"], name="ch02-app")
    app.start()
    until(lambda: b"Serving" in app.logs(), timeout=30)


@check(
    task="transfer",
    points=3,
    needs=closed,
    timeout=60,
    hints=(
        "Which two namespaces are meant? `docker run` has an option for each.",
        "Both options take `container:` and a name.",
    ),
)
def lens(lab, closed):
    """`ch02-lens` is in the PID and network namespaces of `ch02-app`, and not in the machine's"""
    app = running(lab, "ch02-app")
    looking = container(lab, "ch02-lens")
    state = looking.attrs["State"]
    if not state["Running"]:
        hint = "Its command came to an end. What does the lens run, and for how long?"
        if state["ExitCode"] == 137:
            hint = "When process 1 of a PID namespace ends, all others in it are killed."
        if state["Status"] == "created":
            hint = "It was made and never started."
        raise Mismatch("The lens does not run.", found=f"exit code {state['ExitCode']}", hint=hint)
    processes = machine(lab)
    its, of_app, top = first(processes, looking), first(processes, app), processes[0]
    if of_app["pid"] == top["pid"] or of_app["numbers"][-1] != 1:
        raise Mismatch("ch02-app is no longer process 1 of a list of its own.", hint=TURNED, fix=ANEW)
    if its["pid"] == top["pid"]:
        hint = "With the machine's list it sees the app, and everything else."
        raise Mismatch("The lens has the machine's list of processes.", hint=hint)
    apart = [kind for kind in ("pid", "net") if its[kind] != of_app[kind]]
    if apart:
        wrong = {"pid": "it cannot see the app's processes", "net": "its 127.0.0.1 is another one"}
        told = "; ".join(wrong[kind] for kind in apart)
        raise Mismatch(f"The lens is not in all of the app's two namespaces: {told}.", found=", ".join(apart))
    (reply,) = http(lab, app, f"http://127.0.0.1:{PORT}/")
    if not reply.ok or reply.body.strip() != closed["word"]:
        raise Mismatch("On 127.0.0.1 of the lens another server answers.", found=reply.body[:80], fix=ANEW)


ANEW = 'start("closed") sets it up anew'
TURNED = "The lens joins the app; the app stays as it is."


# --- repair: a stray process


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
