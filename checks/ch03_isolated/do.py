"""Do: a bounded program.

Asked: the given program, by ``python3 -c``, from the given image, in a container of that name; three
bounds, which it has no right to lift; it runs on, alone. Free: lower bounds, other limits, users, fewer
rights, a published port, what starts it (a shell, an init process), a restart policy that has nothing to
do.
"""

from __future__ import annotations

import docker

from labkit import Mismatch, TimedOut, until
from labkit.checks import check
from labkit.observe.containers import running
from labkit.observe.power import arguments, excess, processes

from . import MB, PROGRAM
from .given import from_image, is_python, others, running_as

MEMORY, CPUS, PROCESSES = 128 * MB, 0.25, 32
HELD = 15 * MB
"""What the program and its interpreter hold at least when the program has come to its steady state."""

PATIENCE = 15.0
"""Seconds until then, with a small part of a CPU."""


@check(
    task="do",
    points=3,
    hints=(
        "Three things can be taken without end, and there is an option for each. Which did the chapter set?",
        "`docker inspect` shows under HostConfig what the engine has noted. 0 and null mean no limit.",
    ),
)
def bounded(lab):
    """`ch03-greedy` runs the given program, and cannot take more than memory, CPU and processes allow"""
    box = running(lab, "ch03-greedy")
    from_image(lab, box)
    if extra := excess(lab, box, allowed=["ports"]):
        hint = f"Whoever has it reaches beyond any limit: {extra[0]}."
        raise Mismatch(
            "The program has more rights than a container needs.", found="; ".join(extra), hint=hint
        )
    goes_on(lab, box)
    noted = box.attrs["HostConfig"]
    memory_bounded(noted)
    cpu_bounded(noted)
    found = noted.get("PidsLimit") or 0
    if not 0 < found <= PROCESSES:
        hint = None if found > 0 else "Each process takes a place in the kernel's table, which all share."
        told = {"wanted": f"at most {PROCESSES}", "found": found if found > 0 else "no limit", "hint": hint}
        raise Mismatch("The number of processes is not bounded as asked.", **told)
    held = lab.docker.api.stats(box.id, stream=False, one_shot=True)
    if held["memory_stats"].get("limit", 0) > MEMORY:
        raise Mismatch("The kernel holds another limit than the engine has noted.", wanted="128 MB")
    if held["pids_stats"].get("limit", 0) > PROCESSES:
        raise Mismatch("The kernel holds another limit than the engine has noted.", wanted="32 processes")
    start = box.attrs["State"]["StartedAt"]
    if running(lab, "ch03-greedy").attrs["State"]["StartedAt"] != start:
        raise Mismatch("ch03-greedy was started anew while it was looked at.", wanted="it runs on")


def goes_on(lab, box):
    """That the given program itself runs, alone, and does not end by itself."""
    if count := box.attrs["RestartCount"]:
        hint = "What ends it each time?"
        raise Mismatch(
            "The program has ended and was started anew.", wanted="it runs on", found=count, hint=hint
        )
    listed, own = [], []

    def steady():
        """Whether the program has taken what it holds."""
        nonlocal listed, own
        running(lab, box.name)
        try:
            listed = processes(box)
        except docker.errors.APIError:  # it ended meanwhile
            running(lab, box.name)
            return False
        own = running_as(listed, PROGRAM)
        at_work = [p for p in own if held_by(p) >= HELD]
        return at_work or (listed and not own) or any(p["State"].startswith("T") for p in own)

    try:
        until(steady, timeout=PATIENCE, what="the program holds its 10 MB")
    except TimedOut:
        raise Mismatch(
            "The program does not get to hold its 10 MB.", found=f"within {PATIENCE:g} s"
        ) from None
    if not own:
        hint = None
        if any("greedy" in p["Command"] for p in listed):
            hint = "That its name stands in a command line does not make it run."
        if any("greedy" in p["Command"] and is_python(arguments(p)) for p in listed):
            hint = "What runs is another program, whose text looks alike."
        wanted = "PROGRAM as it is given, by python3 -c"
        raise Mismatch("The container does not run the given program.", wanted=wanted, hint=hint)
    if any(p["State"].startswith("T") for p in own):
        raise Mismatch("The program has been stopped by a signal.", wanted="it computes")
    if more := others(listed, own):
        hint = "`timeout` ends what it starts." if "timeout" in more else None
        raise Mismatch("Something runs beside the program.", found=", ".join(more), hint=hint)
    if bound := next((p["CpuLimit"] for p in own if p["CpuLimit"] != "unlimited"), None):
        hint = "That bounds how long it lives, not which part of a CPU it takes."
        found = f"{bound} s of CPU time, then the kernel ends it"
        raise Mismatch("The program ends by itself.", wanted="it runs on", found=found, hint=hint)


def held_by(process):
    """How many bytes a process holds, in memory or swapped out."""
    return sum(int(process.get(key, "0").split()[0]) * 1024 for key in ("VmRSS", "VmSwap"))


def memory_bounded(noted):
    """Memory, and memory and swap together."""
    found = noted["Memory"]
    if not 0 < found <= MEMORY:
        hint = "A reservation is what a container should have, not what it may have."
        told = {"wanted": "at most 128 MB", "found": f"{found // MB} MB" if found else "no limit"}
        raise Mismatch(
            "Memory is not bounded as asked.", **told, hint=hint if noted["MemoryReservation"] else None
        )
    swap = noted["MemorySwap"]
    if swap == -1 or swap > MEMORY:
        hint = "With memory alone, the engine lets as much again go to swap. What did it note?"
        found = "no limit" if swap == -1 else f"{swap // MB} MB"
        raise Mismatch(
            "Memory and swap together are not bounded as asked.",
            wanted="at most 128 MB",
            found=found,
            hint=hint,
        )


def cpu_bounded(noted):
    """The quota, in either spelling."""
    share = noted["NanoCpus"] / 1e9 or max(0, noted["CpuQuota"]) / (noted["CpuPeriod"] or 100_000)
    if 0 < share <= CPUS:
        return
    hint = None
    if noted["CpuShares"]:
        hint = "A weight divides what is wanted at the same time. On an idle machine it bounds nothing."
    if noted["CpusetCpus"]:
        hint = "That says which CPUs it may use, not how much of them."
    raise Mismatch(
        "CPU is not bounded as asked.", wanted=f"at most {CPUS}", found=share or "no quota", hint=hint
    )
