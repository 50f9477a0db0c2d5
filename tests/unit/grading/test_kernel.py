"""A kernel of somebody else's notebook, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook

from labkit.core.errors import BrokenEnvironment
from labkit.grading import kernel
from labkit.grading.kernel import Kernel
from labkit.grading.kernel_environment import KernelEnvironment
from labkit.wait.until import until


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Where its kernels run."""
    return KernelEnvironment(tmp_path_factory.mktemp("environments") / "environment")


def run(tmp_path, environment, *sources, **variables):
    """What each cell came to; a kernel that has ended is the last."""

    async def all_of_them():
        cells = [new_code_cell(source) for source in sources]
        env = {**os.environ, **variables}
        kernel = await Kernel(new_notebook(cells=cells), environment, env, tmp_path).start()
        try:
            return [await kernel.run(cell, i, 30) for i, cell in enumerate(cells)]
        finally:
            await kernel.end()

    return asyncio.run(all_of_them())


def test_a_cell_that_works_and_one_that_raises(tmp_path, environment):
    assert run(tmp_path, environment, "a = 1", "assert a == 2, 'no'") == [None, "raised AssertionError: no"]


@pytest.mark.parametrize("way", ["exit()", "quit()", "import os; os._exit(0)"])
def test_a_cell_that_ends_its_kernel_is_told_so_itself_and_not_the_next_one(tmp_path, environment, way):
    with pytest.raises(DeadKernelError, match="ended its kernel"):
        run(tmp_path, environment, way)


def test_exit_that_keeps_the_kernel_ends_nothing(tmp_path, environment):
    assert run(tmp_path, environment, "exit(keep_kernel=True)", "1 / 1") == [None, None]


def test_it_is_the_courses_whatever_kernel_is_registered(tmp_path, environment):
    spec = {"argv": ["/bin/false"], "display_name": "x", "language": "python"}
    (tmp_path / "kernels/python3").mkdir(parents=True)
    (tmp_path / "kernels/python3/kernel.json").write_text(json.dumps(spec))
    (tmp_path / "startup.py").write_text("raise SystemExit")
    (tmp_path / "work").mkdir()
    cells = [f"import labkit, sys; assert sys.version == {sys.version!r}"]
    users_own = {"JUPYTER_PATH": str(tmp_path), "PYTHONSTARTUP": str(tmp_path / "startup.py")}
    assert run(tmp_path / "work", environment, *cells, **users_own) == [None]


def test_one_that_does_not_start_is_a_fault_of_the_machine(tmp_path, environment, monkeypatch):
    monkeypatch.setattr(environment, "python", "/bin/false")
    with pytest.raises(BrokenEnvironment, match="No kernel could be started"):
        run(tmp_path, environment, "1")


def test_what_was_halted_by_itself_stays_so_and_who_is_spared_runs_on():
    ours, theirs, still = (subprocess.Popen(["sleep", "600"]) for _ in range(3))
    try:
        psutil.Process(still.pid).suspend()
        until(lambda: psutil.Process(still.pid).status() == "stopped", timeout=30)
        with Kernel.halted(SimpleNamespace(spared=[ours.pid])):
            states = [psutil.Process(p.pid).status() for p in (ours, theirs, still)]
            assert (states[0] != "stopped", states[1:]) == (True, ["stopped"] * 2)
        assert psutil.Process(still.pid).status() == "stopped"
        until(lambda: psutil.Process(theirs.pid).status() != "stopped", timeout=30)
    finally:
        for process in (ours, theirs, still):
            process.kill()
            process.wait()


def test_what_does_not_stand_still_is_nobodys_fault(monkeypatch):
    monkeypatch.setattr(kernel, "HALT_SECONDS", 0.1)
    monkeypatch.setattr(psutil.Process, "suspend", lambda self: None)
    with subprocess.Popen(["sleep", "600"]) as process:
        with pytest.raises(BrokenEnvironment, match="could not be halted"):
            Kernel.halted(SimpleNamespace(spared=[])).__enter__()
        process.kill()


@pytest.mark.parametrize(
    ("state", "child", "is_told"),
    [
        ("stopped", None, True),
        ("zombie", None, True),
        ("running", None, False),
        ("sleeping", "stopped", False),
        ("disk-sleep", None, False),
        ("disk-sleep", "running", False),
        ("disk-sleep", "stopped", True),
    ],
)
def test_who_waits_for_a_halted_child_to_start_a_program_stands_still(state, child, is_told):
    children = [SimpleNamespace(status=lambda: child)] if child else []
    assert kernel.stands(SimpleNamespace(status=lambda: state, children=lambda: children)) is is_told
