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


def in_shell(lab, line, **options):
    """A line of shell, which finds the program in PROGRAM, with the bounds that are asked."""
    command = ["sh", "-c", line]
    given = {**BOUNDS, "environment": {"PROGRAM": PROGRAM}, **options}
    return lab.docker.containers.run(PYTHON, command, name="ch03-greedy", detach=True, **given)


@wrong("bounded", "the program's name in a command line")
def bounded_word(lab):
    in_shell(lab, "sleep infinity; : greedy")


@wrong("bounded", "the program beside another that looks like it")
def bounded_like(lab):
    greedy(lab, program="greedy = []\nimport signal; signal.pause()")


@wrong("bounded", "under a timeout of 20 seconds")
def bounded_timeout(lab):
    in_shell(lab, 'exec timeout 20 python3 -c "$PROGRAM"')


@wrong("bounded", "with a clock beside it that ends it, and a restart policy")
def bounded_restarts(lab):
    line = 'python3 -c "$PROGRAM" & sleep 30; kill $!'
    in_shell(lab, line, restart_policy={"Name": "always"})


@wrong("bounded", "an amount of CPU time in place of a part of a CPU per time")
def bounded_cpu_time(lab):
    from docker.types import Ulimit

    greedy(lab, ulimits=[Ulimit(name="cpu", soft=60, hard=60)])


@wrong("bounded", "stopped by a signal")
def bounded_stopped(lab):
    box = in_shell(lab, 'python3 -c "$PROGRAM" & wait')
    lab.wait(box, "running")
    line = "until p=$(grep -l python /proc/[0-9]*/comm); do :; done\nkill -STOP $(basename $(dirname $p))"
    box.exec_run(["sh", "-c", line])


@wrong("bounded", "from an image of its own")
def bounded_image(lab):
    box = lab.docker.containers.create(PYTHON, "true")
    made = box.commit("ch03-mine", "1")
    command = ["python3", "-c", PROGRAM]
    lab.docker.containers.run(made.id, command, name="ch03-greedy", detach=True, **BOUNDS)


@wrong("bounded", "privileged: it could lift its limits")
def bounded_privileged(lab):
    greedy(lab, privileged=True)


@wrong("bounded", "with the machine's files")
def bounded_files(lab):
    greedy(lab, volumes=["/:/machine"])


@wrong("bounded", "with the engine's socket")
def bounded_socket(lab):
    greedy(lab, volumes=["/var/run/docker.sock:/var/run/docker.sock"])


@wrong("bounded", "among the machine's processes")
def bounded_host(lab):
    greedy(lab, pid_mode="host")


@wrong("bounded", "with the right to administer the system")
def bounded_admin(lab):
    greedy(lab, cap_add=["SYS_ADMIN"])


@wrong("bounded", "in a control group of its own choice")
def bounded_parent(lab):
    greedy(lab, cgroup_parent="/ch03-apart")


@wrong("bounded", "without the filter of system calls")
def bounded_seccomp(lab):
    greedy(lab, security_opt=["seccomp=unconfined"])


@wrong("bounded", "64 processes")
def bounded_64(lab):
    greedy(lab, pids_limit=64)


@right("bounded", "through a shell, with the program in a variable")
def bounded_variable(lab):
    in_shell(lab, 'python3 -c "$PROGRAM"', init=True)


@right("bounded", "with the interpreter as the entrypoint, and blanks around the program")
def bounded_entrypoint(lab):
    lab.docker.containers.run(
        PYTHON,
        ["-u", "-c", f"\n\n{PROGRAM}\n# the end"],
        entrypoint="/usr/bin/python3",
        name="ch03-greedy",
        detach=True,
        **BOUNDS,
    )


@right("bounded", "hardened beside, and started again by the engine if need be")
def bounded_hardened(lab):
    options = {"read_only": True, "cap_drop": ["ALL"], "user": "1000", "network_mode": "none"}
    greedy(lab, restart_policy={"Name": "unless-stopped"}, tmpfs={"/tmp": ""}, **options)


@right("bounded", "a twentieth of a CPU, counted over a fifth of a second, and tight memory")
def bounded_slow(lab):
    quota = {"cpu_quota": 20_000, "cpu_period": 200_000}
    greedy(lab, without=["nano_cpus"], mem_limit="40m", memswap_limit="40m", **quota)


@right("bounded", "by the image's id, step by step")
def bounded_id(lab):
    given = {"nano_cpus": 200_000_000, "mem_limit": 128 * 2**20, "memswap_limit": "131072k", "pids_limit": 8}
    image = lab.docker.images.get(PYTHON).id
    lab.docker.containers.create(image, ["python3", "-c", PROGRAM], name="ch03-greedy", **given).start()


@right("bounded", "with a port, labels and limits that nobody asked for")
def bounded_more(lab):
    greedy(lab, labels={"note": "x"}, cpu_shares=128, mem_reservation="32m", ports={"80/tcp": None})
