"""Transfer: the state of a web service, moved out."""

from __future__ import annotations

from labkit import Mismatch, until
from labkit.checks import check
from labkit.observe.containers import running
from labkit.observe.replacement import recreated

from . import count, lost


@check(
    task="transfer",
    points=3,
    timeout=180,
    hints=(
        "Ask one replica, then the other. Which number should the second answer?",
        "The web app says in its documentation, the head of images/web/web.py, where it can count instead.",
    ),
)
def shared(lab):
    """`ch06-web-a` and `ch06-web-b` count together, in `ch06-store`"""
    webs = [running(lab, name) for name in ("ch06-web-a", "ch06-web-b")]
    store = running(lab, "ch06-store")
    seen = [count(lab, webs[i % 2]) for i in range(4)]
    if seen != list(range(seen[0], seen[0] + 4)):
        told = any(line.startswith("REDIS_URL=") for box in webs for line in box.attrs["Config"]["Env"])
        raise Mismatch(
            "The two do not count together.",
            wanted="each visit one more than the last, whoever is asked",
            found=f"a: {seen[0]}, b: {seen[1]}, a: {seen[2]}, b: {seen[3]}",
            hint="Both are told of a store. Is it one and the same?"
            if told
            else "A process that is told of no store counts in its own memory.",
        )
    if visits(store) != seen[-1]:
        raise Mismatch("They count together, but not in ch06-store.", wanted=seen[-1], found=visits(store))
    return store


def visits(store):
    """What a Redis has counted."""
    code, out = store.exec_run(["redis-cli", "get", "visits"])
    said = out.decode(errors="replace").strip()
    return int(said) if code == 0 and said.isdigit() else said


@check(
    task="transfer",
    points=1,
    needs=shared,
    timeout=180,
    hints=(
        "The state has moved into another container. What holds for that one?",
        "Redis writes its file when it is stopped. Into which folder?",
    ),
)
def kept(lab, shared):
    """A new container made like `ch06-store` knows the count"""
    before = visits(shared)
    with recreated(lab, shared) as new:
        until(lambda: answers(new), timeout=20, what="the new store answers")  # it does when it has loaded
        after = visits(new)
    if after != before:
        raise lost(shared, "/data", "Redis")


def answers(store):
    """Whether a Redis answers at all."""
    return store.exec_run(["redis-cli", "ping"]).output.strip() == b"PONG"
