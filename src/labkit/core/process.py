"""Calling other programs: output kept, a failure told with the program's own last words."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.errors import CommandFailed

TAIL = 15
"""How many of the last lines that a failed program printed are shown."""


def run(
    argv: Sequence[object], *, fix: str | None = None, env: Mapping[str, str] | None = None, **options: Any
) -> str:
    """Runs a program to its end and returns what it printed on standard output.

    Args:
        argv: program and arguments.
        fix: what the reader of the error should do next.
        env: the whole environment; None is this process's.
        **options: passed to `subprocess.run` (``input``, ``cwd``, ``timeout`` in seconds …).

    Raises:
        CommandFailed: the program is not there, or ended with a non-zero status.
    """
    command = [str(a) for a in argv]
    shown = " ".join(command[:6]) + (" …" if len(command) > 6 else "")
    options.setdefault("text", True)
    try:
        done = subprocess.run(command, capture_output=True, env=env, **options)
    except FileNotFoundError:
        raise CommandFailed(
            f"The program {command[0]} is not on this machine.", wanted=shown, fix=fix
        ) from None
    if done.returncode:
        output = done.stderr or done.stdout
        text = output if isinstance(output, str) else output.decode(errors="replace")
        last = "\n".join(text.strip().splitlines()[-TAIL:])
        raise CommandFailed(
            f"`{shown}` ended with status {done.returncode}.", found=last or "no output", fix=fix
        )
    printed: str = done.stdout  # bytes for whoever asks for text=False
    return printed
