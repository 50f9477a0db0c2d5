"""Calling other programs: output kept, a failure told with the program's own last words."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

from labkit.core.errors import CommandFailed

TAIL = 15


def run(
    argv: Sequence[object], *, fix: str | None = None, env: Mapping[str, str] | None = None, **options
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
    argv = [str(a) for a in argv]
    shown = " ".join(argv[:6]) + (" …" if len(argv) > 6 else "")
    options.setdefault("text", True)
    try:
        done = subprocess.run(argv, capture_output=True, env=env, **options)
    except FileNotFoundError:
        raise CommandFailed(f"The program {argv[0]} is not on this machine.", wanted=shown, fix=fix) from None
    if done.returncode:
        said = done.stderr or done.stdout
        said = said if isinstance(said, str) else said.decode(errors="replace")
        last = "\n".join(said.strip().splitlines()[-TAIL:])
        raise CommandFailed(
            f"`{shown}` ended with status {done.returncode}.", found=last or "no output", fix=fix
        )
    return done.stdout
