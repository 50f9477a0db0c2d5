"""What a test of a grader or of a proof depends on, and its digest: one that is unchanged need not run again.

Code counts by what it does (`labkit.mutation.definitions`), manifests and other data by their values, an
image by its recipe and those of its parents, a library by the version that is pinned.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import yaml

from labkit.book.ledger import claims
from labkit.core.paths import repo
from labkit.mutation.answers import FOLDER as ANSWERS
from labkit.mutation.claims import Plant
from labkit.mutation.definitions import Course, Module, Used, assigned, normalised, used
from labkit.provision import image_table

ANSWERS_RUN_BY = ("labkit.mutation.runner", "mutate_stem")
PLANTS_RUN_BY = ("labkit.mutation.claims", "verdict_turns")
NOTEBOOK_RUN_BY = ("labkit.book.notebooks", "execute")
MESSAGES = "messages.json"
"""What wrong answers are told, beside them."""

READ_BY_NAME = ("IMAGES", "CLUSTER")
"""What `labkit.checks.loader` reads of a file of checks by its name."""

IMAGE_TABLE = "labkit.provision.image_table:IMAGES"
"""Counts by the entries of the images that are used."""

FILE_NAME = re.compile(r"[\w-]+(?:/[\w-]+)*\.\w+(?:\.\w+)?")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.M)


class Inputs:
    """The inputs of tests, read from a course's files as they are now.

    Args:
        root: the course's folder; None is this one.
    """

    def __init__(self, root: Path | None = None):
        self.root = root or repo()
        self.course = Course(self.root)
        self.parts: dict[str, dict[str, str]] = {}

    def of_graders(self, stem: str) -> dict[str, str]:
        """All that the test of a stem's graders depends on, by name."""
        key = f"graders {stem}"
        if key not in self.parts:
            written = [*self._sources("checks", stem), *self._sources(ANSWERS, stem)]
            seeds = [ANSWERS_RUN_BY, *(seed for name in written for seed in self._roots(name))]
            cells = self._cells("solutions", stem)
            self.parts[key] = {
                **self._uses([*seeds, *cells.seeds], stem),
                **cells.parts,
                **self._file(f"{ANSWERS}/{stem}/{MESSAGES}"),
            }
        return self.parts[key]

    def of_plant(self, stem: str, plant: Plant) -> dict[str, str]:
        """All that the run of a planted change depends on, by name."""
        key = f"plant {plant.claim}"
        if key not in self.parts:
            cells = self._cells("chapters", stem, until=f"claim:{plant.claim}")
            claim = claims().get(plant.claim)
            self.parts[key] = {
                **self._uses([PLANTS_RUN_BY, *cells.seeds], stem),
                **cells.parts,
                "plant": json.dumps([plant.cell, plant.before, plant.after]),
                "verdict": claim.verdict if claim else "",
            }
        return self.parts[key]

    def of_chapter(self, stem: str) -> dict[str, str]:
        """All that a run of a chapter depends on, by name: what it costs is measured anew when it changes."""
        key = f"chapter {stem}"
        if key not in self.parts:
            cells = self._cells("chapters", stem)
            self.parts[key] = {**self._uses([NOTEBOOK_RUN_BY, *cells.seeds], stem), **cells.parts}
        return self.parts[key]

    # --- code

    def _sources(self, folder: str, stem: str) -> list[str]:
        """The names of the modules that a stem has in a folder: a file, or a folder of files."""
        place = self.root / folder / stem
        package = f"{Path(folder).name}.{stem}"
        inner = [p.relative_to(place).with_suffix("").as_posix() for p in sorted(place.rglob("*.py"))]
        names = [f"{package}.{name.replace('/', '.')}".removesuffix(".__init__") for name in inner]
        return [*([package] if place.with_name(f"{stem}.py").is_file() else []), *names]

    def _roots(self, name: str) -> Iterator[tuple[str, str]]:
        """What is found in a file of checks or answers by what it is: not by a name that somebody reads."""
        yield name, ""
        module = self.course.module(name)
        for statement in module.tree.body if module else []:
            if isinstance(statement, ast.Assign | ast.AnnAssign):
                names = assigned(statement)
                is_made = any(isinstance(n, ast.Call) for n in ast.walk(statement))
                yield from ((name, n) for n in names if is_made or n in READ_BY_NAME)

    def _cells(self, kind: str, stem: str, until: str | None = None) -> _Cells:
        """The code cells of a notebook, to the one with a tag, as a module."""
        path = self.root / kind / f"{stem}.ipynb"
        name = f"notebook {kind}/{stem} {until or ''}".strip()
        cells = []
        for source, tags in code_cells(path):
            cells.append((source, tags))
            if until in tags:
                break
        try:
            module = Module(name, "\n".join(source for source, _ in cells))
        except SyntaxError:
            return _Cells([], {name: json.dumps(cells)})
        module.effects = [s for s in module.tree.body if not isinstance(s, ast.Import | ast.ImportFrom)]
        self.course.add(module)
        code = [[normalised(s) for s in ast.parse(source).body] for source, _ in cells]
        return _Cells([(name, "")], {name: json.dumps([code, [tags for _, tags in cells]])})

    def _uses(self, seeds: Iterable[tuple[str, str]], stem: str) -> dict[str, str]:
        """What some code uses: definitions, data, manifests of its stem, images and libraries."""
        names = used(self.course, seeds)
        code: dict[str, list[str]] = {}
        for name, text in names.code:
            if name != IMAGE_TABLE and not name.startswith("notebook "):
                code.setdefault(name, []).append(text)
        parts = {f"code {name}": "\n".join(sorted(texts)) for name, texts in code.items()}
        parts |= self._data(names)
        manifests = self._folder(f"k8s/{stem}")
        texts = [text for module, text in names.texts if f"{module}:IMAGES" != IMAGE_TABLE]
        parts |= manifests | self._images([*texts, *manifests.values()])
        pins = pinned(self.root)
        libraries = {distribution(name, frozenset(pins)) for name in names.libraries}
        return parts | {f"library {name}": pins[name] for name in libraries if name in pins}

    # --- data

    def _data(self, names: Used) -> dict[str, str]:
        """The files beside labkit's modules that their code names."""
        parts: dict[str, str] = {}
        for module, text in names.texts:
            if (
                0 < len(text) < 200
                and "." in text
                and "\n" not in text
                and (home := self.course.file(module))
            ):
                for path in (home.parent / text, self.root / text):
                    is_ours = path.suffix != ".py" and path.is_relative_to(self.root / "src/labkit")
                    if is_ours and ".." not in text and path.is_file():
                        parts |= self._file(path.relative_to(self.root).as_posix())
        return parts

    def _folder(self, folder: str) -> dict[str, str]:
        """All files of a folder."""
        paths = sorted(p for p in (self.root / folder).rglob("*") if p.is_file() and is_source(p))
        return {k: v for p in paths for k, v in self._file(p.relative_to(self.root).as_posix()).items()}

    def _file(self, name: str) -> dict[str, str]:
        """A file by its value; nothing if it is not there."""
        path = self.root / name
        return {f"file {name}": value_of(path)} if path.is_file() else {}

    def _images(self, texts: Iterable[str]) -> dict[str, str]:
        """The images that some texts name, and their parents: entry in the table, and files."""
        parts: dict[str, str] = {}
        for image in image_table.with_parents(sorted(images_in(texts))):
            entry = [image.name, image.folder, image.parent, image.args]
            parts[f"image {image.name}"] = json.dumps(entry)
            parts |= self._folder(f"images/{image.folder}")
        return parts


