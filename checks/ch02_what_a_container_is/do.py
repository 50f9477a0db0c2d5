"""Do: what two containers share."""

from __future__ import annotations

import secrets
from contextlib import ExitStack

from labkit import Mismatch
from labkit.checks import DOCKER, Function, check

from . import BASE

KINDS = ("kernel", "pid", "mnt", "net", "uts", "ipc")


def idle(lab, stack, **options):
    """A container that sleeps, gone at the end of the stack."""
    made = lab.docker.containers.create(
        BASE, ["sleep", "infinity"], name=f"labkit-probe-{secrets.token_hex(4)}", **options
    )
    stack.callback(made.remove, force=True)
    made.start()
    return made


@check(
    task="do",
    points=3,
    timeout=90,
    hints=(
        "What is the name of a namespace, and where can a process read the names of its own?",
        "In a container that joined another one's PID namespace, whose process is number 1?",
    ),
)
def shared(lab, answer):
    """`shared(client, first, second)` tells which of kernel, pid, mnt, net, uts, ipc two containers share"""
    if not isinstance(answer, Function):
        raise Mismatch("The answer is no function.", wanted="a function of three", found=answer)
    with ExitStack() as stack:
        one, two = idle(lab, stack), idle(lab, stack)
        guest = idle(lab, stack, pid_mode=f"container:{one.id}", network_mode=f"container:{one.id}")
        wide = {"pid_mode": "host", "uts_mode": "host", "ipc_mode": "host"}
        left, right = idle(lab, stack, **wide), idle(lab, stack, **wide)
        compare("two plain containers", answer(DOCKER, one.name, two.name), set())
        compare("one that joined the other", answer(DOCKER, guest.name, one.name), {"pid", "net"})
        compare("two with the machine's lists", answer(DOCKER, left.name, right.name), {"pid", "uts", "ipc"})


def compare(pair, said, common):
    """Holds what was said of a pair against what it shares."""
    well_formed(said)
    claimed = {kind for kind in KINDS if said[kind]}
    true = {"kernel"} | common
    wanted, found = (", ".join(k for k in KINDS if k in kinds) or "nothing" for kinds in (true, claimed))
    if "kernel" not in claimed:
        hint = "Containers of one engine, and one of them should have a kernel of its own?"
        raise Mismatch("It says that two containers have two kernels.", wanted=wanted, found=found, hint=hint)
    if too_many := claimed - true:
        hint = None
        if not common:
            hint = "Equal options need not mean one namespace: each container gets a new one."
        elif "mnt" in too_many:
            hint = "Process 1 of the list that a container sees may be a process of somebody else."
        raise Mismatch(f"Of {pair} it calls shared what is apart.", wanted=wanted, found=found, hint=hint)
    if true - claimed:
        hint = "Some containers are started into the namespaces of others, or of the machine."
        raise Mismatch(f"Of {pair} it calls apart what is shared.", wanted=wanted, found=found, hint=hint)


def well_formed(said):
    """Six kinds, each True or False."""
    if not isinstance(said, dict) or set(said) != set(KINDS):
        found = ", ".join(said) if isinstance(said, dict) else f"{type(said).__name__} {said}"
        raise Mismatch("The answer does not have the six kinds.", wanted=", ".join(KINDS), found=found)
    if not all(type(value) is bool for value in said.values()):
        hint = "A number names a namespace. Asked is whether two numbers are equal."
        raise Mismatch("Not every value is True or False.", found=said, hint=hint)
