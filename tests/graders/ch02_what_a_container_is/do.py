"""Do: what two containers share."""

from __future__ import annotations

from labkit.checks import hand_in, right, wrong


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
