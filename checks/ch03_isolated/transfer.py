"""Transfer: a hardened app."""

from __future__ import annotations

from labkit import Mismatch
from labkit.checks import check
from labkit.observe.containers import http, running, shell, volume


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
    for _ in range(4):  # it may have been started a moment ago
        replies = http(lab, box, "http://127.0.0.1:8080/", times=2)
        if all(reply.ok for reply in replies):
            break
    else:
        hint = "The app writes to /tmp. Can it, in this container?"
        found = replies[-1].status or replies[-1].body
        raise Mismatch("The app does not count a visit.", wanted="200", found=found, hint=hint)
    visits = [int(reply.body) if reply.body.strip().isdigit() else 0 for reply in replies]
    if not 0 < visits[0] < visits[1]:
        raise Mismatch("What answers is not the given app.", found=[reply.body[:40] for reply in replies])
    states = [state for state in statuses(box) if state["Name"] not in ("sh", "cat", "docker-init", "tini")]
    if any(state["Uid"].split()[1] == "0" for state in states):
        raise Mismatch("The app runs as root.", wanted="another user than 0")
    if any(int(state["CapBnd"], 16) for state in states):
        hint = "A user other than root has no capability in use, but may get back those of the bounding set."
        if all(int(state["CapBnd"], 16) > 2**32 for state in states):
            hint = "These are all that there are: which option gives them?"
        raise Mismatch("Capabilities are left to the container.", wanted="none", hint=hint)
    if any(state["NoNewPrivs"] != "1" for state in states):
        raise Mismatch("A set-user-id program could still give new privileges.", wanted="no-new-privileges")
    if any(state["Seccomp"] != "2" for state in states):
        raise Mismatch("The filter of system calls is off.", wanted="the engine's own profile")
    if (
        shell(box, "touch /usr/probe && rm /usr/probe", "0")[0] == 0
        or not box.attrs["HostConfig"]["ReadonlyRootfs"]
    ):
        raise Mismatch("The container's own file system can be written.", wanted="read-only, /tmp apart")
    mounted(lab, box)


def mounted(lab, box):
    """Nothing of the machine is mounted, not as a volume either, and only /tmp can be written."""
    folders, hint = [m["Source"] for m in box.attrs["Mounts"] if m["Type"] == "bind"], None
    for m in box.attrs["Mounts"]:
        options = (volume(lab, m["Name"]).attrs.get("Options") or {}) if m["Type"] == "volume" else {}
        if "bind" in options.get("o", ""):
            folders.append(options["device"])
            hint = "A volume, too, can be a folder of the machine: `docker volume inspect` shows its options."
    if folders:
        found = ", ".join(folders)
        raise Mismatch("A folder of the machine is mounted.", wanted="none", found=found, hint=hint)
    places = [m["Destination"] for m in box.attrs["Mounts"] if m["RW"]]
    places += box.attrs["HostConfig"].get("Tmpfs") or []
    if others := sorted({place.rstrip("/") for place in places} - {"/tmp"}):
        raise Mismatch("More than /tmp can be written.", wanted="/tmp", found=", ".join(others))


def statuses(box):
    """What the kernel says of each process of a container."""
    said = shell(box, "cat /proc/[0-9]*/status 2>/dev/null", "0")[1]
    found = []
    for line in said.splitlines():
        key, _, value = line.partition(":")
        if key == "Name":
            found.append({})
        if found:
            found[-1][key] = value.strip()
    return [state for state in found if "NoNewPrivs" in state]
