"""Answers to the exercise of chapter 2, wrong and right."""

from __future__ import annotations

import re

from labkit.checks import cli, hand_in, right, wrong

BASE, PYTHON = "debian:trixie-slim", "localhost:5001/python:3.13"
JOINED = {"pid_mode": "container:ch02-app", "network_mode": "container:ch02-app"}


# --- do: what two containers share


@wrong("shared", "reads the namespaces of process 1, whosever it is")
def shared_process_one(lab):
    def shared(client, first, second):
        def seen(name, line):
            return client.containers.get(name).exec_run(["sh", "-c", line]).output

        kinds = {k: f"readlink /proc/1/ns/{k}" for k in ("pid", "mnt", "net", "uts", "ipc")}
        looks = {"kernel": "cat /proc/sys/kernel/random/boot_id", **kinds}
        return {k: seen(first, line) == seen(second, line) for k, line in looks.items()}

    hand_in(lab, "shared", shared)


@wrong("shared", "compares the options that they were started with")
def shared_options(lab):
    def shared(client, first, second):
        one, two = (client.containers.get(name).attrs["HostConfig"] for name in (first, second))
        options = {"pid": "PidMode", "net": "NetworkMode", "uts": "UTSMode", "ipc": "IpcMode"}
        return {"kernel": True, "mnt": False, **{k: one[o] == two[o] for k, o in options.items()}}

    hand_in(lab, "shared", shared)


@wrong("shared", "takes all containers for separate")
def shared_nothing(lab):
    def shared(client, first, second):
        return {"kernel": True, **dict.fromkeys(("pid", "mnt", "net", "uts", "ipc"), False)}

    hand_in(lab, "shared", shared)


@wrong("shared", "takes containers for machines with a kernel each")
def shared_no_kernel(lab):
    def shared(client, first, second):
        return dict.fromkeys(("kernel", "pid", "mnt", "net", "uts", "ipc"), False)

    hand_in(lab, "shared", shared)


@wrong("shared", "takes what no pair of the chapter shared for always apart")
def shared_never_ipc(lab):
    def shared(client, first, second):
        def seen(name, kind):
            return client.containers.get(name).exec_run(["readlink", f"/proc/self/ns/{kind}"]).output

        looked = {k: seen(first, k) == seen(second, k) for k in ("pid", "net", "uts")}
        return {"kernel": True, "mnt": False, "ipc": False, **looked}

    hand_in(lab, "shared", shared)


@wrong("shared", "gives the numbers in place of their equality")
def shared_numbers(lab):
    def shared(client, first, second):
        box = client.containers.get(first)
        kinds = ("pid", "mnt", "net", "uts", "ipc")
        found = {k: box.exec_run(["readlink", f"/proc/self/ns/{k}"]).output.decode() for k in kinds}
        return {"kernel": box.exec_run(["uname", "-r"]).output.decode(), **found}

    hand_in(lab, "shared", shared)


@wrong("shared", "leaves out what it never finds shared")
def shared_five(lab):
    def shared(client, first, second):
        return {"kernel": True, "pid": False, "net": False, "uts": False, "ipc": False}

    hand_in(lab, "shared", shared)


@wrong("shared", "looks in the /proc of the computer it runs on")
def shared_local(lab):
    def shared(client, first, second):
        from pathlib import Path

        numbers = [10**7 + client.containers.get(n).attrs["State"]["Pid"] for n in (first, second)]
        kinds = ("pid", "mnt", "net", "uts", "ipc")
        one, two = ([str(Path(f"/proc/{n}/ns/{k}").readlink()) for k in kinds] for n in numbers)
        return {"kernel": True, **{k: a == b for k, a, b in zip(kinds, one, two, strict=True)}}

    hand_in(lab, "shared", shared)


@right("shared", "from outside, by the machine's numbers")
def shared_outside(lab):
    def shared(client, first, second):
        pids = [client.containers.get(name).attrs["State"]["Pid"] for name in (first, second)]
        kinds = ("pid", "mnt", "net", "uts", "ipc")
        line = "; ".join(f"readlink /proc/{pid}/ns/{kind}" for kind in kinds for pid in pids)
        options = {"pid_mode": "host", "privileged": True, "remove": True}
        said = client.containers.run("debian:trixie-slim", ["sh", "-c", line], **options).decode().split()
        return {"kernel": True, **{k: said[2 * i] == said[2 * i + 1] for i, k in enumerate(kinds)}}

    hand_in(lab, "shared", shared)


@right("shared", "from inside, by one look in each")
def shared_inside(lab):
    def shared(client, first, second):
        kinds = ["pid", "mnt", "net", "uts", "ipc"]
        line = "cd /proc/self/ns; readlink " + " ".join(kinds) + "; uname -r"
        seen = [client.containers.get(n).exec_run(["sh", "-c", line]).output.split() for n in (first, second)]
        return {kind: a == b for kind, a, b in zip([*kinds, "kernel"], *seen, strict=True)}

    hand_in(lab, "shared", shared)


# --- transfer: a lens


def lens(lab, image=PYTHON, command="sleep infinity", **options):
    """Starts the lens."""
    return lab.docker.containers.run(image, command, name="ch02-lens", detach=True, **options)


@wrong("lens", "with the machine's list of processes")
def lens_host(lab, closed):
    lens(lab, pid_mode="host", network_mode="container:ch02-app")


@wrong("lens", "joins the list of processes alone")
def lens_pid(lab, closed):
    lens(lab, pid_mode="container:ch02-app")


@wrong("lens", "joins the network alone")
def lens_net(lab, closed):
    lens(lab, network_mode="container:ch02-app")