def code_cells(path: Path) -> Iterator[tuple[str, list[str]]]:
    """The code cells of a notebook, each with its tags; none where there is no notebook that can be read."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        cells = []
    for cell in cells:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"]), sorted(cell["metadata"].get("tags", []))


class _Cells:
    """A notebook's cells: the seeds of what they use, and what they are."""

    def __init__(self, seeds: list[tuple[str, str]], parts: dict[str, str]):
        self.seeds, self.parts = seeds, parts


def snapshot_of(stem: str) -> str:
    """The name of the input that is the snapshot of what wrong answers are told."""
    return f"file {ANSWERS}/{stem}/{MESSAGES}"


def digest(parts: dict[str, str]) -> str:
    """The digest of some inputs."""
    return hashlib.sha256(json.dumps(sorted(parts.items())).encode()).hexdigest()[:16]


def changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """The names of the inputs that differ."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def images_in(texts: Iterable[str]) -> set[str]:
    """The course's images that some texts name: all tags of one whose tag is put in by a program."""
    lines = "\n".join(texts)
    return {name for name in image_table.IMAGES if mention_of(name).search(lines)}


@lru_cache(maxsize=64)
def mention_of(image: str) -> re.Pattern[str]:
    """Where an image is named: ``web:1.0``, and ``localhost:5001/web`` or ``/web:`` without its tag."""
    repository, _, tag = map(re.escape, image.partition(":"))
    with_tag = rf"(?<![\w.-]){repository}:{tag}(?![\w-]|\.\w)"
    without = rf"(?:^|:5001)/{repository}(?![\w./-]|:\w)"
    return re.compile(f"{with_tag}|{without}", re.M)


