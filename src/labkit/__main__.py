"""``python3 src/labkit VERB`` on a bare machine, ``python -m labkit VERB`` afterwards.

Standard library only: this file is what makes the virtual environment in which everything else runs.
The environment is rebuilt when Python or ``requirements.txt`` changes, and left alone otherwise.

An old Python must come as far as the line that refuses it: the syntax of this file is that of 3.6, and what
stands above that line uses nothing newer. So no annotations from ``__future__`` either, which 3.6 has not.
"""

import os
import subprocess
import sys
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 14)
"""The Pythons that the course is tested with, and locked for; a test holds pyproject.toml to them."""

REPO = Path(__file__).resolve().parents[2]
LOCK = REPO / "requirements.txt"
NEEDS_INSTALL = 3
RANGE = "{}.{} to {}.{}".format(*OLDEST, *NEWEST)

EVERY = 30.0
"""Seconds after which an installation that goes on is told again."""

MADE_BY = "labkit-python"
"""The file in an environment that says it is the course's, and which Python made it."""

PIP_SETTINGS = (
    *("INDEX_URL", "EXTRA_INDEX_URL", "NO_INDEX", "FIND_LINKS", "TRUSTED_HOST", "CONFIG_FILE"),
    *("CERT", "CLIENT_CERT", "KEYRING_PROVIDER", "PROXY", "RETRIES", "TIMEOUT", "DEFAULT_TIMEOUT"),
    *("CACHE_DIR", "NO_CACHE_DIR", "NO_INPUT", "DISABLE_PIP_VERSION_CHECK"),
)
"""What of ``PIP_*`` says where packages come from; the rest would say where they go."""


def refuse() -> None:
    """Ends the program of a Python that is too old: what is wanted, what this is, what to do next."""
    import shlex

    newer = fitting()
    if newer:
        again = f"{newer} {shlex.quote(sys.argv[0])}"
        verb = " ".join(map(shlex.quote, sys.argv[1:] or ["learn"]))
        remedy = f'{again} {verb}  (before make: export LABKIT="{again}")'
    else:
        remedy = (
            f"install Python {RANGE}, then again with it "
            "(Debian 12, Ubuntu 24.04 and newer: apt-get install python3 python3-venv)"
        )
    print(
        f"The course takes Python {RANGE}, and newer ones untested; this Python is too old.\n"
        f"  wanted: Python {RANGE}\n"
        f"  found: Python {'.'.join(map(str, sys.version_info[:3]))} ({sys.executable})\n"
        f"  next: {remedy}",
        file=sys.stderr,
    )
    raise SystemExit(NEEDS_INSTALL)


def fitting() -> str:
    """The newest Python of the range that is on the path and can make a venv; empty if none."""
    import shutil

    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        name = f"python{OLDEST[0]}.{minor}"
        # one that is on the path need not work: version managers lay stand-ins for all that they know
        if shutil.which(name):
            command = [name, "-c", "import ensurepip"]
            if not subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
                return name
    return ""


if sys.version_info < OLDEST:  # here, for the annotations below mean nothing to an old Python
    refuse()

