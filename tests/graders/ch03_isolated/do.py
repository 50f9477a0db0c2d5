"""Do: a bounded program."""

from __future__ import annotations

import shlex
from contextlib import suppress

from docker.errors import APIError

from labkit.checks import cli, right, wrong

from . import PYTHON

PROGRAM = "greedy = []\nwhile True:\n    greedy = greedy[-9:] + [b'x' * 2**20]\n"
BOUNDS = {"mem_limit": "128m", "memswap_limit": "128m", "nano_cpus": 250_000_000, "pids_limit": 32}


def greedy(lab, without=(), program=PROGRAM, **options):
    """The program, with the bounds that are asked, and changes."""
    given = {name: value for name, value in BOUNDS.items() if name not in without} | options
    return lab.docker.containers.run(
        PYTHON, ["python3", "-c", program], name="ch03-greedy", detach=True, **given
    )


@wrong("bounded", "no limit at all")
def bounded_not(lab):
    greedy(lab, without=BOUNDS)


@wrong("bounded", "memory without swap")
def bounded_swap(lab):
    greedy(lab, without=["memswap_limit"])


@wrong("bounded", "a reservation in place of a limit")
def bounded_reservation(lab):
    greedy(lab, without=["mem_limit", "memswap_limit"], mem_reservation="64m")


@wrong("bounded", "a weight in place of a quota")
def bounded_weight(lab):
    greedy(lab, without=["nano_cpus"], cpu_shares=256)


@wrong("bounded", "one CPU chosen in place of a quota")
def bounded_cpuset(lab):
    greedy(lab, without=["nano_cpus"], cpuset_cpus="0")


@wrong("bounded", "a quarter, counted in hundredths")
def bounded_quota(lab):
    greedy(lab, nano_cpus=2_500_000_000 // 2)


@wrong("bounded", "processes forgotten")
def bounded_processes(lab):
    greedy(lab, without=["pids_limit"])


@wrong("bounded", "so little memory that the program is killed")
def bounded_tight(lab):
    with suppress(APIError):  # so little may not even start; it does not run, either way
        lab.wait(greedy(lab, mem_limit="12m", memswap_limit="12m"), "exited")


@wrong("bounded", "a container that sleeps, with the right limits")
def bounded_sleeps(lab):
    greedy(lab, program="import signal; signal.pause()")


@right("bounded", "by the docker command, with less than is allowed")
def bounded_cli(lab):
    cli(
        lab,
        "docker run --detach --name ch03-greedy --memory 64m --memory-swap 64m --cpus 0.2 --pids-limit 16 "
        f"--init {PYTHON} python3 -c {shlex.quote(PROGRAM)}",
    )


@right("bounded", "a quota of 25 ms in 100, and the memory added while it runs")
def bounded_update(lab):
    quota = {"cpu_quota": 25_000, "cpu_period": 100_000, "cpu_shares": 512}
    box = greedy(lab, without=["nano_cpus", "mem_limit", "memswap_limit"], **quota)
    box.update(mem_limit="128m", memswap_limit="128m")
