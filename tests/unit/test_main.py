"""The first file that runs on a bare machine."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import tomllib
import types

import pytest

from labkit.core import pythons
from labkit.core.paths import repo

spec = importlib.util.spec_from_file_location("bootstrap", repo() / "src/labkit/__main__.py")
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)


def test_it_needs_only_the_standard_library():
    code = f"import runpy; runpy.run_path({str(repo() / 'src/labkit/__main__.py')!r}, run_name='x')"
    subprocess.run([sys.executable, "-S", "-I", "-c", code], check=True)


# --- which Python


def test_the_range_is_told_everywhere_alike():
    texts = [(repo() / name).read_text() for name in ("README.md", "CONTRIBUTING.md")]
    project = tomllib.loads((repo() / "pyproject.toml").read_text())["project"]
    assert [pythons.tested()[0], pythons.tested()[-1]] == [bootstrap.OLDEST, bootstrap.NEWEST]
    assert pythons.span() == bootstrap.RANGE
    assert project["requires-python"] == f">={pythons.named(bootstrap.OLDEST)}"
    assert all(f"Python {bootstrap.RANGE}" in text for text in texts)


def test_an_old_python_understands_the_file_as_far_as_the_line_that_refuses_it():
    """3.7 is the oldest whose grammar `ast` knows; by the docstring the file is one of 3.6."""
    tree = ast.parse((repo() / "src/labkit/__main__.py").read_text(), feature_version=(3, 7))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert "__future__" not in imported
    refusal = next(i for i, node in enumerate(tree.body) if isinstance(node, ast.If))
    assert "refuse()" in ast.unparse(tree.body[refusal])
    above = [node for node in tree.body[:refusal] if isinstance(node, ast.FunctionDef)]
    assert {ast.unparse(node.returns) for node in above} <= {"None", "str"}


@pytest.fixture
def old(monkeypatch, tmp_path):
    """Starts the first file with an old Python, where others are on the path: name and exit status."""

    def start(version, **others):
        for name, status in others.items():
            (tmp_path / name.replace("_", ".")).write_text(f"#!/bin/sh\nexit {status}\n")
            (tmp_path / name.replace("_", ".")).chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(sys, "argv", ["src/labkit", "up", "--only", "docker"])
        monkeypatch.setattr(sys, "version_info", version)
        with pytest.raises(SystemExit) as e:
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        assert e.value.code == bootstrap.NEEDS_INSTALL

    return start


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13)])
def test_an_old_python_is_refused_with_the_command_that_works(old, capsys, version):
    old(version, python3_10=0, python3_12=0, python3_13=127)  # 3.13: a version manager's stand-in
    first, wanted, found, remedy = capsys.readouterr().err.splitlines()
    assert first.startswith("The course takes Python 3.11 to 3.14, and newer ones untested")
    assert wanted == "  wanted: Python 3.11 to 3.14"
    assert found.startswith(f"  found: Python {pythons.named(version)} (")
    assert remedy == (
        '  next: python3.12 src/labkit up --only docker  (before make: export LABKIT="python3.12 src/labkit")'
    )


def test_an_old_python_beside_which_none_fits_says_what_to_install(old, capsys):
    old((3, 9, 18))
    assert "next: install Python 3.11 to 3.14, then again with it" in capsys.readouterr().err


def test_a_newer_python_goes_on_with_a_word(course, monkeypatch, capfd):
    module = loaded(course)
    quiet_installers(course, module, monkeypatch)
    module.make_venv()
    assert "is none of those" not in capfd.readouterr().err
    monkeypatch.setattr(module, "NEWEST", (3, 10))
    module.make_venv()
    assert f"{module.this_python()} is none of those that the course is tested with" in capfd.readouterr().err
    assert not module.is_stale()


def test_a_newer_python_for_which_packages_are_missing_says_which_python_has_them(
    course, monkeypatch, capsys
):
    def make_venv():
        raise subprocess.CalledProcessError(1, ["uv"])

    module = loaded(course)
    monkeypatch.setattr(module, "make_venv", make_venv)
    for newest, has_word in (((9, 9), False), ((3, 10), True)):
        monkeypatch.setattr(module, "NEWEST", newest)
        with pytest.raises(SystemExit):
            module.main()
        assert ("next: use Python 3.11 to 3.14" in capsys.readouterr().err) == has_word


def test_a_build_without_the_global_lock_is_none_that_the_course_is_tested_with(monkeypatch):
    assert bootstrap.is_known()
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: 1)
    assert not bootstrap.is_known()
    assert bootstrap.this_python() == f"Python {platform.python_version()}t"


# --- the environment


def test_the_pin_of_one_package_comes_with_its_hashes():
    lines = bootstrap.locked("uv").splitlines()
    assert lines[0].startswith("uv==")
    assert all("--hash=sha256:" in line for line in lines[1:])
    assert len(lines) > 1


def test_a_package_whose_name_begins_alike_is_not_taken():
    assert not any(line.startswith("click-") for line in bootstrap.locked("click").splitlines())


def test_the_stamp_changes_with_the_lock(monkeypatch, tmp_path):
    before = bootstrap.stamp()
    other = tmp_path / "requirements.txt"
    other.write_bytes(bootstrap.LOCK.read_bytes() + b"\n")
    monkeypatch.setattr(bootstrap, "LOCK", other)
    assert bootstrap.stamp() != before


def test_every_requirement_is_locked():
    lock = (repo() / "requirements.txt").read_text()
    for line in (repo() / "requirements.in").read_text().splitlines():
        name = re.split("[=<#]", line)[0].strip().replace("_", "-")
        if name:
            assert f"\n{name.lower()}==" in f"\n{lock.lower()}"


def test_a_python_without_venv_gets_a_clear_message(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "venv")
    broken = subprocess.CompletedProcess([], 1, "", "No module named ensurepip")
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *a, **k: broken)
    with pytest.raises(SystemExit) as e:
        bootstrap.make_venv()
    assert e.value.code == 3
    printed = capsys.readouterr()
    assert "python3-venv" in printed.err
    assert printed.out == ""  # `eval "$(labkit env)"` would run what stands there


def test_an_installation_that_takes_long_says_how_far_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "EVERY", 0.01)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    (tmp_path / "lib/python3/site-packages/click.dist-info").mkdir(parents=True)
    (tmp_path / "lib64").symlink_to("lib")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setattr(builtins, "print", lambda text, **_: told.set() or lines.append(text))
    lines, told = [], threading.Event()

    def end_it():
        told.wait(60)
        pipe.write_text("enough")

    threading.Thread(target=end_it, daemon=True).start()
    bootstrap.install([sys.executable, "-c", f"open({str(pipe)!r}).read()"], dict(os.environ))
    assert re.match(r"Python environment: \d+ s, 1 of \d+ packages installed", lines[0])


def test_an_installation_that_fails_is_told():
    with pytest.raises(subprocess.CalledProcessError):
        bootstrap.install([sys.executable, "-c", "raise SystemExit(2)"], dict(os.environ))


# --- what is the user's own


@pytest.fixture
def course(monkeypatch, tmp_path):
    """A copy of the first file in an otherwise empty course, whose installers are only told."""
    (tmp_path / "course/src/labkit").mkdir(parents=True)
    shutil.copy(repo() / "src/labkit/__main__.py", tmp_path / "course/src/labkit")
    shutil.copy(repo() / "requirements.txt", tmp_path / "course")
    for name in [
        *bootstrap.TAKEN_OUT,
        "LABKIT_VENV",
        *(n for n in os.environ if n.startswith(("PIP_", "UV_"))),
    ]:
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "course"


def loaded(course):
    """The first file of this course, as it is when it has just been started."""
    spec = importlib.util.spec_from_file_location("bootstrap", course / "src/labkit/__main__.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.subprocess = types.SimpleNamespace(**vars(subprocess) | {"run": without_pip})
    return module


def without_pip(command, **options):
    """As `subprocess.run`; a new environment is made without pip, which takes 8 s."""
    extra = ["--without-pip"] if "venv" in command else []
    return subprocess.run([*command, *extra], **options)


def test_an_environment_that_the_user_made_is_left_as_it_is(course):
    assert loaded(course).VENV.name == ".venv"
    (course / ".venv").mkdir()
    (course / ".venv/mine.txt").write_text("mine")
    module = loaded(course)
    assert module.VENV.name == ".venv-labkit"
    module.new_venv()
    assert module.usable()
    assert (course / ".venv/mine.txt").read_text() == "mine"


def test_a_folder_that_was_named_and_is_not_ours_is_left_as_it_is(course, monkeypatch, capsys):
    (course / "mine").mkdir()
    (course / "mine/thesis").write_text("mine")
    monkeypatch.setenv("LABKIT_VENV", str(course / "mine"))
    with pytest.raises(SystemExit) as e:
        loaded(course).new_venv()
    assert e.value.code == bootstrap.NEEDS_INSTALL
    assert "leaves it as it is" in capsys.readouterr().err
    assert (course / "mine/thesis").exists()


def test_an_environment_that_was_cut_off_is_made_anew(course):
    (course / ".venv").mkdir()
    (course / ".venv" / bootstrap.MADE_BY).touch()
    (course / ".venv/half").touch()
    module = loaded(course)
    assert module.VENV.name == ".venv"
    assert not module.usable()
    module.new_venv()
    assert module.usable()
    assert not (course / ".venv/half").exists()


def run_in(venv, course, *words, **env):
    command = [str(venv / "bin/python"), str(course / "src/labkit"), *words]
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True)


def test_an_activated_environment_of_the_users_works(course):
    """The verb is run in the course's own, which here is one that says what it was told."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", course / ".venv"], check=True)
    ready(course / ".venv-labkit", course)
    done = run_in(course / ".venv", course, "doctor", "--json")
    assert done.stdout.splitlines()[0] == "-m labkit doctor --json", done.stderr