COLOURS = ("FORCE_COLOR", "CLICOLOR_FORCE")
TAKEN_OUT = (
    *COLOURS,
    *("PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONSTARTUP", "PYTHONINSPECT"),
    *("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "MPLBACKEND"),
    *("UV_SYSTEM_PYTHON", "UV_PYTHON", "UV_CONSTRAINT", "UV_OVERRIDE"),
)
"""What would bring other packages, kernels or settings into the course, or colours into what is read."""


def place() -> Path:
    """The environment's folder: ``LABKIT_VENV``, or ``.venv``; one beside it where that is the user's own."""
    named = os.environ.get("LABKIT_VENV")
    if named:
        return Path(named)
    usual = REPO / ".venv"
    is_ours = any((usual / name).exists() for name in (MADE_BY, "labkit-stamp"))
    return usual if is_ours or not usual.exists() else REPO / ".venv-labkit"


VENV = place()


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
    made_by = VENV / MADE_BY
    return made_by.exists() and made_by.read_text() == sys.version and (VENV / "pyvenv.cfg").exists()


def is_known() -> bool:
    """Whether this is one of the Pythons that the course is tested with, in their usual build."""
    import sysconfig

    is_usual = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
    return is_usual and sys.version_info[:2] <= NEWEST


def this_python() -> str:
    """This Python's name for messages, with what is unusual in it."""
    import platform
    import sysconfig

    usual = platform.python_implementation().replace("CPython", "Python")
    return f"{usual} {platform.python_version()}{'t' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''}"


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
    process = subprocess.Popen(command, env=env, stdout=sys.stderr.fileno())
    while process.poll() is None:
        try:
            process.wait(EVERY)
        except subprocess.TimeoutExpired:
            installed = len(list(site_packages().glob("*.dist-info")))
            wanted = sum("==" in line for line in LOCK.read_text().splitlines())
            so_far = f"{time.monotonic() - started:.0f} s, {installed} of {wanted} packages installed"
            tell(f"Python environment: {so_far}, the others are downloaded …")
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def site_packages() -> Path:
    """Where the environment keeps its packages."""
    return next(VENV.glob("[Ll]ib/**/site-packages"), VENV)


def settings() -> dict[str, str]:
    """The environment variables of installers and verbs: the user's, without what leads them astray."""
    astray = {name for name in os.environ if name.startswith("PIP_")} - {f"PIP_{n}" for n in PIP_SETTINGS}
    return {name: value for name, value in os.environ.items() if name not in astray.union(TAKEN_OUT)}


def pip_config() -> dict[str, str]:
    """Where pip is told to take packages from, by the names in its files, such as ``index-url``."""
    import ast

    command = [str(python()), "-m", "pip", "config", "list"]
    lines = subprocess.run(command, env=settings(), capture_output=True, text=True).stdout.splitlines()
    found: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):  # the later goes before the earlier
        for line in lines:
            name, _, value = line.partition("=")
            if name.startswith(section):
                found[name.removeprefix(section)] = str(ast.literal_eval(value))
    return found


