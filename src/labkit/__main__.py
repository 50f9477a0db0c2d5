"""``python3 src/labkit VERB`` on a bare machine, ``python -m labkit VERB`` afterwards.

Standard library only: this file is what makes the virtual environment in which everything else runs.
The environment is rebuilt when Python or ``requirements.txt`` changes, and left alone otherwise.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
VENV = Path(os.environ.get("LABKIT_VENV") or REPO / ".venv")
LOCK = REPO / "requirements.txt"
NEEDS_INSTALL = 3
EVERY = 30.0
"""Seconds after which an installation that goes on is told again."""


def stamp() -> str:
    """What the environment must have been made from: this Python, this lock, this place."""
    import hashlib  # here and below: where the environment is ready, a verb does not wait for these

    return hashlib.sha256(
        b"%s %s %s" % (sys.version.encode(), LOCK.read_bytes(), str(REPO).encode())
    ).hexdigest()


def python() -> Path:
    """The environment's interpreter."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def locked(name: str) -> str:
    """The lines of the lock that pin one package, hashes included."""
    lines, is_of_it = [], False
    for line in LOCK.read_text().splitlines():
        if line[:1] not in ("", " ", "#"):
            is_of_it = line.startswith(name + "==")
        if is_of_it and not line.lstrip().startswith("#"):
            lines.append(line)
    return "\n".join(lines) + "\n"


def usable() -> bool:
    """Whether an environment is there that this Python made; then it needs only what has changed."""
    made_by = VENV / "labkit-python"
    return made_by.exists() and made_by.read_text() == sys.version and (VENV / "pyvenv.cfg").exists()


def tell(line: str) -> None:
    """Says how far the environment is, beside what the verb itself prints: a shell evaluates `labkit env`."""
    print(line, file=sys.stderr, flush=True)


def install(command: list[str], env: dict[str, str]) -> None:
    """Runs an installer to its end, and says every 30 s how far it is.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    import time

    started = time.monotonic()
    process = subprocess.Popen(command, env=env)
    while process.poll() is None:
        try:
            process.wait(EVERY)
        except subprocess.TimeoutExpired:
            installed = len(list(VENV.glob("[Ll]ib*/**/site-packages/*.dist-info")))
            wanted = sum("==" in line for line in LOCK.read_text().splitlines())
            so_far = f"{time.monotonic() - started:.0f} s, {installed} of {wanted} packages installed"
            tell(f"Python environment: {so_far}, the others are downloaded …")
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def make_venv() -> None:
    """Makes or updates the environment; ends the program with what to install if it cannot."""
    import shutil
    import tempfile

    tell(f"Python environment: installing {LOCK.name} into {VENV.name}/ (1 GB, up to 2 min) …")
    if not usable():
        shutil.rmtree(VENV, ignore_errors=True)
        venv = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
        if venv.returncode:
            print(
                f"This Python ({sys.executable}) cannot make a venv:\n{venv.stdout}{venv.stderr}"
                "next: install its venv module (Debian, Ubuntu: apt-get install python3-venv).",
                file=sys.stderr,
            )
            raise SystemExit(NEEDS_INSTALL)
        (VENV / "labkit-python").write_text(sys.version)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as f:
        f.write(locked("uv"))
    pip = [str(python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", f.name], check=True)
    finally:
        os.unlink(f.name)
    uv = [str(python()), "-m", "uv", "pip"]
    env = {**os.environ, "VIRTUAL_ENV": str(VENV)}
    sync = [*uv, "sync", "--quiet", "--require-hashes", "--compile-bytecode", str(LOCK)]
    install(sync, env)
    # The course itself runs from its folder: one path file, nothing to build.
    site = next(VENV.glob("[Ll]ib*/**/site-packages"))
    (site / "labkit.pth").write_text(f"{REPO / 'src'}\n")
    (VENV / "labkit-stamp").write_text(stamp())


def main() -> None:
    """Runs the verb in the environment, which is made first where it is missing or stale."""
    if sys.version_info < (3, 11):  # noqa: UP036  a bare machine may have any Python
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.", file=sys.stderr)
        raise SystemExit(NEEDS_INSTALL)
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if inside:
        from labkit.cli import main as verbs

        verbs()
        return
    mark = VENV / "labkit-stamp"
    if not mark.exists() or mark.read_text() != stamp():
        try:
            make_venv()
        except subprocess.CalledProcessError as e:
            print(
                f"No Python environment: {' '.join(e.cmd[:5])} … ended with {e.returncode}:\n"
                "see above.\nnext: check the connection to the Python package index, then again.",
                file=sys.stderr,
            )
            raise SystemExit(1) from None
    os.execv(python(), [str(python()), "-m", "labkit", *sys.argv[1:]])


if __name__ == "__main__":
    main()
