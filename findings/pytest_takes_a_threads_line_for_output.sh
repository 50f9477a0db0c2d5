#!/usr/bin/env bash
# What becomes of a line that a pytest plugin writes from a thread while a test runs.
#
# Tool: pytest 9.2.0, and with pytest-xdist 3.8.0.
# Guess: what a plugin writes through the terminal reporter goes to the terminal; only what tests print is captured.
# Seen: written from a thread while a test runs, it counts as that test's output, and nobody sees it if the test
#   passes. With a worker of xdist, or without capture (-s), it is there. So a plugin that tells how far a long
#   test is must be run with --capture=no, or it is silent just where it runs alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 pytest-xdist==3.8.0

cat >"$folder/conftest.py" <<'END'
import threading

import pytest

running, written = threading.Event(), threading.Event()


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if hasattr(config, "workerinput"):
        return
    terminal = config.pluginmanager.get_plugin("terminalreporter")

    def write():
        running.wait(2)  # a worker is another process: there nobody says so
        terminal.write_line("still running", flush=True)
        written.set()

    threading.Thread(target=write, daemon=True).start()
END
cat >"$folder/test_long.py" <<'END'
import conftest


def test_long():
    conftest.running.set()
    conftest.written.wait(4)
END

lines() {  # options of pytest
	(cd "$folder" && venv/bin/python -m pytest -q -p no:cacheprovider "$@") | grep -c '^still running' || true
}

alone=$(lines)
uncaptured=$(lines --capture=no)
worker=$(lines -n1)
echo "pytest 9.2.0, the line is told: alone $alone times, with --capture=no $uncaptured, with a worker of xdist $worker"
[ "$alone" = 0 ] && [ "$uncaptured" = 1 ] && [ "$worker" = 1 ]
