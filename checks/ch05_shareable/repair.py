"""Repair: a build that does not drift."""

from __future__ import annotations

import secrets
from random import Random

from labkit import Mismatch
from labkit.checks import check, scene

from . import far_engine
from .builds import Twice
from .do import far
from .engine import archive, build, put, run

BASE, HELPER = "debian:trixie-slim", "localhost:5001/python:3.13"
SPICES = ("cumin", "sumac", "fennel", "nigella", "saffron", "anise")
DAYS = ("Monday", "Friday")


def spices(random: Random):
    """Three packages, their versions on Monday, and the two of them that have newer ones on Friday."""
    names = sorted(random.sample(SPICES, 3))
    monday = {name: f"{random.randint(1, 4)}.{random.randint(1, 8)}" for name in names}
    newer, prices = random.sample(names, 2), random.sample(range(10, 60), 5)
    return {"names": names, "monday": monday, "newer": newer, "prices": prices}


def offered(facts, prices):
    """The packages that the archive offers on Monday, and those on Friday."""
    monday = [
        (name, facts["monday"][name], price) for name, price in zip(facts["names"], prices, strict=False)
    ]
    added = zip(facts["newer"], prices[3:], strict=True)
    return monday, monday + [(name, f"{facts['monday'][name]}.1", price) for name, price in added]


def dockerfile(names):
    """The Dockerfile with which the repair begins."""
    install = f"RUN apt-get update && apt-get install --yes {' '.join(names)}"
    total = " + ".join(f"$(cat /{name})" for name in names)
    return f"FROM ch05-base:1\n{install}\nRUN date > /baked\nCMD echo $(( {total} ))\n"


@scene(spices)
def drift(lab, facts):
    """one Dockerfile, built twice on `ch05-far`: the images `ch05-menu:monday` and `ch05-menu:friday`"""
    box = far_engine(lab)
    base = b"".join(lab.docker.images.get(BASE).save(named=True))
    sources = (
        "rm -f /etc/apt/sources.list.d/* && echo 'deb [trusted=yes] http://index ./' > /etc/apt/sources.list"
    )
    put(box, "base", {"base.tar": base, "Dockerfile": f"FROM {BASE}\nRUN {sources}\n".encode()})
    run(box, "cd /root/base && docker load --input base.tar && docker build --tag ch05-base:1 - < Dockerfile")
    for day, packages in zip(DAYS, offered(facts, facts["prices"]), strict=True):
        address, name = (
            ("127.0.0.2", "ch05-far-monday") if day == "Monday" else ("127.0.0.1", "ch05-far-index")
        )
        served = archive(lab, box, address, packages, name, HELPER)
        status, said = build(box, dockerfile(facts["names"]), f"ch05-menu:{day.lower()}", address)
        if status:
            raise RuntimeError(said[-600:])
        if day == "Monday":
            served.remove(force=True)


def twice(lab, facts, answer):
    """The Dockerfile, built on both days at prices nobody can know, and the sum it should compute."""
    prices = secrets.SystemRandom().sample(range(100, 900), 5)
    worlds = dict(zip(DAYS, offered(facts, prices), strict=True))
    return Twice(lab, far_engine(lab), answer, worlds, HELPER), str(sum(prices[:3]))


REPAIR = {"task": "repair", "points": 2, "timeout": 120}


@check(
    needs=(far, drift),
    hints=(
        "Ask both images which versions they have: `dpkg-query --show` lists packages.",
        "apt takes a version after an equals sign. Which of the packages may change next week?",
    ),
    **REPAIR,
)
def steady(lab, drift, answer):
    """The Dockerfile computes what Monday's image computes, whatever the archive offers besides"""
    built, total = twice(lab, drift, answer)
    with built:
        for n, day in enumerate(DAYS):
            if (said := built.said(n)) != total:
                hint = "The prices are in the packages: the archive of this check has its own."
                if day == "Friday":
                    hint = "On Monday it was right. Which package is free to change?"
                message = f"{day}'s build computes another sum."
                raise Mismatch(message, wanted=total, found=said[-200:], hint=hint)


@check(
    needs=(far, drift, steady),
    hints=(
        "Which files differ between two builds, and which of them does the program need?",
        "A first stage may be as untidy as it likes, if only the result is copied out of it.",
    ),
    **REPAIR,
)
def identical(lab, drift, answer):
    """Two builds of the Dockerfile, on Monday and on Friday, are equal bit for bit"""
    built, total = twice(lab, drift, answer)
    with built:
        if built.said(1) != total:
            raise Mismatch("This Dockerfile computes another sum than the one before.")
        built.differ()
