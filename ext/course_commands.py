"""The page of commands: each that a chapter's console blocks show, with an example and where it is explained.

Nothing of it is written by hand: the blocks are run by the tests, so each example is a line that works.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from course_proved import link, table, text
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from labkit.book import console_blocks, notebooks
from labkit.book.console_blocks import Command
from labkit.book.stems import number

GROUPS = {
    "docker": {"builder", "buildx", "compose", "container", "image", "network", "system", "volume"},
    "kubectl": {"create", "rollout", "set"},
}
"""Commands whose next word names what is done, by program."""

COMPOUND = re.compile(r"[|;&<>]|\$\(")
"""What makes a line more than one command; its parts make no short example."""

FLAGS = {"--detach", "--init", "--interactive", "--no-healthcheck", "--privileged", "--read-only", "--rm"}
"""Options of ``docker run`` that take no value."""

OPTION = re.compile(r"(--?[a-z][a-z-]*)(?:=.*)?")


@dataclass
class Shown:
    """A command, or an option of one, as chapters show it.

    Attributes:
        commands: those that have it.
        stems: the chapters.
    """

    commands: list[Command] = field(default_factory=list)
    stems: list[str] = field(default_factory=list)

    def add(self, command: Command, stem: str) -> None:
        """Notes that a chapter has it in a command."""
        self.commands.append(command)
        if stem not in self.stems:
            self.stems.append(stem)

    @property
    def example(self) -> str:
        """The shortest line: one that ends well and is simple, if there is any."""

        def worth(command: Command) -> tuple[bool, bool, int]:
            return command.status != 0, bool(COMPOUND.search(command.line)), len(command.line)

        return min(self.commands, key=worth).line


def name_of(line: str) -> str | None:
    """What a line's command is called, such as ``docker image ls``; None if it is no command of ours."""
    words = line.split()
    if words[0] not in GROUPS:
        return None
    said = [word for word in words[:3] if not word.startswith("-")]
    return " ".join(said[: 3 if said[1] in GROUPS[words[0]] else 2])


def options_of(line: str) -> list[str]:
    """The options before the image in a line of ``docker run``; those behind it are the program's."""
    if COMPOUND.search(line):
        return []
    words, found = shlex.split(line)[2:], []
    takes_value = False
    for word in words:
        m = OPTION.fullmatch(word)
        if m is None and not takes_value:
            break
        takes_value = m is not None and "=" not in word and m[1] not in FLAGS
        if m is not None:
            found.append(m[1])
    return found


class Commands(SphinxDirective):
    """``{commands}``: a table of all commands, then one of the options of ``docker run``."""

    def run(self) -> list[nodes.Node]:
        """The two tables.

        Raises:
            ExtensionError: no chapter shows a command.
        """
        root = Path(self.env.srcdir)
        commands, options = dict[str, Shown](), dict[str, Shown]()
        for stem in notebooks.stems("chapters", root):
            path = notebooks.path(stem, "chapters", root)
            self.env.note_dependency(str(path))
            for command in commands_of(path):
                if name := name_of(command.line):
                    commands.setdefault(name, Shown()).add(command, stem)
                for option in options_of(command.line) if name == "docker run" else ():
                    options.setdefault(option, Shown()).add(command, stem)
        if not commands:
            raise ExtensionError("No chapter shows a command.")
        said = text(nodes.paragraph, "The options of docker run that the chapters use:")
        columns = ["command", "an example that the tests run", "chapters"]
        return [self.rows(columns, commands), said, self.rows(["option", *columns[1:]], options)]

    def rows(self, columns: list[str], shown: dict[str, Shown]) -> nodes.table:
        """A table of commands or options, by name."""
        rows = []
        for name, one in sorted(shown.items()):
            where = nodes.inline()
            for stem in one.stems:
                where += nodes.Text(", " if where.children else "")
                where += link(str(number(stem)), f"chapters/{stem}")
            rows.append([text(nodes.literal, name), text(nodes.literal, one.example), where])
        return table(columns, rows, "commands")


def commands_of(path: Path) -> list[Command]:
    """Every command of a chapter's console blocks."""
    return console_blocks.of_notebook(notebooks.read(path))


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
