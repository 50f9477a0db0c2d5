"""What "done" means in the exercise of chapter 3: a bounded program, a hardened app, a leak closed."""

from __future__ import annotations

from random import Random

from labkit import Mismatch, Missing
from labkit.checks import check, scene
from labkit.observe.containers import http, run, running, shell, volume

PYTHON = "localhost:5001/python:3.13"
IMAGES = ()
MB = 2**20
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


WALLS = {
    "files": {"volumes": ["/etc:/opt/settings"]},
    "processes": {"pid_mode": "host"},
    "network": {"network_mode": "host"},
}


def four(random: Random):
    """Four services of which one has a hole in one wall; names say nothing."""
    words = random.sample(
        ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "indigo", "juniper"), 4
    )
    token = f"{random.randrange(16**8):08x}"
    return {
        "names": words,
        "leaky": random.choice(words),
        "wall": random.choice(sorted(WALLS)),
        "token": token,
    }


@scene(four)
def services(lab, facts):
    """four services, each with a volume at `/data`, of which one has a hole in a wall"""
    for word in facts["names"]:
        options = {"detach": True, "init": True, "mem_limit": "64m", "memswap_limit": "64m"}
        options |= {"environment": {"SERVICE": word}, "volumes": [f"ch03-{word}:/data"]}
        if word == facts["leaky"]:
            hole = WALLS[facts["wall"]]
            options |= {**hole, "volumes": options["volumes"] + hole.get("volumes", [])}
        box = lab.docker.containers.run(PYTHON, "sleep infinity", name=f"ch03-{word}", **options)
        box.exec_run(["sh", "-c", f"echo {facts['token']} | tee /data/kept > /root/kept"])


@check(
    task="repair",
    points=1,
    needs=services,
    hints=(
        "For each wall: what would a container see that has a hole in it?",
        "Ask all four the same question. The odd one out has the hole.",
    ),
)
def leak(lab, answer, services):
    """The leaky service is named, and the wall that has the hole"""
    if not isinstance(answer, dict) or set(answer) != {"name", "wall"}:
        raise Mismatch("The answer does not have its two parts.", wanted="name, wall", found=answer)
    if str(answer["name"]).removeprefix("ch03-") != services["leaky"]:
        raise Mismatch("That service is walled on all sides.", found=answer["name"])
    if answer["wall"] not in WALLS:
        raise Mismatch("There is no such wall here.", wanted=", ".join(sorted(WALLS)), found=answer["wall"])
    if answer["wall"] != services["wall"]:
        raise Mismatch("The service is the right one, and that wall of it stands.", found=answer["wall"])


@check(
    task="repair",
    points=3,
    needs=services,
    timeout=60,
    hints=(
        "A container's mounts and namespaces are settled when it is created.",
        "Note what the old one has that is right (`docker inspect`) before you remove it.",
    ),
)
def closed(lab, services):
    """The hole is closed: the service runs with all else as it was, and the other three are untouched"""
    word, token = services["leaky"], services["token"]
    for other in services["names"]:
        if other == word:
            continue
        box = service(lab, other)
        if shell(box, "cat /root/kept", "0")[1] != token:
            raise Mismatch("A service that had no hole was made anew.", found=box.name, fix=AGAIN)
    box = service(lab, word)
    if holes := holes_of(lab, box):
        hint = None if services["wall"] in holes else "The old hole is closed, and another one is open."
        raise Mismatch("The service has a hole in a wall.", found=", ".join(holes), hint=hint)
    if shell(box, "cat /data/kept", "0")[1] != token:
        hint = "Its data were in a volume. Which, and where was it mounted?"
        raise Mismatch("The service has lost its data.", wanted=f"the volume ch03-{word} at /data", hint=hint)
    if not any(m.get("Name") == f"ch03-{word}" and m["RW"] for m in box.attrs["Mounts"]):
        raise Mismatch("The service cannot write to its volume.", wanted=f"ch03-{word} at /data, writable")
    noted = box.attrs["HostConfig"]
    if (noted["Memory"], noted["MemorySwap"]) != (64 * MB, 64 * MB):
        found = f"{noted['Memory'] // MB} MB, with swap {noted['MemorySwap'] // MB} MB"
        raise Mismatch("The service has not the memory limit that it had.", wanted="64 MB, both", found=found)
    if f"SERVICE={word}" not in box.attrs["Config"]["Env"]:
        raise Mismatch("The service has lost its setting SERVICE.", wanted=word)


AGAIN = 'start("services") sets it up anew'


def service(lab, word):
    """A service that runs."""
    try:
        return running(lab, f"ch03-{word}")
    except Missing:
        raise Missing("A service is gone.", found=f"ch03-{word}") from None
    except Mismatch as e:
        raise Mismatch("A service does not run.", found=f"ch03-{word}: {e.found}") from None


def holes_of(lab, box):
    """The walls of a container that have a hole, by what it shares with the machine."""
    noted, found = box.attrs["HostConfig"], []
    if noted["Privileged"]:
        found.append("privileged")
    if any(m["Type"] == "bind" for m in box.attrs["Mounts"]):
        found.append("files")
    kinds = {"pid": "processes", "net": "network"}
    line = "; ".join(f"readlink /proc/self/ns/{kind}" for kind in kinds)
    machine = run(lab, "sh", "-c", line, image=PYTHON, pid_mode="host", network_mode="host")
    own = shell(box, line, "0")[1]
    joined = (noted["PidMode"], noted["NetworkMode"])  # a neighbour's is none of its own, either
    for wall, there, here, mode in zip(kinds.values(), machine.split(), own.split(), joined, strict=True):
        if there == here or mode.startswith("container:"):
            found.append(wall)
    return found
