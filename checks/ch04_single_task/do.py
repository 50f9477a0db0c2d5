"""Do: a container that stops within a second."""

from __future__ import annotations

from labkit import Mismatch
from labkit.checks import check
from labkit.observe.containers import last_words, running
from labkit.observe.shutdown import answers, control, stopped, was_asked

from . import WEB

PROMPT, TRIES = 1.0, 3
"""Seconds asked for, and how often the stop is tried."""
KILLED, TERMINATED = 137, 143


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