@wrong("lens", "is plugged into the same network")
def lens_bridge(lab, closed):
    lens(lab, network="bridge")


@wrong("lens", "its command ends at once")
def lens_ends(lab, closed):
    lens(lab, command="true", **JOINED).wait()


@wrong("lens", "restarts the app afterwards")
def lens_restart(lab, closed):
    looking = lens(lab, **JOINED)
    lab.docker.containers.get("ch02-app").restart(timeout=0)
    lab.wait(looking, "exited")


@wrong("lens", "created, and not started")
def lens_created(lab, closed):
    lab.docker.containers.create(PYTHON, "sleep infinity", name="ch02-lens", **JOINED)


@wrong("lens", "makes the app anew, inside of the lens")
def lens_turned(lab, closed):
    lab.docker.containers.get("ch02-app").remove(force=True)
    lens(lab)
    joined = {mode: value.replace("app", "lens") for mode, value in JOINED.items()}
    serve = f"echo {closed['word']} > index.html; exec python3 -m http.server 9000 --bind 127.0.0.1"
    joined |= {"name": "ch02-app", "detach": True, "working_dir": "/srv"}
    lab.docker.containers.run(PYTHON, ["sh", "-c", serve], **joined)


@right("lens", "by the docker command")
def lens_cli(lab, closed):
    cli(
        lab,
        f"docker run --detach --name ch02-lens --pid container:ch02-app "
        f"--network container:ch02-app {BASE} sleep infinity",
    )


@right("lens", "by the app's id, with more rights")
def lens_by_id(lab, closed):
    app = lab.docker.containers.get("ch02-app")
    modes = dict.fromkeys(JOINED, f"container:{app.id}")
    lens(lab, cap_add=["SYS_PTRACE"], ipc_mode="private", **modes)


# --- repair: a stray worker


def number(lab):
    """The stray worker's number, from the log."""
    return re.search(r"\d+", lab.docker.containers.get("ch02-monitor").logs().decode())[0]


def on_machine(lab, line):
    """Runs a line of shell in a helper with the machine's list of processes."""
    options = {"pid_mode": "host", "privileged": True, "remove": True}
    return lab.docker.containers.run(BASE, ["sh", "-c", line], **options).decode()


def inside(lab, of):
    """The numbers that a process of the machine has inside of its container."""
    return on_machine(lab, f"grep NSpid /proc/{of}/status").split()[-1]


def box(lab, crowd, index=0):
    """A container of the crowd; the first one has the stray worker."""
    return lab.docker.containers.get(f"ch02-{crowd['names'][index]}")


@wrong("owner", "names the one that wrote the log")
def owner_monitor(lab, crowd):
    hand_in(lab, "owner", "ch02-monitor")


@wrong("owner", "hands in the number")
def owner_number(lab, crowd):
    hand_in(lab, "owner", int(number(lab)))


@wrong("owner", "names another container, whose process has the same number inside")
def owner_other(lab, crowd):
    hand_in(lab, "owner", f"ch02-{crowd['names'][2]}")


@right("owner", "by the path of its cgroup")
def owner_cgroup(lab, crowd):
    path = on_machine(lab, f"cat /proc/{number(lab)}/cgroup")
    hand_in(lab, "owner", next(c.name for c in lab.docker.containers.list() if c.id in path))


@right("owner", "by its parent, as an id")
def owner_parent(lab, crowd):
    parent = int(on_machine(lab, f"grep PPid /proc/{number(lab)}/status").split()[-1])
    pids = {c.attrs["State"]["Pid"]: c.short_id for c in lab.docker.containers.list()}
    hand_in(lab, "owner", pids[parent])


@wrong("ended", "looks only")
def ended_nothing(lab, crowd):
    number(lab)


@wrong("ended", "removes its container")
def ended_removed(lab, crowd):
    box(lab, crowd).remove(force=True)


@wrong("ended", "kills its container")
def ended_killed(lab, crowd):
    box(lab, crowd).kill()


@wrong("ended", "restarts its container")
def ended_restarted(lab, crowd):
    box(lab, crowd).restart(timeout=0)


def a_worker(spared=0):
    """A line that ends one worker of its container, which has numbers of its own there; one is spared."""
    test = f"test $n = sleep && test $p != /proc/{spared}"
    return f"for p in /proc/[0-9]*; do read n < $p/comm; {test} && kill -KILL ${{p#/proc/}} && break; done"


@wrong("ended", "ends another worker of the same container")
def ended_sibling(lab, crowd):
    box(lab, crowd).exec_run(["sh", "-c", a_worker(spared=inside(lab, number(lab)))])


@wrong("ended", "ends a worker of another container")
def ended_elsewhere(lab, crowd):
    box(lab, crowd, 1).exec_run(["sh", "-c", a_worker()])


@wrong("ended", "ends it, and a worker of every other container")
def ended_everywhere(lab, crowd):
    on_machine(lab, f"kill -KILL {number(lab)}")
    for index in range(1, 4):
        box(lab, crowd, index).exec_run(["sh", "-c", a_worker()])


@wrong("ended", "stops the process, which can go on")
def ended_stopped(lab, crowd):
    on_machine(lab, f"kill -STOP {number(lab)}")


@right("ended", "from outside, by the machine's number")
def ended_outside(lab, crowd):
    on_machine(lab, f"kill -KILL {number(lab)}")


@right("ended", "from inside, by the docker command")
def ended_inside(lab, crowd):
    own = inside(lab, number(lab))
    cli(lab, f"docker exec ch02-{crowd['names'][0]} sh -c 'kill {own}'")
