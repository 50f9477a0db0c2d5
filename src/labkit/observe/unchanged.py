"""*Nothing else changed*: what an engine keeps before a task, against what it keeps at the check.

A name says little: what was removed and made anew has the same one. So objects are noted with their identity
and with all fields that matter, and each field that differs later is told in words.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import docker
from docker.types import Mount

from labkit.core.errors import Missing
from labkit.lab.lab import Lab

State = dict[str, dict[str, dict[str, Any]]]
"""What was noted, as JSON can hold it: kind of object → its id → its fields."""

LIMITS = (
    *("Memory", "MemorySwap", "MemoryReservation", "MemorySwappiness", "NanoCpus", "CpuShares", "CpuPeriod"),
    *("CpuQuota", "CpusetCpus", "CpusetMems", "PidsLimit", "Ulimits", "OomKillDisable", "OomScoreAdj"),
    *("BlkioWeight", "ShmSize", "CgroupParent"),
)
CAPABILITIES = ("Privileged", "CapAdd", "CapDrop", "SecurityOpt", "ReadonlyRootfs")
ELSEWHERE = ("ContainerIDFile", "ConsoleSize", "RestartPolicy")
"""Options that a container's other fields tell, or that say only how it was made."""

UPPER_CHANGED, UPPER_ADDED = 0, 1
"""Kinds of `docker diff`: of what was deleted there is nothing to read."""

FOLDER, RIGHTS = 1 << 31, 0o777
"""Bits of a file's mode as the engine tells it."""

SCENE_NOTE = "as it was: "
"""Before a scene's name, among what a workspace notes of its scenes."""


@dataclass(frozen=True)
class Change:
    """One field of one object that is not as it was.

    Attributes:
        kind: container, network, volume or image.
        name: what it was called, or is called if it is new.
        what: the field in words; ``gone``, ``new`` or ``remade`` for the object itself.
        before: the field's value then; None where there was no such object.
        now: its value now; None where there is no such object.
    """

    kind: str
    name: str
    what: str
    before: Any = None
    now: Any = None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.what}"


def state_of(
    lab: Lab,
    labels: Mapping[str, str] | None = None,
    contents: str | None = None,
    volumes: Collection[str] = (),
) -> State:
    """What an engine keeps, with the fields that matter.

    Args:
        lab: whose engine.
        labels: only objects that carry all of these; None is everything.
        contents: an image with which what is in volumes is read, and then also what containers changed in
            their own file systems; None leaves both out.
        volumes: names of further ones: what the engine makes because a container names it has no labels.
    """
    query = {"label": [f"{key}={value}" for key, value in (labels or {}).items()]} if labels else {}
    api = lab.docker.api
    found: State = {"container": {}, "network": {}, "volume": {}, "image": {}}
    for listed in api.containers(all=True, filters=query):
        try:
            found["container"][listed["Id"]] = container_state(lab, listed["Id"], contents is not None)
        except docker.errors.NotFound:
            continue  # it was going when it was listed
    for net in api.networks(filters=query):
        found["network"][net["Id"]] = network_state(net)
    kept = api.volumes(filters=query)["Volumes"] or []
    if others := set(volumes) - {v["Name"] for v in kept}:
        kept += [v for v in api.volumes()["Volumes"] or [] if v["Name"] in others]
    digests = volume_contents(lab, [v["Name"] for v in kept], contents) if contents else {}
    for one in kept:
        found["volume"][one["Name"]] = volume_state(one) | (
            {"what is in it": digests[one["Name"]]} if contents else {}
        )
    for image in api.images(filters=query):
        found["image"][image["Id"]] = {"name": name_of_image(image), "tags": sorted(image["RepoTags"] or [])}
    return found


def container_state(lab: Lab, name: str, contents: bool = False) -> dict[str, Any]:
    """The fields of one container that matter.

    Args:
        lab: whose engine.
        name: its name or id.
        contents: with a digest of what it changed in its own file system.
    """
    attrs = lab.docker.api.inspect_container(name)
    state, config, noted = attrs["State"], attrs["Config"], attrs["HostConfig"]
    taken = {*LIMITS, *CAPABILITIES, *ELSEWHERE}
    known = ("Cmd", "Entrypoint", "Env", "User", "WorkingDir", "Labels", "Image")
    fields = {
        "name": attrs["Name"].removeprefix("/"),
        "image": attrs["Image"],
        "command": [attrs["Path"], *attrs["Args"]],
        "user": config["User"],
        "environment": sorted(config["Env"] or []),
        "working directory": config["WorkingDir"],
        "labels": config["Labels"] or {},
        "state": state["Status"],
        "start": state["StartedAt"],
        "end": state["FinishedAt"],
        "exit code": state["ExitCode"],
        "restarts": attrs["RestartCount"],
        "restart policy": noted["RestartPolicy"],
        "mounts": sorted(map(mount, attrs["Mounts"])),
        "networks": {n: connection(c) for n, c in attrs["NetworkSettings"]["Networks"].items()},
        "limits": {option: noted.get(option) for option in LIMITS},
        "capabilities": {option: noted.get(option) for option in CAPABILITIES},
        "options": {o: v for o, v in noted.items() if o not in taken}
        | {o: v for o, v in config.items() if o not in known},
    }
    if contents:
        fields["what is in its file system"] = changed_files(lab, attrs["Id"])
    return fields


def mount(noted: Mapping[str, Any]) -> list[str]:
    """What tells a mount from another: where it is, what is there, and whether it can be written."""
    source = noted.get("Name") or noted.get("Source") or ""
    return [noted["Destination"], noted["Type"], source, "rw" if noted["RW"] else "ro"]


