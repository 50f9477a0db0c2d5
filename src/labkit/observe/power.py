"""*No more power than asked*: what a container can do beyond one that was started without any option.

What is noted of a container says what the engine was asked for; the kernel says what its processes have. A
check that only looks for the one option that it thinks of does not see the others that open the same door.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import docker
from docker.models.containers import Container

from labkit.lab.lab import Lab
from labkit.observe.containers import shell

DEFAULT_CAPABILITIES = {
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
    *("NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
}
"""What a container has by default (Docker, "Runtime privilege and Linux capabilities")."""

NAMESPACES = {
    "PidMode": "processes",
    "NetworkMode": "network",
    "IpcMode": "shared memory",
    "UTSMode": "host name",
    "UsernsMode": "users",
}
"""The options that choose a namespace, and what the namespace keeps apart."""

MEMORY_ONLY = ("tmpfs",)
"""Types of file system that a local volume can have and that lead nowhere."""

PROCESSES = """
for p in /proc/[0-9]*; do
  case ${p#/proc/} in $$|$PPID) continue;; esac
  { status=$(cat $p/status) && command=$(tr '\\0\\n' '\\001\\002' < $p/cmdline) &&
  cpu=$(sed -n 's/^Max cpu time *\\([^ ]*\\).*/\\1/p' $p/limits); } 2> /dev/null || continue
  printf '%s\\nCommand:\\t%s\\nCpuLimit:\\t%s\\n' "$status" "$command" "$cpu"
done
"""
"""What the kernel says of each process but the shell that asks, and the one that called it."""


def excess(lab: Lab, box: Container, allowed: Collection[str] = ()) -> list[str]:
    """What a container was given beyond the default, in words; empty if nothing.

    Args:
        lab: whose engine.
        box: the container.
        allowed: what the task asks for, by the first word: ``ports``, ``capabilities``, ``mount`` …
    """
    found = [*_privileges(box.attrs["HostConfig"]), *_shared(box.attrs["HostConfig"]), *ways_out(lab, box)]
    return [what for what in found if what.partition(" ")[0].rstrip(":") not in allowed]


def _privileges(noted: Mapping[str, Any]) -> Iterator[str]:
    """Options that give rights."""
    if noted.get("Privileged"):
        yield "privileged"
    added = {name.upper().removeprefix("CAP_") for name in noted.get("CapAdd") or []}
    if more := sorted(added - DEFAULT_CAPABILITIES):
        yield f"capabilities {', '.join(more)}"
    for option in noted.get("SecurityOpt") or []:
        name, _, value = option.replace(":", "=", 1).partition("=")
        if name == "seccomp" and value != "builtin":
            yield "seccomp off" if value == "unconfined" else "seccomp filter of its own"
        elif name == "label" and is_given_up(noted):
            continue  # the engine's own doing
        elif value in ("unconfined", "disable"):
            yield f"{name} {value}"
    if noted.get("MaskedPaths") == [] and not noted.get("Privileged"):
        yield "systempaths unconfined"
    if noted.get("OomKillDisable") or (noted.get("OomScoreAdj") or 0) < 0:
        yield "memory of others goes first when it runs out"


def is_given_up(noted: Mapping[str, Any]) -> bool:
    """Whether the engine itself leaves out SELinux's labels, for they would be in the way."""
    return bool(noted.get("Privileged")) or "host" in (noted.get("PidMode"), noted.get("IpcMode"))


def _shared(noted: Mapping[str, Any]) -> Iterator[str]:
    """Namespaces that are not its own, devices, ports, another place among the control groups."""
    for option, what in NAMESPACES.items():
        mode = noted.get(option) or ""
        if mode == "host":
            yield f"machine's {what}"
        elif mode.startswith("container:"):
            yield f"neighbour's {what}"
    if noted.get("Devices") or noted.get("DeviceRequests") or noted.get("DeviceCgroupRules"):
        places = [d["PathOnHost"] for d in noted.get("Devices") or []]
        yield f"devices {', '.join(places) or 'by a rule'}"
    if noted.get("PortBindings") or noted.get("PublishAllPorts"):
        yield f"ports {', '.join(noted.get('PortBindings') or {}) or 'all'}"
    if noted.get("CgroupParent"):
        yield f"control group {noted['CgroupParent']}"


def ways_out(lab: Lab, box: Container) -> list[str]:
    """The mounts of a container through which it reaches what is not the engine's to give, of any type.

    Args:
        lab: whose engine.
        box: the container.

    Returns:
        One each, such as ``mount /etc``.
    """
    found = []
    for mount in box.attrs["Mounts"]:
        if mount["Type"] == "volume":
            if place := leads_to(lab, mount["Name"]):
                found.append(f"mount {place}")
        elif mount["Type"] not in ("tmpfs", "image"):
            found.append(f"mount {mount.get('Source') or mount['Type']}")
    return found


def leads_to(lab: Lab, volume: str) -> str | None:
    """Where a volume leads, if it is a way out: a folder, a device or a share in place of its own data."""
    try:
        attrs = lab.docker.api.inspect_volume(volume)
    except docker.errors.NotFound:
        return None
    options = attrs.get("Options") or {}
    if attrs["Driver"] != "local":
        return f"{attrs['Driver']}:{volume}"
    is_own = not options.get("type") and not options.get("device")
    return (
        None
        if is_own or options.get("type") in MEMORY_ONLY
        else str(options.get("device") or options["type"])
    )


def processes(box: Container) -> list[dict[str, str]]:
    """What the kernel says of each process in a container; no name is left out, only the shell that asks.

    Args:
        box: the container; its image must have a shell.

    Returns:
        For each the fields of ``/proc/<pid>/status``, its arguments as ``Command`` (as `arguments`
        reads them), and its bound of CPU time as ``CpuLimit``.
    """
    found: list[dict[str, str]] = []
    for line in shell(box, PROCESSES, "0")[1].split("\n"):
        key, _, value = line.partition(":")
        if key == "Name":
            found.append({})
        if found:
            found[-1][key] = value.strip(" \t")
    return [p for p in found if "Command" in p]


def arguments(process: Mapping[str, str]) -> list[str]:
    """A process's program and its arguments."""
    words = process["Command"].removesuffix("\1").split("\1")
    return [word.replace("\2", "\n") for word in words]