def is_source(path: Path) -> bool:
    """Whether a file was written by somebody."""
    return "__pycache__" not in path.parts


def value_of(path: Path) -> str:
    """What is in a file, without what changes nothing: by its values, or without its comments.

    YAML and JSON by value, Python by its code, a Dockerfile without lines of comment, all else as it is; what
    cannot be read as what its name says counts as it is.
    """
    content = path.read_bytes()
    mode = "x " if path.stat().st_mode & 0o100 else ""
    try:
        text = content.decode()
        if path.suffix in (".yaml", ".yml"):
            return mode + json.dumps(list(yaml.safe_load_all(text)), sort_keys=True, default=str)
        if path.suffix == ".json":
            return mode + json.dumps(json.loads(text), sort_keys=True)
        if path.suffix == ".py":
            return mode + normalised(ast.parse(text))
        if path.name.endswith("Dockerfile") and "<<" not in text:
            return mode + "\n".join(line for line in text.splitlines() if is_instruction(line))
    except (ValueError, SyntaxError, yaml.YAMLError, TypeError):
        pass
    return mode + hashlib.sha256(content).hexdigest()


def is_instruction(line: str) -> bool:
    """Whether a line of a Dockerfile is more than a comment; parser directives count."""
    return bool(line.strip()) and (not line.startswith("#") or bool(re.match(r"#\s*\w+=", line)))


@lru_cache(maxsize=4)
def _pins(path: Path, changed_at: int) -> dict[str, str]:
    """The pins of a file of requirements."""
    return {canonical(name): version for name, version in PIN.findall(path.read_text(encoding="utf-8"))}


def pinned(root: Path) -> dict[str, str]:
    """The versions in a course's ``requirements.txt``, by the package's name in lower case."""
    path = root / "requirements.txt"
    return _pins(path, path.stat().st_mtime_ns) if path.is_file() else {}


def canonical(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@lru_cache(maxsize=1)
def distributions() -> dict[str, list[str]]:
    """The packages that bring each importable name."""
    return dict(metadata.packages_distributions())


@lru_cache(maxsize=512)
def distribution(name: str, pins: frozenset[str]) -> str:
    """The package that brings an importable name; the name itself for Python's own modules."""
    if canonical(name) in pins or name in sys.stdlib_module_names:
        return canonical(name)
    return canonical(next(iter(distributions().get(name, [])), name))
