"""Checks in processes of their own, ended when their time is over, and what is then told."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace

import engines
import psutil
import pytest

from labkit import Usage, until
from labkit.checks import hand_in, loader, runner
from labkit.checks.result import ERROR, FAIL, PASS, SKIP
from labkit.checks.runner import Runner
from labkit.core.fork_server import ForkServer
from labkit.lab.workspace import Workspace

STEM = "ch96_x"
CHECKS = '''
import os, subprocess, threading
from pathlib import Path
from labkit import Mismatch
from labkit.checks import check, scene

FOLDER = Path({folder!r})
WRITE = "import time; time.sleep({seconds} + 1); open({folder!r} + '/late', 'w')"

@scene(lambda random: {{"word": "w"}})
def stage(lab, facts):
    """a stage"""

@check(task="do", points=1)
def first(lab):
    """The first is so"""
    (FOLDER / "first").open("a").write("x")
    return lambda: 7

@check(task="do", points=1, timeout={seconds}, needs=first)
def slow(lab, first):
    """It ends"""
    child = subprocess.Popen(["python3", "-c", WRITE], start_new_session=True)
    (FOLDER / "pids").write_text(f"{{os.getpid()}} {{child.pid}}")
    threading.Event().wait({seconds} + 1)
    (FOLDER / "late").touch()

@check(task="transfer", points=2, needs=slow)
def behind(lab, slow):
    """It stands behind the slow one"""

@check(task="transfer", points=2, needs=first)
def beside(first):
    """It stands beside the slow one"""
    assert first() == 7

@check(task="repair", points=2, needs=stage)
def staged(stage):
    """The stage is so"""
    if stage != {{"word": "w"}}:
        raise Mismatch("Another stage.")

@check(task="repair", points=1)
def handed(answer):
    """It is handed in"""
    if answer != 42:
        raise Mismatch("Another answer.", wanted=42, found=answer, hint="a hint")

@check(task="repair", points=1)
def ends(lab):
    """It ends its process"""
    os._exit(3)

@check(task="repair", points=1)
def raises(lab):
    """It raises what ends a process"""
    raise SystemExit(3)

@check(task="repair", points=1)
def environment(lab):
    """It sees what is around it"""
    found = lab.role, lab.session, lab.docker.api.most_output
    raise Mismatch(os.environ.get("SEASON", "none"), found=found)
'''


@pytest.fixture(scope="module")
def server():
    made = ForkServer.start(runner.__name__)
    yield made
    made.close()


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A Lab of which a process can open its own; its engine gives a sign of life."""
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "home"))
    engine = engines.TcpServer(("127.0.0.1", 0), engines.handler(engines.DOCKER))
    threading.Thread(target=engine.serve_forever, daemon=True).start()
    url = f"tcp://127.0.0.1:{engine.server_port}"
    monkeypatch.setenv("DOCKER_HOST", url)  # no other engine is asked for, nor need be there
    api = SimpleNamespace(url=url, api_version="1.44", most_output=5000)
    workspace = Workspace.fresh(STEM, tmp_path / "workspace")
    yield SimpleNamespace(role="proof", workspace=workspace, docker=SimpleNamespace(api=api), engine=engine)
    engine.shutdown()
    engine.server_close()


@pytest.fixture
def checks(lab, server, tmp_path):
    """Makes a Runner of the checks; they write into the folder of the test."""

    def make(seconds=1.0):
        folder = tmp_path / "checks" / STEM
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(CHECKS.format(folder=str(tmp_path), seconds=seconds))
        return Runner(loader.load(STEM, tmp_path), lab, server)

    return make


def test_a_check_that_overruns_gets_to_nothing_more(checks, tmp_path):
    result = checks(1.0).run("slow")
    assert (result.verdict, result.message) == (ERROR, "The check did not end within 1 s.")
    assert result.fix
    assert 1 <= result.seconds < 30
    assert_ended(tmp_path)
    assert not (tmp_path / "late").exists()  # nor will it be: nobody is left who would write it


def assert_ended(folder):
    """The check's process has ended, and the one that it started in a session of its own."""
    pids = [int(word) for word in (folder / "pids").read_text().split()]
    assert len(pids) == 2
    running = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    assert not psutil.wait_procs(running, timeout=10)[1]


