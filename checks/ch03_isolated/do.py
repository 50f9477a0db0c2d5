"""Do: a bounded program."""

from __future__ import annotations

from labkit import Mismatch
from labkit.checks import check
from labkit.observe.containers import running, shell

from . import MB

MEMORY, CPUS, PROCESSES = 128 * MB, 0.25, 32


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
    if "greedy" not in shell(box, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '", "0")[1]:
        raise Mismatch("The container does not run the given program.", wanted="PROGRAM, by python3 -c")
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
