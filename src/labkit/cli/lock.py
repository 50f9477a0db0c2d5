"""``labkit lock``: pins requirements.in anew."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command()
def command() -> None:
    """Pin requirements.in to requirements.txt, every file's hash included."""
    from labkit.core.paths import repo

    options = ["--quiet", "--upgrade", "--universal", "--generate-hashes", "--no-header"]
    options += ["--no-emit-index-url", "--python-version", "3.11.7"]
    options += ["requirements.in", "--output-file", "requirements.txt"]
    raise SystemExit(
        subprocess.run([sys.executable, "-m", "uv", "pip", "compile", *options], cwd=repo()).returncode
    )