def ready(venv, course):
    """An environment that is up to date, whose Python only says what it was told."""
    module = loaded(course)
    (venv / "bin").mkdir(parents=True)
    (venv / "bin/python").write_text('#!/bin/sh\necho "$@"\nexport -p\n')
    (venv / "bin/python").chmod(0o755)
    (venv / "pyvenv.cfg").touch()
    (venv / bootstrap.MADE_BY).write_text(sys.version)
    (venv / "labkit-stamp").write_text(module.stamp())


def test_an_activated_environment_is_updated_after_a_pull_that_changed_the_lock(course, monkeypatch):
    module = loaded(course)
    made = []
    monkeypatch.setattr(module, "is_inside", lambda: True)
    monkeypatch.setattr(module, "make_venv", lambda: made.append("made"))
    monkeypatch.setattr(module, "become", lambda: made.append("became"))
    module.main()
    assert made == ["made", "became"]


def test_an_environment_that_lost_its_packages_is_mended_and_not_begun_again_for_ever(course, monkeypatch):
    ready(course / ".venv", course)
    module = loaded(course)
    made = []
    monkeypatch.setattr(module, "is_inside", lambda: True)
    monkeypatch.setattr(module, "is_whole", lambda: False)
    monkeypatch.setattr(module, "make_venv", lambda: made.append("made"))
    monkeypatch.setattr(module, "become", lambda: made.append("became"))
    module.main()
    assert made == ["made", "became"]


