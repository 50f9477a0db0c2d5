"""Answers to the exercise of chapter 3, wrong and right."""

from __future__ import annotations

import shlex
from contextlib import suppress

from docker.errors import APIError

from labkit.checks import cli, hand_in, right, wrong

PYTHON = "localhost:5001/python:3.13"
PROGRAM = "greedy = []\nwhile True:\n    greedy = greedy[-9:] + [b'x' * 2**20]\n"
COUNTER = """
import http.server
class Counter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("/tmp/visits", "a+") as kept:
            kept.write("x")
            kept.seek(0)
            visits = len(kept.read())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(visits).encode())
http.server.HTTPServer(("", 8080), Counter).serve_forever()
"""


# --- do: a bounded program

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


# --- transfer: a hardened app

HARD = {
    "user": "10001",
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "tmpfs": {"/tmp": ""},
}


def counter(lab, without=(), program=COUNTER, **options):
    """The app, hardened as asked, with changes."""
    given = {name: value for name, value in HARD.items() if name not in without} | options
    return lab.docker.containers.run(
        PYTHON, ["python3", "-c", program], name="ch03-counter", detach=True, init=True, **given
    )


@wrong("hardened", "root")
def hardened_root(lab):
    counter(lab, without=["user"])


@wrong("hardened", "one capability dropped")
def hardened_one(lab):
    counter(lab, cap_drop=["NET_RAW"])


@wrong("hardened", "privileged, as another user")
def hardened_privileged(lab):
    counter(lab, without=["cap_drop"], privileged=True)


@wrong("hardened", "new privileges are possible")
def hardened_new_privileges(lab):
    counter(lab, without=["security_opt"])


@wrong("hardened", "seccomp switched off")
def hardened_seccomp(lab):
    counter(lab, security_opt=["no-new-privileges", "seccomp=unconfined"])


@wrong("hardened", "a writable root")
def hardened_writable(lab):
    counter(lab, without=["read_only"])


@wrong("hardened", "read-only, and nowhere to write")
def hardened_no_tmp(lab):
    counter(lab, without=["tmpfs"])


@wrong("hardened", "the machine's /tmp in place of a tmpfs")
def hardened_bind(lab):
    counter(lab, without=["tmpfs"], volumes=["/tmp:/tmp"])


@wrong("hardened", "the settings of the machine, as a volume")
def hardened_disguised(lab):
    lab.docker.volumes.create("ch03-etc", driver_opts={"type": "none", "o": "bind", "device": "/etc"})
    counter(lab, volumes=["ch03-etc:/opt/settings:ro"])


@wrong("hardened", "a tmpfs where the settings are, too")
def hardened_wide(lab):
    counter(lab, without=["tmpfs"], tmpfs={"/tmp": "", "/etc": ""})


@wrong("hardened", "another app")
def hardened_other(lab):
    page = "import http.server; http.server.test(http.server.SimpleHTTPRequestHandler, port=8080)"
    counter(lab, program=page)


@right("hardened", "by the docker command, as nobody, with a small tmpfs")
def hardened_cli(lab):
    cli(
        lab,
        "docker run --detach --init --name ch03-counter --user nobody --cap-drop all --read-only "
        "--security-opt no-new-privileges:true --tmpfs /tmp:size=1m,mode=1777 --memory 64m "
        f"{PYTHON} python3 -c {shlex.quote(COUNTER)}",
    )


@right("hardened", "a volume at /tmp, on a network of its own")
def hardened_volume(lab):
    lab.docker.networks.create("ch03-lane")
    counter(lab, without=["tmpfs"], volumes=["ch03-tmp:/tmp"], network="ch03-lane")


# --- repair: the leak


def other(services):
    """A service without a hole."""
    return next(word for word in services["names"] if word != services["leaky"])


@wrong("leak", "names a service that is sound")
def leak_other(lab, services):
    hand_in(lab, "leak", {"name": f"ch03-{other(services)}", "wall": services["wall"]})


@wrong("leak", "the right service, the wrong wall")
def leak_wall(lab, services):
    wall = "files" if services["wall"] != "files" else "network"
    hand_in(lab, "leak", {"name": f"ch03-{services['leaky']}", "wall": wall})


@wrong("leak", "names the option in place of the wall")
def leak_option(lab, services):
    hand_in(lab, "leak", {"name": f"ch03-{services['leaky']}", "wall": "host"})


@wrong("leak", "a name alone")
def leak_name(lab, services):
    hand_in(lab, "leak", f"ch03-{services['leaky']}")


@right("leak", "by the container's name")
def leak_right(lab, services):
    hand_in(lab, "leak", {"name": f"ch03-{services['leaky']}", "wall": services["wall"]})


@right("leak", "by the service's word")
def leak_word(lab, services):
    hand_in(lab, "leak", {"wall": services["wall"], "name": services["leaky"]})


def anew(lab, word, **changes):
    """A service made anew, without a hole, and changes."""
    lab.docker.containers.get(f"ch03-{word}").remove(force=True)
    options = {"mem_limit": "64m", "memswap_limit": "64m", "environment": {"SERVICE": word}}
    options |= {"volumes": [f"ch03-{word}:/data"], "init": True, "detach": True, **changes}
    return lab.docker.containers.run(PYTHON, "sleep infinity", name=f"ch03-{word}", **options)


@wrong("closed", "restarts it")
def closed_restart(lab, services):
    lab.docker.containers.get(f"ch03-{services['leaky']}").restart(timeout=1)


@wrong("closed", "removes it")
def closed_removed(lab, services):
    lab.docker.containers.get(f"ch03-{services['leaky']}").remove(force=True)


@wrong("closed", "makes all four anew")
def closed_all(lab, services):
    for word in services["names"]:
        anew(lab, word)


@wrong("closed", "forgets the volume")
def closed_volume(lab, services):
    anew(lab, services["leaky"], volumes=[])


@wrong("closed", "mounts the volume read-only")
def closed_read_only(lab, services):
    anew(lab, services["leaky"], volumes=[f"ch03-{services['leaky']}:/data:ro"])


@wrong("closed", "forgets the limit")
def closed_limit(lab, services):
    anew(lab, services["leaky"], mem_limit=None, memswap_limit=None)


@wrong("closed", "forgets the setting")
def closed_setting(lab, services):
    anew(lab, services["leaky"], environment={})


@wrong("closed", "closes one hole and opens another")
def closed_another(lab, services):
    hole = {"pid_mode": "host"} if services["wall"] != "processes" else {"network_mode": "host"}
    anew(lab, services["leaky"], **hole)


@right("closed", "by the SDK")
def closed_right(lab, services):
    anew(lab, services["leaky"])


@right("closed", "by the docker command, on a network of its own, read-only")
def closed_cli(lab, services):
    name = f"ch03-{services['leaky']}"
    cli(
        lab,
        f"docker rm --force {name}; docker network create ch03-lane\n"
        f"docker run --detach --init --name {name} --memory 64m --memory-swap 64m --read-only "
        f"--env SERVICE={services['leaky']} --mount type=volume,source={name},target=/data "
        f"--network ch03-lane {PYTHON} sleep infinity",
    )
