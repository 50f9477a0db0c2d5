"""One lock for each Python and each machine of the course."""

from __future__ import annotations

import importlib.metadata
import re

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from labkit.core import pythons
from labkit.core.errors import CommandFailed
from labkit.core.paths import repo
from labkit.devtools import locking

MACHINES = {
    name: {"sys_platform": system, "platform_machine": machine, "os_name": "posix", "platform_system": title}
    for name, system, machine, title in (
        ("x86_64-unknown-linux-gnu", "linux", "x86_64", "Linux"),
        ("aarch64-unknown-linux-gnu", "linux", "aarch64", "Linux"),
        ("aarch64-apple-darwin", "darwin", "arm64", "Darwin"),
        ("x86_64-apple-darwin", "darwin", "x86_64", "Darwin"),
    )
}
RELEASES = [f"{pythons.named(version)}.{release}" for version in pythons.tested() for release in (0, 2, 99)]


def pins(python, machine):
    """What the lock pins there."""
    where = {
        **MACHINES[machine],
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    lines = re.findall(r"^(\w.*?) \\$", (repo() / locking.LOCK).read_text(), re.M)
    every = [Requirement(line) for line in lines]
    return [pin for pin in every if pin.marker is None or pin.marker.evaluate(where)]


def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("machine", locking.MACHINES)
@pytest.mark.parametrize("python", RELEASES)
def test_each_package_has_one_pin(python, machine):
    names = [pin.name for pin in pins(python, machine)]
    wanted = re.findall(r"^[A-Za-z0-9._-]+", (repo() / "requirements.in").read_text(), re.M)
    assert sorted(set(names)) == sorted(names)
    assert {plain(name) for name in wanted} <= set(names)


@pytest.mark.parametrize("python", RELEASES)
def test_each_pin_takes_this_python(python):
    """3.11.2 is Debian 12's, and the lock was made for 3.11.7."""
    takes = {
        (plain(d.name), d.version): d.metadata.get("Requires-Python") or ""
        for d in importlib.metadata.distributions()
    }
    known = [
        (pin.name, takes[key])
        for pin in pins(python, "x86_64-unknown-linux-gnu")
        if (key := (pin.name, str(pin.specifier).removeprefix("=="))) in takes
    ]
    assert len(known) > 150  # a pin for other Pythons is not installed in this one
    assert [it for it in known if python not in SpecifierSet(it[1])] == []


def test_the_machines_are_those_that_uv_finds_wheels_for():
    text = (repo() / "pyproject.toml").read_text()
    for where in MACHINES.values():
        marker = "sys_platform == '{sys_platform}' and platform_machine == '{platform_machine}'".format(
            **where
        )
        assert f'"{marker}",' in text
    assert list(MACHINES) == list(locking.MACHINES)


@pytest.fixture
def asked(monkeypatch):
    commands = []
    monkeypatch.setattr(locking, "run", lambda command, **_: commands.append(command))
    return commands


@pytest.mark.parametrize("upgrade", [False, True])
def test_the_lock_begins_with_the_oldest_python(asked, upgrade):
    locking.pin(upgrade=upgrade)
    (command,) = asked
    assert command[command.index("--python-version") + 1] == "3.11"
    assert ("--upgrade" in command) == upgrade


def test_each_python_is_asked_on_each_machine(asked):
    assert list(locking.not_to_be_had()) == []
    assert len({tuple(command[:-3]) for command in asked}) == len(RELEASES) // 3 * len(MACHINES)


def test_what_is_missing_is_said_in_one_line(monkeypatch):
    said = (
        "error: No solution found when resolving dependencies\n  cause: Because the requested Python version"
        " (>=3.11) does\n not satisfy Python>=3.11.5 and a==4 depends on Python>=3.11.5, we can conclude that"
    )
    wanted = (
        "Python 3.11, Linux on ARM: the requested Python version (>=3.11) does not satisfy Python>=3.11.5"
        " and a==4 depends on Python>=3.11.5"
    )

    def run(command, **_):
        if "aarch64-unknown-linux-gnu" in command and "3.11" in command:
            raise CommandFailed("uv ended with 1", found=said)

    monkeypatch.setattr(locking, "run", run)
    assert list(locking.not_to_be_had()) == [wanted]
