"""Transfer: two services apart, and started again after a crash."""

from __future__ import annotations

from labkit import Mismatch, TimedOut
from labkit.checks import check
from labkit.observe.containers import http, http_on, last_words, network, running
from labkit.observe.shutdown import answers

OVER = {True: ("exited", "running"), False: ("exited",)}  # one that is "restarting" cannot be asked
PORTS = {"ch04-front": 8080, "ch04-store": 8081}


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
