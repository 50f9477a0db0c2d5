"""What "done" means in the exercise of chapter 2: namespaces compared and joined, a process's container."""

from __future__ import annotations

import json

from labkit import BrokenEnvironment
from labkit.observe.containers import run

BASE = "debian:trixie-slim"
IMAGES = ()
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
