"""Console blocks and manifests without the course's registry: its images replaced by public ones.

The table is ``chapters/public_images.yml``. In a command, ``localhost:5001/redis:8`` becomes ``redis:8``. An
image that has no public equivalent becomes ``localhost/web:1.0``, a name that no registry answers to, and a
note says how its Dockerfile builds it. In a manifest such an image is a public one, over which files of the
course are laid from a ConfigMap, so that the manifest is whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from pydantic import TypeAdapter

from labkit.core import schema
from labkit.core.errors import Usage
from labkit.core.paths import REGISTRY, repo
from labkit.core.schema import Text, strict
from labkit.provision.image_table import IMAGES

FILE = "chapters/public_images.yml"
BASE = "debian:trixie-slim"
"""The public image that every course image can be built on."""

NAME = re.compile(rf"{re.escape(REGISTRY)}/([\w.-]+:[\w.]+)")
IMAGE_LINE = re.compile(rf"^(?P<before> *(?:- )?)image: *[\"']?{NAME.pattern}[\"']?(?P<after> *(?:#.*)?)$")
DOCUMENT = re.compile(r"^---[ \t]*\n", re.M)


@strict
@dataclass(frozen=True)
class InPods:
    """How a manifest does without an image that is the course's own.

    Attributes:
        image: the public image.
        files: path in the container → file of the course, laid there from a ConfigMap.
        container: fields that the container gets where it has none; of ``env``, the variables it has not.
    """

    image: Text
    files: dict[str, Text]
    container: dict[str, Any] = field(default_factory=dict)


@strict
@dataclass(frozen=True)
class PublicImage:
    """What stands in for an image of the course.

    Attributes:
        image: the public image; None where there is none.
        differs: in what it differs, as far as a page would show it.
        in_pods: what a manifest takes in its place.
    """

    image: Text | None = None
    differs: Text | None = None
    in_pods: InPods | None = None


TABLE: TypeAdapter[dict[str, PublicImage]] = TypeAdapter(dict[str, PublicImage])


@dataclass
class Rewritten:
    """A text without the course's registry.

    Attributes:
        text: the text.
        images: the course's images that stood in it, in its order, each once.
        to_build: those of them that must be built before it works.
    """

    text: str
    images: list[str] = field(default_factory=list)
    to_build: list[str] = field(default_factory=list)


def table(root: Path | None = None) -> dict[str, PublicImage]:
    """What stands in for each course image, by its name and tag.

    Raises:
        Usage: the file does not fit its schema, or has other images than the course.
    """
    found = schema.load((root or repo()) / FILE, TABLE, empty={})
    if set(found) != set(IMAGES):
        raise Usage(f"{FILE} has other images than the course.", wanted=sorted(IMAGES), found=sorted(found))
    return found


def rewrite(text: str, root: Path | None = None) -> Rewritten:
    """A console block, a command, a Compose file or a manifest of Kubernetes, with public images.

    Args:
        text: what is rewritten.
        root: the course's folder; None is this one.

    Raises:
        Usage: it names an image that the course has not, or a manifest is written in a way that is not known.
    """
    known = table(root)
    named = list(dict.fromkeys(NAME.findall(text)))
    if unknown := [name for name in named if name not in known]:
        raise Usage(f"The course has no image {unknown[0]}.", wanted=f"one of {', '.join(known)}")
    if is_manifest(text):
        return _manifest(text, named, known, root or repo())
    text = NAME.sub(lambda found: known[found[1]].image or built_name(found[1]), text)
    return Rewritten(text, named, [name for name in named if known[name].image is None])


def built_name(name: str) -> str:
    """What an image is called that has to be built: no registry answers to it, so that nobody's is pulled."""
    return f"localhost/{name}"


def builds(names: list[str]) -> list[str]:
    """The commands that build course images on a public one, in the course's folder; parents first."""
    commands: list[str] = []
    for name in names:
        image = IMAGES[name]
        base = BASE
        if image.parent and IMAGES[image.parent].parent:
            commands += builds([image.parent])
            base = built_name(image.parent)
        arguments = "".join(f" --build-arg {given}" for given in (f"BASE={base}", *image.args))
        commands.append(f"docker build{arguments} --tag {built_name(name)} images/{image.folder}")
    return list(dict.fromkeys(commands))


def is_manifest(text: str) -> bool:
    """Whether a text is objects of Kubernetes, in YAML."""
    return bool(re.search(r"^apiVersion:", text, re.M) and re.search(r"^kind:", text, re.M))


def _manifest(text: str, named: list[str], known: dict[str, PublicImage], root: Path) -> Rewritten:
    """A manifest with public images; its lines stay as they are, comments too, and some are added."""
    documents = [_document(document, known) for document in DOCUMENT.split(text)]
    laid: dict[str, dict[str, str]] = {}
    for name in named:
        if over := known[name].in_pods:
            laid[_volume(name)] = over.files
    documents += [_config_map(volume, files, root) for volume, files in laid.items()]
    text = "---\n".join(document if document.endswith("\n") else f"{document}\n" for document in documents)
    if left := NAME.search(text):
        raise Usage(f"{left[0]} stands where it cannot be replaced.", wanted="a line of its own: image: …")
    to_build = [name for name in named if not known[name].in_pods and not known[name].image]
    return Rewritten(text, named, to_build)