def test_packages_and_colours_of_the_users_do_not_come_along(course):
    ready(course / ".venv", course)
    env = {"PYTHONPATH": "/ros", "FORCE_COLOR": "1", "PIP_TARGET": "/t", "PIP_INDEX_URL": "https://m/simple"}
    env |= {"PYTHONOPTIMIZE": "2", "JUPYTER_PATH": "/j"}
    command = [sys.executable, str(course / "src/labkit"), "up"]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True)
    assert done.stdout.startswith("-m labkit up\n"), done.stderr
    assert not re.search("PYTHONPATH|PYTHONOPTIMIZE|JUPYTER_PATH|FORCE_COLOR|PIP_TARGET", done.stdout)
    assert "PIP_INDEX_URL" in done.stdout


# --- mirrors


def test_uv_takes_packages_from_where_pip_does(course, monkeypatch, tmp_path):
    settings = tmp_path / "pip.conf"
    settings.write_text(
        "[global]\nindex-url = https://mirror.example/simple\nextra-index-url =\n  https://a.example\n"
        "  https://b.example\ntrusted-host = mirror.example\n[install]\ncert = /ca.pem\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    module = loaded(course)
    monkeypatch.setattr(module, "python", lambda: sys.executable)
    assert module.for_uv(module.pip_config()) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://a.example https://b.example",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INSECURE_HOST": "mirror.example",
        "SSL_CERT_FILE": "/ca.pem",
    }
    monkeypatch.setenv("PIP_INDEX_URL", "https://nearer.example")
    assert module.for_uv(module.pip_config())["UV_DEFAULT_INDEX"] == "https://nearer.example"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example")
    assert "UV_DEFAULT_INDEX" not in module.for_uv(module.pip_config())


