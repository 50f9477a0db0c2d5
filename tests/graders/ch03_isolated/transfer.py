"""Transfer: a hardened app."""

from __future__ import annotations

import shlex

from labkit.checks import cli, right, wrong

from . import PYTHON

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
HARD = {
    "user": "10001",
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "tmpfs": {"/tmp": ""},
}


def counter(lab, without=(), program=COUNTER, **options):
    """The app, hardened as asked, with changes."""
    given = {name: value for name, value in HARD.items() if name not in without}
    given |= {"init": True, **options}
    return lab.docker.containers.run(
        PYTHON, ["python3", "-c", program], name="ch03-counter", detach=True, **given
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


def lines(lab, line, without=(), **options):
    """A line of shell, which finds the app in COUNTER, hardened as asked, with changes."""
    given = {name: value for name, value in HARD.items() if name not in without}
    given |= {"environment": {"COUNTER": COUNTER}, **options}
    lab.docker.containers.run(PYTHON, ["sh", "-c", line], name="ch03-counter", detach=True, **given)


@wrong("hardened", "root with every right of the default, whose process is called as a shell is")
def hardened_disguise(lab):
    line = (
        "echo \"open('/proc/self/comm', 'w').write('sh')\" > /tmp/sitecustomize.py\n"
        'PYTHONPATH=/tmp exec python3 -c "$COUNTER"'
    )
    lines(lab, line, without=["user", "cap_drop", "security_opt"])


@wrong("hardened", "the app is nobody, and a shell beside it is root")
def hardened_beside(lab):
    line = 'setpriv --reuid 10001 --clear-groups python3 -c "$COUNTER" & exec sleep infinity'
    lines(lab, line, without=["user", "cap_drop"], cap_drop=["ALL"], cap_add=["SETUID", "SETGID"])


@wrong("hardened", "a filter that lets everything through")
def hardened_profile(lab):
    profile = (
        'seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mount"],"action":"SCMP_ACT_LOG"}]}'
    )
    counter(lab, security_opt=["no-new-privileges", profile])


@wrong("hardened", "the processes of the machine in a volume, by their type")
def hardened_proc(lab):
    lab.docker.volumes.create("ch03-proc", driver_opts={"type": "proc", "device": "proc"})
    counter(lab, volumes=["ch03-proc:/opt/processes:ro"])


@wrong("hardened", "a second volume that can be written")
def hardened_second(lab):
    counter(lab, volumes=["ch03-data:/data"])


@wrong("hardened", "among the machine's processes")
def hardened_processes(lab):
    counter(lab, pid_mode="host")


@wrong("hardened", "on the machine's network")
def hardened_network(lab):
    counter(lab, network_mode="host")


@wrong("hardened", "with the machine's shared memory")
def hardened_ipc(lab):
    counter(lab, ipc_mode="host")


@wrong("hardened", "in the network of a neighbour")
def hardened_neighbour(lab):
    lab.docker.containers.run(PYTHON, "sleep infinity", name="ch03-neighbour", detach=True)
    counter(lab, network_mode="container:ch03-neighbour")


@wrong("hardened", "with a device of the machine")
def hardened_device(lab):
    counter(lab, devices=["/dev/null:/dev/machine:r"])


@wrong("hardened", "without the masks over /proc")
def hardened_unmasked(lab):
    cli(
        lab,
        "docker run --detach --init --name ch03-counter --user 10001 --cap-drop all --read-only --tmpfs /tmp "
        "--security-opt no-new-privileges --security-opt systempaths=unconfined "
        f"{PYTHON} python3 -c {shlex.quote(COUNTER)}",
    )


@wrong("hardened", "another app that counts")
def hardened_memory(lab):
    program = COUNTER.replace('with open("/tmp/visits", "a+") as kept:', "if True:")
    program = program.replace('kept.write("x")', "Counter.n = getattr(Counter, 'n', 0) + 1")
    program = program.replace("kept.seek(0)", "pass").replace("len(kept.read())", "Counter.n")
    counter(lab, program=program)


@wrong("hardened", "from an image of its own")
def hardened_image(lab):
    made = lab.docker.containers.create(PYTHON, "true").commit("ch03-mine", "1")
    lab.docker.containers.run(
        made.id, ["python3", "-c", COUNTER], name="ch03-counter", detach=True, init=True, **HARD
    )


@right("hardened", "a port of the machine for whoever wants to look")
def hardened_port(lab):
    counter(lab, ports={"8080/tcp": ("127.0.0.1", None)})


@right("hardened", "the first process itself, with more limits")
def hardened_first(lab):
    counter(lab, init=False, mem_limit="64m", pids_limit=32, cap_drop=["all"])


@right("hardened", "through a shell, with the app in a variable")
def hardened_variable(lab):
    lines(lab, 'python3 -u -c "$COUNTER"')


@right("hardened", "the engine's filter by its name, and a group")
def hardened_builtin(lab):
    counter(lab, user="1000:1000", security_opt=["no-new-privileges=true"], restart_policy={"Name": "always"})


@right("hardened", "a tmpfs by the long option, read-only volume beside")
def hardened_long(lab):
    from docker.types import Mount

    volume = Mount("/opt", "ch03-read", type="volume", read_only=True)
    counter(lab, without=["tmpfs"], mounts=[Mount("/tmp", None, type="tmpfs"), volume])


@right("hardened", "after a few visits")
def hardened_visited(lab):
    counter(lab)
    box = lab.docker.containers.get("ch03-counter")
    box.exec_run(["python3", "-c", "import time; time.time()"])


@right("hardened", "by the low-level client")
def hardened_low_level(lab):
    api = lab.docker.api
    host = api.create_host_config(
        cap_drop=["ALL"], security_opt=["no-new-privileges"], read_only=True, tmpfs={"/tmp": "size=4m"}
    )
    command = ["python3", "-c", COUNTER + "\n"]
    api.create_container(PYTHON, command, name="ch03-counter", user="65534", host_config=host)
    api.start("ch03-counter")
