"""What "done" means in the exercise of chapter 4: a stop in order, two services apart, a hang noticed."""

from __future__ import annotations

from contextlib import suppress
from random import Random

from labkit import Mismatch, TimedOut
from labkit.checks import check, scene
from labkit.observe.containers import http, http_on, last_words, network, running
from labkit.observe.shutdown import answers, control, stopped, was_asked

IMAGES = ("web:1.0",)
WEB = "localhost:5001/web:1.0"
PROMPT, TRIES = 1.0, 3
"""Seconds asked for, and how often the stop is tried."""

KILLED, TERMINATED = 137, 143
OVER = {True: ("exited", "running"), False: ("exited",)}  # one that is "restarting" cannot be asked
PORTS = {"ch04-front": 8080, "ch04-store": 8081}
SECOND = 1_000_000_000
NOTICED = 15
"""Seconds after which a hang must have been noticed; the task says 10, the machine may be slow."""


@check(
    task="do",
    points=3,
    timeout=90,
    hints=(
        "`docker stop` asks one process of the container, and only one. Which one is it here?",
        "A shell can wait for the server, or become the server.",
    ),
)
def prompt(lab):
    """`ch04-clerk` says `opening`, serves on port 8080, and stops in order within a second"""
    box = running(lab, "ch04-clerk")
    if answers(lab, box, 8080) is None:
        raise Mismatch("ch04-clerk does not answer on port 8080.", found=last_words(box))
    if "opening" not in box.logs().decode(errors="replace").splitlines():
        raise Mismatch("ch04-clerk's log has no line `opening`.", found=last_words(box))
    took, state = stopped(lab, box)
    in_order(box, state)
    was_asked(lab, box)
    limit = PROMPT
    for _ in range(TRIES - 1):
        if took <= limit:
            return
        limit = max(limit, control(lab, WEB))  # a machine so busy that a good container takes longer
        took = min(took, stopped(lab, box)[0])
    if took > limit:
        raise Mismatch("ch04-clerk stops in order, and too slowly.", wanted="1 s", found=f"{took:.1f} s")


def in_order(box, state):
    """Holds an exit code against 0, and says what the foreseen mistakes come from."""
    code, config = state["ExitCode"], box.attrs["Config"]
    if code == 0:
        return
    wanted, found = "exit code 0", f"exit code {code}"
    if code == KILLED:
        hint = "The signal reached process 1, and nobody else."
        if config.get("StopTimeout") is not None:
            hint = "A shorter grace period only kills sooner; the check gives it five seconds."
        if config.get("StopSignal") in ("SIGKILL", "KILL", "9"):
            hint = "SIGKILL asks nobody: the server has no chance to end in order."
        raise Mismatch("ch04-clerk was killed at the stop.", wanted=wanted, found=found, hint=hint)
    hint = None
    if code == TERMINATED:
        hint = "Who waits until the server has ended, and with which status?"
        if box.attrs["HostConfig"].get("Init"):
            hint = "docker-init passes the signal to its child. Is that the server?"
    raise Mismatch("ch04-clerk stops, but not in order.", wanted=wanted, found=found, hint=hint)


@check(
    task="transfer",
    points=2,
    timeout=60,
    hints=(
        "For each of the two containers: which process is number 1, and on which port does it listen?",
        "Ask each container for both ports, from inside of it.",
    ),
)
def split(lab):
    """`ch04-front` and `ch04-store` run one service each and are reached by name on `ch04-market`"""
    net = network(lab, "ch04-market")
    boxes = {name: running(lab, name) for name in PORTS}
    for name, box in boxes.items():
        if net.name not in box.attrs["NetworkSettings"]["Networks"]:
            mode, hint = box.attrs["HostConfig"]["NetworkMode"], None
            if mode.startswith("container:"):
                mode = "another container's network"
                hint = "Who shares another's network has no name on it, and goes down with it."
            raise Mismatch(f"{name} is not on the network.", wanted=net.name, found=mode, hint=hint)
    for name, box in boxes.items():
        own_service(lab, box, name.removeprefix("ch04-"), PORTS[name], sum(PORTS.values()) - PORTS[name])
    for name, port in PORTS.items():
        if not http_on(lab, net.name, f"http://{name}:{port}/healthz")[0].ok:
            raise Mismatch(f"{name} cannot be reached by its name on ch04-market.", wanted=f"port {port}")
    return boxes


def own_service(lab, box, greeting, port, other):
    """A container answers as its own service on its own port, and nothing answers on the other one."""
    service = answers(lab, box, port)
    if service is None:
        raise Mismatch(f"{box.name} does not answer on port {port}.", found=last_words(box))
    if (found := service.get("greeting")) != greeting:
        raise Mismatch(f"{box.name} does not greet as {greeting}.", wanted=greeting, found=found)
    if http(lab, box, f"http://127.0.0.1:{other}/healthz")[0].status:
        hint = "Does it still run the script that starts both?"
        raise Mismatch(f"In {box.name} something answers on port {other} too.", wanted="nothing", hint=hint)


@check(
    task="transfer",
    points=2,
    needs=split,
    timeout=120,
    hints=(
        "What does the engine do when a container ends? Who told it to?",
        "The engine must see the crash first: what is process 1?",
    ),
)
def mended(lab, split):
    """When one of the two crashes, the engine starts it again, and the other one runs on"""
    front, store = split.values()
    for box, other in ((store, front), (front, store)):
        crashes(lab, box, other)


