r"""Console blocks: the CLI twins of a page, taken out of it and run as they stand.

A block is a ``console`` fence. ``$ command`` is run (a line that ends in ``\`` goes on in the next); lines
below it are what it must print: ``<...>`` stands for any text in a line, a line ``...`` for any lines. A
command must end with status 0, or with the one in a trailing comment ``# exit 1``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

FENCE = re.compile(r"^```console *\n(.*?)^``` *$", re.M | re.S)
STATUS = re.compile(r"\s+# exit (\d+)$")
HOST = ("kubectl", "kind", "labkit", "python3")
"""Programs that run on the reader's own machine; all others run where Docker is under test."""


@dataclass
class Command:
    """One command of a block, and what must come of it.

    Attributes:
        line: what is run, by a shell.
        expected: lines that it must print; empty asks for nothing.
        status: the exit status that it must end with.
    """

    line: str
    expected: list[str] = field(default_factory=list)
    status: int = 0

    @property
    def typed(self) -> str:
        """The command as a block shows it in one line: with the status that it must end with, if not 0."""
        return f"{self.line}  # exit {self.status}" if self.status else self.line

    @property
    def on_host(self) -> bool:
        """Whether it belongs on the reader's own machine."""
        return self.line.split()[0] in HOST

    def differs(self, status: int, printed: str) -> str | None:
        """What is wrong with a result, or None."""
        if status != self.status:
            return f"$ {self.line}\nended with status {status}, wanted {self.status}; it printed:\n{printed}"
        if self.expected and not pattern(self.expected).fullmatch(strip(printed) + "\n"):
            wanted = "\n".join(self.expected)
            return f"$ {self.line}\nprinted:\n{strip(printed)}\nwanted:\n{wanted}"
        return None


def strip(printed: str) -> str:
    """Output without trailing blanks, as it is compared."""
    return "\n".join(line.rstrip() for line in printed.strip().splitlines())


def pattern(expected: list[str]) -> re.Pattern[str]:
    """The expected lines as one regular expression, for lines that each end in a line break."""
    parts = []
    for line in expected:
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\n]*?".join(map(re.escape, line.rstrip().split("<...>"))) + r"\n")
    return re.compile("".join(parts))


def blocks(markdown: str) -> list[str]:
    """The console blocks of a text, in order."""
    return FENCE.findall(markdown)


def of_notebook(notebook: NotebookNode) -> list[Command]:
    """Every command of the console blocks in a notebook's text, in order."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [command for text in texts for block in blocks(text) for command in parse(block)]


def parse(block: str) -> list[Command]:
    """The commands of one block.

    Raises:
        ValueError: there is output before the first command, or no command at all.
    """
    commands: list[Command] = []
    lines = iter(block.splitlines())
    for line in lines:
        if line.startswith("$ "):
            command = line[2:]
            while command.endswith("\\"):
                command = command[:-1] + next(lines).lstrip().removeprefix("> ")
            status = STATUS.search(command)
            line = STATUS.sub("", command)
            commands.append(Command(line, status=int(status[1]) if status else 0))
        elif commands:
            commands[-1].expected.append(line)
        elif line.strip():
            raise ValueError(f"a console block begins with output: {line!r}")
    if not commands:
        raise ValueError("a console block has no command")
    for parsed in commands:
        while parsed.expected and not parsed.expected[-1].strip():
            parsed.expected.pop()
    return commands
