"""Repair: a health check that sees a hang."""

from __future__ import annotations

from contextlib import suppress
from random import Random

from labkit import Mismatch, TimedOut
from labkit.checks import check, scene
from labkit.observe.containers import http, last_words, running
from labkit.observe.shutdown import answers

from . import WEB

SECOND = 1_000_000_000
NOTICED = 15
"""Seconds after which a hang must have been noticed; the task says 10, the machine may be slow."""


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
