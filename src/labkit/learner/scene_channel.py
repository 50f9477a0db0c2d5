"""How a judged notebook asks whoever grades it to set up a scene, so that what is set up is not its own work.

One small request over a socket in the workspace's folder: the scene's name, as JSON; the answer says how it
went.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Client, Listener

from labkit.core.errors import BrokenEnvironment, LabkitError, Usage
from labkit.lab.workspace import Workspace

CAP = 10_000
"""The longest message, in bytes."""


def address(workspace: Workspace) -> str:
    """Where whoever grades in a workspace listens."""
    return rf"\\.\pipe\labkit-{workspace.session}" if os.name == "nt" else str(workspace.folder / "grader")


def ask(workspace: Workspace, name: str) -> None:
    """Has a scene set up; returns when it stands.

    Raises:
        Usage: there is no such scene.
        BrokenEnvironment: it could not be set up, or nobody listens.
    """
    try:
        with Client(address(workspace)) as line:
            line.send_bytes(json.dumps(name).encode())
            reason = json.loads(line.recv_bytes(CAP))
    except (OSError, EOFError, ValueError) as e:
        raise BrokenEnvironment("Whoever grades this notebook does not answer.", found=e) from None
    if reason is not None:
        raise BrokenEnvironment("The scene could not be set up.", found=reason)


def listen(workspace: Workspace, begin: Callable[[str], None]) -> Listener:
    """Answers requests from now on, one after another, in a thread of its own.

    Args:
        workspace: the judged workspace.
        begin: sets a scene up, or raises.
    """
    listener = Listener(address(workspace))
    threading.Thread(target=serve, args=(listener, begin), daemon=True, name="scenes").start()
    return listener


def serve(listener: Listener, begin: Callable[[str], None]) -> None:
    """Answers until the listener is closed; whoever hangs up, or says nothing, harms only themselves."""
    while True:
        try:
            line = listener.accept()
        except OSError:
            return
        with line, suppress(OSError, EOFError):
            line.send_bytes(json.dumps(answer_to(line.recv_bytes(CAP), begin)).encode())


def answer_to(request: bytes, begin: Callable[[str], None]) -> str | None:
    """Sets up what was asked for; None, or why not."""
    try:
        name = json.loads(request)
        if not isinstance(name, str):
            raise Usage("A scene is asked for by its name.")
        begin(name)
    except (LabkitError, ValueError) as e:
        return str(e)[:2000]
    except Exception as e:
        return f"{type(e).__name__}: {e}"[:2000]
    return None
