"""What a container can do beyond one without options."""

from __future__ import annotations

from typing import ClassVar

import pytest

from labkit.observe import power


class Volumes:
    """An engine that knows some volumes."""

    volumes: ClassVar = {
        "plain": {"Driver": "local", "Options": None},
        "etc": {"Driver": "local", "Options": {"type": "none", "o": "rbind", "device": "/etc"}},
        "proc": {"Driver": "local", "Options": {"type": "proc", "device": "proc"}},
        "memory": {"Driver": "local", "Options": {"type": "tmpfs", "device": "tmpfs"}},
        "far": {"Driver": "nfs-plugin", "Options": None},
    }

    def inspect_volume(self, name):
        return self.volumes[name]


def excess(*mounts, allowed=(), **noted):
    """What a container with some options has."""
    lab = type("Lab", (), {"docker": type("Docker", (), {"api": Volumes()})()})()
    box = type("Box", (), {"attrs": {"HostConfig": noted, "Mounts": list(mounts)}})()
    return power.excess(lab, box, allowed)


def mount(name):
    """A mount of a volume."""
    return {"Type": "volume", "Name": name, "Source": f"/var/lib/docker/volumes/{name}"}


def test_one_without_options_has_nothing_beyond():
    defaults = {"NetworkMode": "bridge", "IpcMode": "private", "CgroupnsMode": "host", "CapAdd": None}
    assert excess(mount("plain"), mount("memory"), {"Type": "tmpfs"}, **defaults) == []


@pytest.mark.parametrize(
    ("noted", "found"),
    [
        ({"Privileged": True}, "privileged"),
        ({"CapAdd": ["CAP_SYS_ADMIN", "CHOWN"]}, "capabilities SYS_ADMIN"),
        ({"CapAdd": ["all"]}, "capabilities ALL"),
        ({"SecurityOpt": ["seccomp=unconfined"]}, "seccomp off"),
        ({"SecurityOpt": ["seccomp:{}"]}, "seccomp filter of its own"),
        ({"SecurityOpt": ["label:disable"]}, "label disable"),
        ({"SecurityOpt": ["apparmor=unconfined"]}, "apparmor unconfined"),
        ({"MaskedPaths": []}, "systempaths unconfined"),
        ({"PidMode": "host"}, "machine's processes"),
        ({"NetworkMode": "container:abc"}, "neighbour's network"),
        ({"Devices": [{"PathOnHost": "/dev/kmsg"}]}, "devices /dev/kmsg"),
        ({"DeviceCgroupRules": ["a *:* rwm"]}, "devices by a rule"),
        ({"PortBindings": {"80/tcp": [{}]}}, "ports 80/tcp"),
        ({"CgroupParent": "/x"}, "control group /x"),
        ({"OomScoreAdj": -500}, "memory of others goes first when it runs out"),
    ],
)
def test_each_option_that_gives_more_is_told(noted, found):
    assert excess(**noted) == [found]


@pytest.mark.parametrize("option", ["seccomp=builtin", "no-new-privileges", "no-new-privileges:true"])
def test_options_that_give_nothing(option):
    assert excess(SecurityOpt=[option]) == []


@pytest.mark.parametrize(("name", "place"), [("etc", "/etc"), ("proc", "proc"), ("far", "nfs-plugin:far")])
def test_a_volume_that_leads_out_is_a_mount_of_the_machine(name, place):
    assert excess(mount(name)) == [f"mount {place}"]


def test_what_is_asked_for_is_allowed():
    bind = {"Type": "bind", "Source": "/etc"}
    assert excess(bind, PortBindings={"80/tcp": [{}]}, Privileged=True, allowed=["ports", "mount"]) == [
        "privileged"
    ]


def test_arguments_keep_their_lines():
    assert power.arguments({"Command": "python3\1-c\1a\2b\1"}) == ["python3", "-c", "a\nb"]
