"""Whom a Service reaches: its addresses, and who answers when it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from labkit.core.errors import Mismatch, TimedOut
from labkit.lab.lab import Lab
from labkit.observe.containers import Inside
from labkit.wait.conditions import Object
from labkit.wait.loop import Deadline, follow
from labkit.wait.objects import Watched
from labkit.wait.until import until

NOBODY = ""
"""Who answers where no answer comes, or one that names no host."""


@dataclass(frozen=True)
class Address:
    """One address behind a Service.

    Attributes:
        pod: the name of its Pod; empty if it names none.
        uid: the Pod's.
        ip: where it listens.
        port: the number of the port there, whatever the Service calls it.
        ready: whether requests are sent to it.
    """

    pod: str
    uid: str
    ip: str
    port: int
    ready: bool


def addresses(slices: Object | None, port: str | None = None) -> list[Address]:
    """The addresses in a Service's EndpointSlices; one that has two families of them counts once.

    Args:
        slices: the list of slices.
        port: the name of the Service's port that is meant; None or empty: the one without a name.
    """
    items = (slices or {}).get("items", [])
    family = min((s["addressType"] for s in items if s.get("endpoints")), default="")
    return [
        Address(ref.get("name", ""), ref.get("uid", ""), e["addresses"][0], p["port"], ready is not False)
        for s in items
        if s["addressType"] == family
        for p in s.get("ports") or []
        if (p.get("name") or "") == (port or "")
        for e in s.get("endpoints") or []
        for ref, ready in [(e.get("targetRef") or {}, (e.get("conditions") or {}).get("ready"))]
    ]


def reaches(
    lab: Lab, service: Object, port: str | None, test: Callable[[list[Address]], bool], timeout: float = 8
) -> tuple[bool, list[Address]]:
    """Waits until a Service's addresses meet a condition: whether they do, and what they are.

    Args:
        lab: whose.
        service: as the API server has it.
        port: the name of its port that is meant.
        test: given the addresses.
        timeout: seconds.
    """
    watched = Watched(lab.dynamic, service, slices=True)
    seen: list[Address] = []

    def met(slices: Object | None) -> bool:
        seen[:] = addresses(slices, port)
        return test(seen)

    try:
        follow("", "", met, watched.look, watched.stream, lambda last: "", Deadline(timeout))
    except TimedOut:
        return False, seen
    return True, seen


def port_of(service: Object, number: int) -> Object:
    """A Service's port by its number.

    Raises:
        Mismatch: it has none of that number.
    """
    ports = service["spec"].get("ports") or []
    for port in ports:
        if port["port"] == number:
            return port
    found = ", ".join(str(port["port"]) for port in ports)
    raise Mismatch(f"The Service does not listen on port {number}.", wanted=number, found=found or "none")


def sent_to(addresses: list[Address]) -> set[str]:
    """The uids of the Pods that get requests."""
    return {a.uid for a in addresses if a.ready}


def behind(
    lab: Lab, service: Object, number: int, pods: list[Object], hint: Callable[[set[str]], str | None]
) -> list[Address]:
    """The addresses behind a Service, which must be those of some Pods, all of them and no other.

    Args:
        lab: whose.
        service: as the API server has it.
        number: of the port that is meant.
        pods: to whom it should send.
        hint: given the names of the Pods that it also sends to, where to look.

    Raises:
        Mismatch: it has no such port, or sends to others.
    """
    name, ours = port_of(service, number).get("name"), {p["metadata"]["uid"] for p in pods}
    known, seen = reaches(lab, service, name, lambda now: sent_to(now) == ours)
    if known:
        return [a for a in seen if a.uid in ours]  # a Pod that is going may still be listed, not ready
    labels = {k: v for k, v in pods[0]["metadata"]["labels"].items() if k != "pod-template-hash"}
    told = {"wanted": written(labels), "found": written(service["spec"].get("selector") or {})}
    if not sent_to(seen):
        where = "A selector finds the Pods that have each of its labels, letter by letter."
        raise Mismatch("The Service's selector finds no Pod.", hint=where, **told)
    if strangers := {a.pod for a in seen if a.ready and a.uid not in ours}:
        how = "as well" if sent_to(seen) & ours else "in place of the replicas"
        raise Mismatch(f"The Service sends to other Pods {how}.", hint=hint(strangers), **told)
    raise Mismatch("The Service does not send to every replica.", **told)


def written(labels: dict[str, str]) -> str:
    """Labels as kubectl writes them."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "none"


def everyone_answers(inside: Inside, service: Object, number: int, pods: list[Object]) -> None:
    """Asks through a Service, by its name: every one of these Pods must answer, and nobody else.

    Raises:
        Mismatch: some do not, or others do.
    """
    names = {p["metadata"]["name"] for p in pods}
    url = f"http://{service['metadata']['name']}:{number}/"
    seen = answered_by(inside, url, lambda now: now == names)
    if seen == names:
        return
    if seen <= {NOBODY}:
        found = f"{number} → {port_of(service, number).get('targetPort')}"
        hint = "On which port does the application listen, and to which does the Service send?"
        raise Mismatch("Nobody answers behind the Service.", found=found, hint=hint)
    if len(seen) == 1 and service["spec"].get("sessionAffinity") == "ClientIP":
        hint = "Which field of a Service makes a client stay with one Pod?"
        raise Mismatch("One replica answers all requests of a client.", hint=hint)
    found = f"{len(seen & names)} of {len(names)}, and {len(seen - names - {NOBODY})} others"
    raise Mismatch("Not every replica answers behind the Service, or others do.", found=found)


def answered_by(
    inside: Inside, url: str, enough: Callable[[set[str]], bool], timeout: float = 12
) -> set[str]:
    """Sends requests, each on a new connection, until enough hosts have answered; returns who has.

    What counts is the last round: who answered before the Service was where it is now, answers no more.

    Args:
        inside: the helper Pod that sends them.
        url: of a page whose JSON names its ``host``.
        enough: given who answered one round of requests; `NOBODY` is among them if one was lost.
        timeout: seconds.
    """
    seen: set[str] = set()

    def round_of_requests() -> bool:
        seen.clear()
        seen.update(map(host, inside.http(url, times=ROUND, patience=1)))
        return enough(seen)

    with suppress(TimedOut):
        until(round_of_requests, timeout=timeout)
    return set(seen)


ROUND = 30
"""Requests of one round: of three replicas one is missed in a round of 60,000, of six in one of 40."""


def host(reply: Any) -> str:
    """Who answered."""
    try:
        return json.loads(reply.body)["host"] if reply.ok else NOBODY
    except (ValueError, TypeError, KeyError):
        return NOBODY