def _volume(name: str) -> str:
    """What the ConfigMap of an image's files is called, and the volume that it makes."""
    return f"{IMAGES[name].folder}-files"


def _document(text: str, known: dict[str, PublicImage]) -> str:
    """One object, its images replaced."""
    lines, at = text.split("\n"), 0
    while at < len(lines):
        if found := IMAGE_LINE.match(lines[at]):
            at += _replace(lines, at, found, known[found[2]])
        at += 1
    return "\n".join(lines)


def _replace(lines: list[str], at: int, found: re.Match[str], public: PublicImage) -> int:
    """Replaces the image of one container; returns how many lines were added before the line or at it."""
    name, over = found[2], public.in_pods
    image = over.image if over else public.image or built_name(name)
    lines[at] = f"{found['before']}image: {image}{found['after']}"
    if over is None:
        return 0
    column = len(found["before"])
    mounts = [
        {"name": _volume(name), "mountPath": path, "subPath": PurePosixPath(own).name}
        for path, own in over.files.items()
    ]
    added = _add_fields(lines, at, column, {**over.container, "volumeMounts": mounts})
    return added + _add_volume(lines, at, column, _volume(name))


def _add_fields(lines: list[str], at: int, column: int, fields: dict[str, Any]) -> int:
    """Gives a container the fields that it has not; returns how many lines were added.

    Args:
        lines: those of the object.
        at: the line of the container's image.
        column: where the container's keys begin.
        fields: what to add; variables of ``env`` are added to its own.

    Raises:
        Usage: it has volumes or variables in a form that cannot be added to.
    """
    first, end = at, at + 1
    while not lines[first].startswith(" " * (column - 2) + "- "):
        first -= 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) >= column):
        end += 1
    own = {
        line[column:].split(":")[0]: i
        for i, line in enumerate(lines[first:end], first)
        if _is_key(line, column)
    }
    before = len(lines)
    for key, value in reversed(fields.items()):
        if key not in own:
            lines.insert(at + 1, f"{' ' * column}{key}: {_flow(value)}")
        elif key == "env":
            _add_variables(lines, own[key] + (len(lines) - before) * (own[key] > at), value)
        elif key == "volumeMounts":
            raise Usage("A container has volumeMounts of its own.", found=lines[own[key]].strip())
    return len(lines) - before


def _add_variables(lines: list[str], at: int, variables: list[dict[str, str]]) -> None:
    """Adds variables to a container's ``env``, a list in lines of its own below line `at`.

    Raises:
        Usage: the list is in the same line.
    """
    if not lines[at].rstrip().endswith("env:"):
        raise Usage("A container's env is not a list in lines of its own.", found=lines[at].strip())
    indent, end = _indent(lines[at + 1]), at + 1
    while end < len(lines) and (lines[end].startswith(f"{' ' * indent}- ") or _indent(lines[end]) > indent):
        end += 1
    there = {
        entry["name"] for entry in yaml.safe_load("\n".join(line[indent:] for line in lines[at + 1 : end]))
    }
    new = [f"{' ' * indent}- {_flow(variable)}" for variable in variables if variable["name"] not in there]
    lines[at + 1 : at + 1] = new


def _add_volume(lines: list[str], at: int, column: int, volume: str) -> int:
    """Gives a Pod the volume of a ConfigMap, once; returns how many lines were added.

    Raises:
        Usage: the Pod has volumes already.
    """
    head = at
    while not re.fullmatch(r" *containers: *", lines[head]) or _indent(lines[head]) > column - 2:
        head -= 1
    indent = " " * _indent(lines[head])
    entry = f"{indent}- {_flow({'name': volume, 'configMap': {'name': volume}})}"
    if entry in lines[:head]:
        return 0
    if any(line.startswith(f"{indent}volumes:") for line in lines):
        raise Usage("A Pod has volumes of its own.", wanted="none, for the ConfigMap's is added")
    lines[head:head] = [f"{indent}volumes:", entry]
    return 2


def _indent(line: str) -> int:
    """How many blanks a line begins with."""
    return len(line) - len(line.lstrip(" "))


def _is_key(line: str, column: int) -> bool:
    """Whether a key of a mapping begins at a column, after blanks or the dash of a list."""
    return bool(re.fullmatch(r" *(- )?", line[:column])) and bool(re.match(r"\w+:", line[column:]))


def _flow(value: Any) -> str:
    """A value in one line of YAML."""
    dumped: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return dumped.removesuffix("...\n").strip()


def _config_map(name: str, files: dict[str, str], root: Path) -> str:
    """The ConfigMap with files of the course, as YAML."""
    head = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n"
    for own in files.values():
        body = (root / own).read_text(encoding="utf-8")
        text = "".join(f"    {line}\n" if line else "\n" for line in body.splitlines())
        head += f"  {PurePosixPath(own).name}: |\n{text}"
    return head
