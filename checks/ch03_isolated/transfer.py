"""Transfer: a hardened app.

Asked: the given app, from the given image, counting; the five points of the list, for every process of the
container. Free: which user, what /tmp is as long as it is not the machine's, mounts that cannot be written
and do not lead out, networks of the engine, a published port, further limits.
"""

from __future__ import annotations

from labkit import Mismatch
from labkit.checks import check
from labkit.observe.containers import http, running, shell, volume
from labkit.observe.power import excess, leads_to, processes

from . import COUNTER
from .given import from_image, running_as


@check(
    task="transfer",
    points=3,
    timeout=60,
    hints=(
        "Take the list line by line: which option belongs to each?",
        "Inside, `cat /proc/1/status` shows Uid, CapBnd and NoNewPrivs of the first process.",
    ),
)
def hardened(lab):
    """`ch03-counter` counts visits, with all five points of the list"""
    box = running(lab, "ch03-counter")
    from_image(lab, box)
    told_below = ("ports", "privileged", "capabilities", "seccomp", "mount")
    if extra := excess(lab, box, allowed=told_below):
        hint = f"Neither the machine's nor a neighbour's: {extra[0]}."
        raise Mismatch(
            "The app has what is not its own.", wanted="nothing", found="; ".join(extra), hint=hint
        )
    for _ in range(4):  # it may have been started a moment ago
        replies = http(lab, box, "http://127.0.0.1:8080/", times=2)
        if all(reply.ok for reply in replies):
            break
    else:
        hint = "The app writes to /tmp. Can it, in this container?"
        found = replies[-1].status or replies[-1].body
        raise Mismatch("The app does not count a visit.", wanted="200", found=found, hint=hint)
    visits = [int(reply.body) if reply.body.strip().isdecimal() else 0 for reply in replies]
    states = processes(box)
    if not 0 < visits[0] < visits[1] or not running_as(states, COUNTER):
        hint = "It counts, but another program does." if 0 < visits[0] < visits[1] else None
        found = [reply.body[:40] for reply in replies]
        raise Mismatch(
            "What answers is not the given app.", wanted="COUNTER as it is", found=found, hint=hint
        )
    rights(box, states)
    walls(box)
    mounted(lab, box)


def rights(box, states):
    """What the kernel lets each process of the container do, by no name of it."""
    if any("0" in state["Uid"].split() for state in states):
        hint = None
        if not any("0" in state["Uid"].split() for state in running_as(states, COUNTER)):
            hint = "The app is another user, and something beside it is root."
        elif any(int(state["CapBnd"], 16) for state in states):
            hint = "It has the rights of root, too: whatever its process is called."
        raise Mismatch("The app runs as root.", wanted="another user than 0", hint=hint)
    if any(int(state[key], 16) for state in states for key in CAPABILITIES):
        hint = "A user other than root has no capability in use, but may get back those of the bounding set."
        if all(int(state["CapBnd"], 16) > 2**32 for state in states):
            hint = "These are all that there are: which option gives them?"
        raise Mismatch("Capabilities are left to the container.", wanted="none", hint=hint)
    if any(state["NoNewPrivs"] != "1" for state in states):
        raise Mismatch("A set-user-id program could still give new privileges.", wanted="no-new-privileges")
    if any(state["Seccomp"] != "2" for state in states):
        raise Mismatch("The filter of system calls is off.", wanted="the engine's own profile")
    options = [option.replace(":", "=", 1) for option in box.attrs["HostConfig"]["SecurityOpt"] or []]
    if profile := [o for o in options if o.startswith("seccomp=") and o != "seccomp=builtin"]:
        hint = "A filter that lets everything through is none."
        if profile == ["seccomp=unconfined"]:
            hint = "There is a filter, and the program brought it itself."
        raise Mismatch(
            "The filter of system calls is not the engine's own.", found=profile[0][:60], hint=hint
        )


CAPABILITIES = ("CapBnd", "CapPrm", "CapEff", "CapInh", "CapAmb")
GIVEN = {"/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/console"}
"""What the engine mounts for each container, a read-only one too; /proc and /sys beside it."""


def walls(box):
    """That only /tmp can be written, by what the kernel has mounted."""
    said = shell(box, "touch /usr/probe && rm /usr/probe; cat /proc/self/mountinfo", "0")[1]
    lines = [line.split() for line in said.splitlines() if " - " in line]
    written = [line[4].replace("\\040", " ") for line in lines if "rw" in line[5].split(",")]
    if "/" in written or not box.attrs["HostConfig"]["ReadonlyRootfs"]:
        raise Mismatch("The container's own file system can be written.", wanted="read-only, /tmp apart")
    more = {place for place in written if place not in GIVEN and not place.startswith(("/proc/", "/sys/"))}
    if left := sorted(p for p in more - {"/proc", "/sys"} if p != "/tmp" and not p.startswith("/tmp/")):
        places = [m["Destination"] for m in box.attrs["Mounts"] if m["Type"] == "bind"]
        if not set(left) <= set(places):  # a folder of the machine is told as that
            hint = None
            if any(m["Type"] == "volume" and m["Destination"] in left for m in box.attrs["Mounts"]):
                hint = "A volume can be written, unless it is mounted read-only."
            raise Mismatch("More than /tmp can be written.", wanted="/tmp", found=", ".join(left), hint=hint)


def mounted(lab, box):
    """Nothing of the machine is mounted, not as a volume either, of whatever type."""
    folders, hint = [m["Source"] for m in box.attrs["Mounts"] if m["Type"] == "bind"], None
    for m in box.attrs["Mounts"]:
        place = leads_to(lab, m["Name"]) if m["Type"] == "volume" else None
        if place:
            options = volume(lab, m["Name"]).attrs.get("Options") or {}
            folders.append(place)
            hint = "A volume, too, can be a folder of the machine: `docker volume inspect` shows its options."
            if "bind" not in options.get("o", ""):
                hint = f"That volume is the machine's, by its type: {options.get('type')}."
    if folders:
        found = ", ".join(folders)
        raise Mismatch("A folder of the machine is mounted.", wanted="none", found=found, hint=hint)