def test_behind_a_check_that_overran_stands_its_error_and_the_others_go_on(checks, tmp_path):
    results = checks(0.5).run_all()
    late = "The check did not end within 0.5 s."
    assert [(r.name, r.verdict, r.message) for r in results[:4]] == [
        ("first", PASS, ""),
        ("slow", ERROR, late),
        ("behind", ERROR, late),
        ("beside", PASS, ""),
    ]
    assert [r.verdict for r in results[4:]] == [SKIP, FAIL, ERROR, ERROR, FAIL]
    assert (tmp_path / "first").read_text() == "xx"  # its value was lost with the process that was ended


def test_what_several_need_is_run_once(checks, tmp_path):
    runs = checks()
    assert [runs.run(name).verdict for name in ("first", "first")] == [PASS, PASS]
    assert (tmp_path / "first").read_text() == "x"


def test_a_process_gets_all_that_it_needs_as_data(checks, lab, monkeypatch):
    monkeypatch.setenv("SEASON", "spring")
    result = checks().run("environment")
    assert (result.verdict, result.message) == (FAIL, "spring")
    assert result.found == f"('proof', '{lab.workspace.session}', 5000)"


def test_answers_and_scenes_come_from_the_workspace(checks, lab):
    runs = checks()
    assert (runs.run("handed").verdict, runs.run("handed").message) == (FAIL, "Nothing was handed in.")
    assert runs.run("staged").verdict == SKIP
    hand_in(lab, "handed", 41)
    lab.workspace.note("scenes", "stage", True)
    again = Runner(runs.suite, lab, runs._server)
    assert again.run("staged").verdict == PASS
    result = again.run("handed")
    assert (result.wanted, result.found, result.hint, result.points) == ("42", "41", "a hint", 1)


def test_a_workspace_in_memory_is_taken_as_it_is(checks, lab):
    from dataclasses import fields

    from labkit.grading.scoring import GraderWorkspace

    inner = {f.name: getattr(lab.workspace, f.name) for f in fields(lab.workspace)}
    lab.workspace = GraderWorkspace(**inner, kept={"answers": {"handed": 42}})
    assert checks().run("handed").verdict == PASS


@pytest.mark.parametrize(
    ("name", "said"),
    [("ends", "The process of the check was ended."), ("raises", "The check itself broke.")],
)
def test_a_check_that_ends_its_process_is_at_fault_itself(checks, name, said):
    runs = checks()
    result = runs.run(name)
    assert (result.verdict, result.message) == (ERROR, said)
    assert runs.run("first").verdict == PASS


def test_an_engine_that_is_gone_is_told_and_nobody_blamed(checks, lab):
    runs = checks(0.5)
    lab.engine.shutdown()
    lab.engine.server_close()
    for name in ("handed", "slow"):
        result = runs.run(name)
        assert (result.verdict, result.message, result.fix) == (
            ERROR,
            "The Docker engine does not answer.",
            "make up",
        )


def test_an_interrupt_from_the_keyboard_ends_the_check(checks, tmp_path):
    def interrupt():
        pids = tmp_path / "pids"  # there before it is written
        until(lambda: pids.exists() and pids.read_text(), timeout=60, what="the check runs")
        signal.pthread_kill(main, signal.SIGINT)

    runs, main = checks(60.0), threading.get_ident()
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        runs.run("slow")
    assert_ended(tmp_path)


def test_an_unknown_check_is_a_usage_error(checks):
    with pytest.raises(Usage, match="no check 'other'"):
        checks().run("other")


def test_the_server_of_a_process_is_one_and_is_replaced_when_it_ended():
    first = runner.shared_server()
    assert runner.shared_server() is first
    first.close()
    second = runner.shared_server()
    assert second is not first
    second.close()


def test_threads_that_ask_first_at_the_same_time_get_one_server(monkeypatch):
    """Two were started, the one that nobody kept ended, and with it the check that ran there."""
    started, both = [], threading.Barrier(2)

    def slowly(module):
        started.append(SimpleNamespace(has_ended=False))
        with suppress(threading.BrokenBarrierError):  # nobody else comes here
            both.wait(0.5)
        return started[-1]

    monkeypatch.setattr(runner, "new_server", slowly)
    shared = runner.SharedServer()
    with ThreadPoolExecutor(2) as threads:
        servers = list(threads.map(lambda _: shared(), range(2)))
    assert servers == [started[0]] * 2