def crashes(lab, box, other):
    """Crashes a service by a request; it must come back, and the other must not have been restarted."""
    for each in (box, other):
        each.reload()
    before, others_start = box.attrs["RestartCount"], other.attrs["State"]["StartedAt"]
    http(lab, box, f"http://127.0.0.1:{PORTS[box.name]}/crash")
    try:
        lab.wait(box, lambda b: b.status in OVER[b.attrs["RestartCount"] > before], timeout=10)
    except TimedOut:
        hint = "A crash is seen only where it is process 1 that ends."
        raise Mismatch(f"{box.name} crashed, and the engine did not see it.", hint=hint) from None
    finally:
        box.reload()
        back(box, before)
    other.reload()
    if answers(lab, box, PORTS[box.name]) is None:
        raise Mismatch(f"{box.name} was started again and does not answer.", found=last_words(box))
    if other.attrs["State"]["StartedAt"] != others_start:
        raise Mismatch(f"{other.name} was restarted too when {box.name} crashed.")


def back(box, before):
    """Brings back what the engine did not, and says that it did not.

    Raises:
        Mismatch: it has no restart policy that acts on a crash.
    """
    if box.attrs["RestartCount"] > before:
        return
    ended = box.status == "exited"
    box.restart(timeout=1)
    if ended:
        policy = f"restart policy {box.attrs['HostConfig']['RestartPolicy']['Name'] or 'no'}"
        raise Mismatch(f"{box.name} crashed and stays down.", wanted="started again", found=policy)


def desk(random: Random):
    """A port, a word to tell the service by, and which blind check it has."""
    return {
        "port": random.randrange(8100, 8900),
        "greeting": random.choice(("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron")),
        "blind": random.choice(("process", "connect")),
    }


@scene(desk)
def frozen(lab, facts):
    """`ch04-desk`, which hangs, while its health check says healthy"""
    tests = {
        "process": ["CMD", "test", "-d", "/proc/1"],
        "connect": ["CMD", "bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{facts['port']}"],
    }
    box = lab.docker.containers.run(
        WEB,
        name="ch04-desk",
        detach=True,
        environment={"PORT": str(facts["port"]), "GREETING": facts["greeting"]},
        healthcheck={"test": tests[facts["blind"]], "interval": SECOND, "timeout": 2 * SECOND},
    )
    answers(lab, box, facts["port"], 30)
    http(lab, box, f"http://127.0.0.1:{facts['port']}/hang", method="POST", data="")
    lab.wait(box, "healthy")


@check(
    task="repair",
    points=3,
    needs=frozen,
    timeout=120,
    hints=(
        "What does a hanging program still do, and what does it not? Ask for the latter.",
        "Count: how many failures, how long is each, and how far apart are they? The defaults are slow.",
    ),
)
def noticed(lab, frozen):
    """`ch04-desk` is healthy while it answers, and unhealthy within 10 s of a hang"""
    box, port = running(lab, "ch04-desk"), frozen["port"]
    service = answers(lab, box, port, 5)
    if service is None:
        raise Mismatch(
            "ch04-desk does not answer on its old port.", wanted=f"port {port}", found=last_words(box)
        )
    if (found := service.get("greeting")) != frozen["greeting"]:
        raise Mismatch("ch04-desk has lost a setting.", wanted=frozen["greeting"], found=found)
    if not (box.attrs["State"].get("Health") or {}).get("Status"):
        raise Mismatch("ch04-desk has no health check.")
    well(lab, box)
    try:
        notices(lab, box, port)
    finally:
        box.restart(timeout=1)


def well(lab, box):
    """Waits for the health check's verdict on a service that answers."""
    health = box.attrs["State"]["Health"]
    with suppress(TimedOut):
        box = lab.wait(box, lambda b: b.attrs["State"]["Health"]["Status"] != "starting", timeout=NOTICED)
        health = box.attrs["State"]["Health"]
    if health["Status"] == "starting":
        hint = "How long is it from one check to the next? By default, 30 seconds."
        raise Mismatch("The health check gives no verdict on a service that answers.", hint=hint)
    if health["Status"] != "healthy":
        last = (health["Log"] or [{}])[-1]
        hint = "Ask as the check asks: which port, which path, is the program in the image?"
        if "executable file not found" in last.get("Output", "") or last.get("ExitCode") == 127:
            hint = "The program that the check calls is not in the image."
        found = last.get("Output", "").strip()[-200:] or "unhealthy"
        raise Mismatch("ch04-desk is unhealthy while it answers.", wanted="healthy", found=found, hint=hint)


def notices(lab, box, port):
    """Lets the service hang, and waits until the health check says so."""
    since = (box.attrs["State"]["Health"]["Log"] or [{}])[-1].get("End", "")
    http(lab, box, f"http://127.0.0.1:{port}/hang", method="POST", data="")

    def later(b):
        return [c for c in b.attrs["State"]["Health"]["Log"] if c["Start"] > since]

    def decided(b):
        health = b.attrs["State"]["Health"]
        since_then = later(b)[1:]  # the first may have begun before
        blind = len(since_then) >= 3 and not any(c["ExitCode"] for c in since_then)
        return health["Status"] == "unhealthy" or blind

    with suppress(TimedOut):
        lab.wait(box, decided, timeout=NOTICED)
    box.reload()
    health = box.attrs["State"]["Health"]
    if health["Status"] == "unhealthy":
        return
    hint = "The kernel accepts connections for a program that hangs, and its process is there, too."
    if health["FailingStreak"]:
        hint = "It has begun to fail. How many failures in a row does it take, and how far apart are they?"
    elif not any(c["ExitCode"] == 0 for c in later(box)[1:]):
        hint = "The check itself hangs along. How long may it?"
    raise Mismatch("ch04-desk hangs, and is not called unhealthy in time.", wanted="within 10 s", hint=hint)
