"""Verbs: each loads, has help, and the Makefile knows those that a person types."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import docker
import pytest
import requests
from click.testing import CliRunner

from labkit import cli
from labkit.core.errors import CommandFailed, Unsupported, Usage
from labkit.core.paths import repo

VERBS = cli.group.list_commands(None)


def test_there_are_verbs():
    assert {"up", "down", "stop", "doctor", "env", "learn", "test", "site", "bench", "reset"} <= set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_explains_itself(verb):
    result = CliRunner().invoke(cli.group, [verb, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 3


def test_make_targets_are_verbs():
    targets = re.findall(r"^([a-z]+):.*## ", (repo() / "Makefile").read_text(), re.M)
    assert set(targets) - {"help"} <= set(VERBS)


def test_an_unknown_verb_is_refused():
    assert CliRunner().invoke(cli.group, ["frobnicate"]).exit_code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unsupported("x", fix="install it"), 3),
        (Usage("x"), 2),
        (docker.errors.APIError("no space left on device"), 1),
        (requests.exceptions.ConnectionError("aborted"), 1),
        (CommandFailed("kind could not make the cluster.", found="too many open files"), 1),
    ],
)
def test_errors_become_messages_and_exit_codes(monkeypatch, capsys, error, code):
    def fail(**_):
        raise error

    monkeypatch.setattr(cli, "group", fail)
    with pytest.raises(SystemExit) as e:
        cli.main()
    assert e.value.code == code
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("could not find an available, non-overlapping IPv4 address pool among the defaults", "VPN"),
        ("all predefined address pools have been fully subnetted", "docker network prune"),
        ("Credentials store error: StoreError('docker-credential-desktop not installed')", "credsStore"),
        ("write /var/lib/docker/tmp: no space left on device", "docker system df"),
        ("failed to create fsnotify watcher: too many open files", "max_user_instances"),
    ],
)
@pytest.mark.parametrize(
    "kind", [docker.errors.APIError, lambda text: CommandFailed("It failed.", found=text)]
)
def test_what_has_a_name_is_not_told_as_a_failure_in_the_middle(monkeypatch, capsys, said, word, kind):
    def fail(**_):
        raise kind(said)

    monkeypatch.setattr(cli, "group", fail)
    with pytest.raises(SystemExit):
        cli.main()
    printed = capsys.readouterr().err
    assert "in the middle" not in printed
    assert word in printed
    assert said in printed


def test_python_m_labkit_works():
    done = subprocess.run([sys.executable, "-m", "labkit", "--help"], capture_output=True, text=True)
    assert "Containers, Proven" in done.stdout


def test_help_loads_click_and_nothing_else_that_was_installed():
    """What is loaded is counted, not timed: a second is long on one machine and short on another."""
    code = """
import runpy, sys
sys.argv = ["labkit", "--help"]
try:
    runpy.run_module("labkit", run_name="__main__")
finally:
    files = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
    packages = {f.split("site-packages/")[1].split("/")[0] for f in files if "site-packages/" in f}
    print(sorted(packages), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "bench" in done.stdout
    assert set(ast.literal_eval(done.stderr)) <= {"_distutils_hack", "click"}


def test_where_the_environment_is_ready_the_first_file_loads_little():
    """What runs before the environment's own Python is loaded twice, each time."""
    late = {"tempfile", "hashlib", "click"}
    code = f"import sys; import labkit.__main__; print(sorted({late} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
