"""The learner's command: lab up, site built, JupyterLab on 127.0.0.1 with a token, one line of addresses."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import socket
import sys
from pathlib import Path

from labkit.book import site
from labkit.core.engine import exports
from labkit.core.paths import home, repo
from labkit.provision import jupyter, up
from labkit.provision.progress import Steps

ADDRESS = "127.0.0.1"
TRIES = 50


def free_port(first: int) -> int:
    """The first port from here on that nobody listens on.

    Raises:
        OSError: none of the next 50 is free.
    """
    for port in range(first, first + TRIES):
        with socket.socket() as s:
            if s.connect_ex((ADDRESS, port)):
                return port
    raise OSError(f"no free port from {first} to {first + TRIES - 1}")


def settings() -> None:
    """Keeps JupyterLab from asking the internet for news and updates."""
    target = Path(sys.prefix) / "share/jupyter/lab/settings/overrides.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("jupyter_overrides.json"), target)


def learn(only: str | None, browser: bool, port: int) -> None:
    """Prepares everything and becomes JupyterLab (this process is replaced)."""
    steps = Steps()
    up.bring_up(only, steps)
    with Steps(steps.console) as show, show.step("site", 20) as say:
        page = site.build() / "index.html"
        say(page.as_uri())
    settings()
    jupyter.ensure()
    port, token = free_port(port), secrets.token_urlsafe(16)
    lab = f"http://{ADDRESS}:{port}/lab/tree/chapters/ch01_docker_manages.ipynb?token={token}"
    steps.console.print(
        f"Read: {page.as_uri()}   Run: {lab}   (Ctrl-C ends JupyterLab; the lab stays up)", soft_wrap=True
    )
    sys.stdout.flush()
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        f"--ServerApp.ip={ADDRESS}",
        f"--ServerApp.port={port}",
    ]
    command += [
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={repo()}",
        "--ServerApp.log_level=WARN",
    ]
    # a browser in a sandbox, or of Windows beside WSL, may not open the file that leads to this address
    command += ["--ServerApp.use_redirect_file=False"]
    command += ["--LabApp.default_url=/lab/tree/chapters/ch01_docker_manages.ipynb"]
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if hasattr(os, "getuid") and os.getuid() == 0 else []
    # the user's own settings may name another address, a password, another root: these are the course's
    own = {"JUPYTER_CONFIG_DIR": str(home() / "jupyter"), "IPYTHONDIR": str(home() / "ipython")}
    os.execve(sys.executable, command, {**os.environ, **exports(), **own})


def ensure() -> Path:
    """Writes ``labkit`` into ``home()/bin``, which `labkit.core.engine.exports` puts first on PATH."""
    target = home() / "bin" / "labkit"
    text = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m labkit "$@"\n'
    if not target.exists() or target.read_text() != text:
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
        target.chmod(0o755)
    return target