def test_nothing_is_set_where_pip_has_no_settings(course, monkeypatch):
    assert bootstrap.for_uv({}) == {}


def test_where_pip_asks_no_index_neither_does_uv(course, monkeypatch):
    offline = {"no-index": "true", "find-links": "/wheels https://m.example/wheels"}
    assert bootstrap.for_uv(offline) == {"UV_FIND_LINKS": "/wheels,https://m.example/wheels"}
    assert bootstrap.is_without_index(offline)
    assert not bootstrap.is_without_index({})


def quiet_installers(course, module, monkeypatch):
    """Installers that only say where they look."""
    (course / ".venv/bin").mkdir(parents=True)
    (course / ".venv/lib/python3/site-packages").mkdir(parents=True)
    (course / ".venv/bin/python").write_text('#!/bin/sh\necho "Looking in indexes (a mirror)"\n')
    (course / ".venv/bin/python").chmod(0o755)
    monkeypatch.setattr(module, "usable", lambda: True)
    monkeypatch.setattr(module, "pip_config", dict)


def test_installers_say_nothing_on_standard_output(course, monkeypatch, capfd):
    """`eval "$(labkit env)"` would run it, and `doctor --json` would be no JSON."""
    module = loaded(course)
    quiet_installers(course, module, monkeypatch)
    module.make_venv()
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err.count("Looking in indexes") == 2


# --- terminals


@pytest.mark.parametrize("settings", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}])
def test_a_character_that_a_terminal_cannot_show_ends_nothing(settings):
    code = """
import sys
from labkit import __main__, cli
cli.main = lambda: print("\N{CHECK MARK} done \N{HORIZONTAL ELLIPSIS}")
__main__.VENV = __import__("pathlib").Path(sys.prefix)
__main__.main()
"""
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **settings}, capture_output=True)
    assert done.stdout == b"? done ?\n", done.stderr


def test_in_a_locale_of_one_byte_files_are_still_read_as_utf8(course, monkeypatch):
    """The verb's Python is told so, and which characters the terminal has."""
    ready(course / ".venv", course)
    module = loaded(course)
    told = []
    monkeypatch.setattr(module.os, "execve", lambda program, words, env: told.append(env))
    monkeypatch.setattr(module, "needs_utf8", lambda: True)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    module.main()
    assert (told[0]["PYTHONUTF8"], told[0]["PYTHONIOENCODING"]) == ("1", "latin-1:replace")