def connection(noted: Mapping[str, Any]) -> list[str]:
    """What tells a connection to a network from one made anew: its ends, and the names it is found by."""
    return [noted["NetworkID"], noted["EndpointID"], *sorted(noted.get("Aliases") or [])]


def network_state(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a network that matter."""
    return {
        "name": attrs["Name"],
        "labels": attrs["Labels"] or {},
        "options": [
            attrs.get(k) for k in ("Driver", "Internal", "Attachable", "EnableIPv6", "Options", "IPAM")
        ],
    }


def volume_state(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a volume that matter; it has no identity but the time when it was made."""
    return {
        "name": attrs["Name"],
        "made": attrs.get("CreatedAt"),
        "labels": attrs["Labels"] or {},
        "options": [attrs["Driver"], attrs.get("Options") or {}],
    }


def name_of_image(listed: Mapping[str, Any]) -> str:
    """What an image is called in messages."""
    return str(next(iter(listed["RepoTags"] or []), listed["Id"].removeprefix("sha256:")[:12]))


def changed_files(lab: Lab, container: str) -> str:
    """A digest of what a container has changed in its own file system: names, rights, contents."""
    lines = []
    for entry in lab.docker.api.diff(container) or []:
        lines.append(f"{entry['Kind']} {entry['Path']}")
        if entry["Kind"] in (UPPER_CHANGED, UPPER_ADDED):
            try:
                archive, stat = lab.docker.api.get_archive(container, entry["Path"])
            except docker.errors.APIError:
                continue  # a socket, or it is gone: its name counts
            if stat["mode"] & FOLDER:  # what is in it, and has changed, is listed itself
                lines.append(f"folder {entry['Path']} {stat['mode'] & RIGHTS:o}")
                cast(Any, archive).close()
            else:
                lines += files(b"".join(archive))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:16]


def volume_contents(lab: Lab, names: Collection[str], image: str) -> dict[str, str]:
    """Digests of what is in volumes, by the volume's name.

    A container that is created and never started has them mounted for whoever asks for an archive: it costs
    no start.

    Args:
        lab: whose engine.
        names: the volumes'.
        image: of that container.

    Raises:
        Missing: there is no such volume.
    """
    if not names:
        return {}
    places = {name: f"/labkit/{i}" for i, name in enumerate(sorted(names))}
    # As `Mount`, for of "name:place:ro,nocopy" docker-py 7.2 also makes an anonymous volume at ":ro,nocopy".
    mounts = [
        Mount(place, name, type="volume", read_only=True, no_copy=True) for name, place in places.items()
    ]
    for name in names:
        try:
            lab.docker.api.inspect_volume(name)  # else the engine would make it
        except docker.errors.NotFound:
            raise Missing(f"There is no volume {name}.") from None
    reader = lab.docker.containers.create(image, "true", mounts=mounts, network_mode="none")
    try:
        return {name: digest(b"".join(reader.get_archive(f"{place}/.")[0])) for name, place in places.items()}
    finally:
        reader.remove(force=True, v=True)  # and what the image's own VOLUME lines made


def digest(archive: bytes) -> str:
    """A digest of what is in an archive."""
    return hashlib.sha256("\n".join(files(archive)).encode()).hexdigest()[:16]


def files(archive: bytes) -> list[str]:
    """A line for each file in an archive, in the order of their names: name, rights, owner, content."""
    lines = []
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            source = tar.extractfile(member) if member.isreg() else None
            content = hashlib.sha256(source.read()).hexdigest() if source else member.linkname
            fields = (member.name, member.mode, member.uid, member.gid, repr(member.type), content)
            lines.append(" ".join(map(str, fields)))
    return sorted(lines)


def changes(before: State, now: State, free: Collection[str] = ()) -> list[Change]:
    """What is not as it was.

    Args:
        before: by `state_of`, then.
        now: by `state_of`, now.
        free: fields that may change, such as ``start``, or ``volume labels`` for those of one kind; ``gone``,
            ``new`` and ``remade`` for objects themselves.
    """
    found = [c for kind in before for c in _changes(kind, before[kind], now.get(kind, {}))]
    return [c for c in found if c.what not in free and f"{c.kind} {c.what}" not in free]


def _changes(kind: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """What is not as it was among the objects of a kind."""
    others = {fields["name"]: key for key, fields in now.items() if key not in before}
    for key, then in before.items():
        name = then["name"]
        if key in now:
            at = now[key]
            differing = [w for w in then if w in at and then[w] != at[w]]
            if kind == "volume" and "made" in differing:
                yield Change(kind, name, "remade", then["made"], at["made"])
                differing.remove("made")
            yield from (Change(kind, name, what, then[what], at[what]) for what in differing)
        elif name in others:
            yield Change(kind, name, "remade", key, others.pop(name))
        else:
            yield Change(kind, name, "gone", key)
    yield from (Change(kind, name, "new", None, key) for name, key in others.items())


def note_state(lab: Lab, scene: str, state: State) -> None:
    """Keeps, when a scene has been built, how it was.

    Args:
        lab: whose workspace.
        scene: the scene's name.
        state: by `state_of`.
    """
    lab.workspace.note("scenes", f"{SCENE_NOTE}{scene}", json.dumps(state))


def noted_state(lab: Lab, scene: str) -> State:
    """How a scene was when it had been built.

    Raises:
        Missing: nothing is known of that, for it was built by an earlier edition of the course.
    """
    kept = lab.workspace.noted("scenes").get(f"{SCENE_NOTE}{scene}")
    try:
        return cast(State, json.loads(cast(str, kept)))
    except (TypeError, ValueError):
        raise Missing(
            "How it was at the start has not been noted.", fix=f'start("{scene}") sets it up anew'
        ) from None