def for_uv(pip: dict[str, str]) -> dict[str, str]:
    """The variables with which uv, which reads none of pip's settings, takes packages from the same place.

    Args:
        pip: as from `pip_config`.
    """
    given = {
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": " ".join(pip.get("extra-index-url", "").split()),
        "UV_INSECURE_HOST": " ".join(pip.get("trusted-host", "").split()),
        "SSL_CERT_FILE": pip.get("cert", ""),
        "ALL_PROXY": pip.get("proxy", ""),
    }
    if is_without_index(pip):
        given["UV_FIND_LINKS"] = ",".join(pip.get("find-links", "").split())
    if given["UV_INDEX"]:
        given["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # as pip does; the lock's hashes hold either way
    if any(os.environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX")):
        given = {name: value for name, value in given.items() if "INDEX" not in name}
    return {name: value for name, value in given.items() if value and not os.environ.get(name)}


def is_without_index(pip: dict[str, str]) -> bool:
    """Whether pip takes packages from folders alone."""
    return pip.get("no-index", "").lower() in ("1", "true", "yes", "on")


def new_venv() -> None:
    """Makes an empty environment; ends the program with what to install if it cannot."""
    import shutil

    if VENV.exists() and any(VENV.iterdir()):
        if not any((VENV / name).exists() for name in (MADE_BY, "labkit-stamp")):
            print(
                f"The course did not make {VENV}, and leaves it as it is.\n"
                "next: unset LABKIT_VENV, or name a folder that is not there yet.",
                file=sys.stderr,
            )
            raise SystemExit(NEEDS_INSTALL)
        shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir(parents=True, exist_ok=True)
    (VENV / MADE_BY).touch()  # first of all: what is cut off here is still known as the course's
    maker = getattr(sys, "_base_executable", None) or sys.executable
    venv = subprocess.run(
        [maker, "-m", "venv", str(VENV)], env=settings(), capture_output=True, text=True, errors="replace"
    )
    if venv.returncode:
        print(
            f"This Python ({maker}) cannot make a venv:\n{venv.stdout}{venv.stderr}"
            "next: install its venv module (Debian, Ubuntu: apt-get install python3-venv).",
            file=sys.stderr,
        )
        raise SystemExit(NEEDS_INSTALL)
    (VENV / MADE_BY).write_text(sys.version)


def make_venv() -> None:
    """Makes or updates the environment; ends the program with what to install if it cannot."""
    import tempfile

    tell(f"Python environment: installing {LOCK.name} into {VENV.name}/ (1 GB, up to 2 min) …")
    if not is_known():
        tell(f"{this_python()} is none of those that the course is tested with ({RANGE}); it is tried …")
    if not usable():
        new_venv()
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as f:
        f.write(locked("uv"))
    pip = [str(python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--require-hashes", "--no-deps", "-r", f.name]
    try:
        subprocess.run(pip, env=settings() | {"PIP_USER": "0"}, stdout=sys.stderr.fileno(), check=True)
    finally:
        os.unlink(f.name)
    pip_settings = pip_config()
    env = settings() | for_uv(pip_settings) | {"VIRTUAL_ENV": str(VENV)}
    sync = [str(python()), "-m", "uv", "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode"]
    sync += ["--no-index"] if is_without_index(pip_settings) else []
    install([*sync, str(LOCK)], env)
    # The course itself runs from its folder: one path file, nothing to build.
    (site_packages() / "labkit.pth").write_text(f"{REPO / 'src'}\n", encoding="utf-8")
    (VENV / "labkit-stamp").write_text(stamp())


def plain_streams() -> None:
    """Lets no character end a verb: what a terminal cannot show becomes a question mark.

    What the variables say is for this process alone: others write to files and pipes.
    """
    for name in ("PYTHONIOENCODING", *COLOURS):
        os.environ.pop(name, None)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def needs_utf8() -> bool:
    """Whether Python would take files and programs' output for something else than UTF-8."""
    import locale

    return not sys.flags.utf8_mode and locale.getpreferredencoding(False).lower() not in ("utf-8", "utf8")


def become() -> None:
    """Becomes the verb in the environment's Python; this process is replaced."""
    env = settings()
    encoding = getattr(sys.stdout, "encoding", "utf-8").lower()
    if needs_utf8():
        env["PYTHONUTF8"] = "1"
    if encoding not in ("utf-8", "utf8"):
        env["PYTHONIOENCODING"] = f"{encoding}:replace"  # the terminal's own
    os.execve(python(), [str(python()), "-m", "labkit", *sys.argv[1:]], env)


def is_stale() -> bool:
    """Whether the environment is missing, or was made from something else than what is there now."""
    mark = VENV / "labkit-stamp"
    return not mark.exists() or mark.read_text() != stamp()


def is_inside() -> bool:
    """Whether this is the environment's Python."""
    return Path(sys.prefix).resolve() == VENV.resolve()


def is_whole() -> bool:
    """Whether the environment has what a verb begins with: one that was cut off, or emptied, has not."""
    from importlib.util import find_spec

    return all(find_spec(name) for name in ("labkit", "click"))


def main() -> None:
    """Runs the verb in the environment, which is made first where it is missing or stale."""
    plain_streams()
    # as a module, it runs with what is there
    if is_inside() and is_whole() and (__package__ or not is_stale()):
        if needs_utf8():
            become()
        from labkit.cli import main as verbs

        verbs()
        return
    if is_inside() or is_stale():
        try:
            make_venv()
        except subprocess.CalledProcessError as e:
            other = "" if is_known() else f"use Python {RANGE}, for which all packages are there; or "
            print(
                f"No Python environment: {' '.join(e.cmd[:5])} … ended with {e.returncode}:\n"
                f"see above.\nnext: {other}check the connection to the Python package index, then again.\n"
                "A mirror is taken from pip's settings, or: export UV_DEFAULT_INDEX=<its URL>.",
                file=sys.stderr,
            )
            raise SystemExit(1) from None
    become()


if __name__ == "__main__":
    main()
