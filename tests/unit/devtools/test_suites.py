"""The test run: nothing collected is a failure, a failure is not the end of it, and it ends in time."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading

import psutil
import pytest

from labkit import Usage
from labkit.book import notebooks
from labkit.core.paths import repo
from labkit.devtools import notebook_run, slowest, suites
from labkit.devtools.suite_process import SuiteProcess
from labkit.devtools.suites import ALONE, LAB, NO_DOCKER, Suite, TestRun


def python(name, code, lane=NO_DOCKER, **options):
    """A suite that is a line of Python."""
    return Suite(name, ("-c", code), lane, **options)


GOOD = python("good", "print('3 passed in 0.1s')")


@pytest.fixture
def run(monkeypatch, tmp_path, capfd):
    """Runs suites as `labkit test --fast` does; returns the status and the log."""
    monkeypatch.setattr(slowest, "repo", lambda: tmp_path)

    def run_them(*table, fast=True, names=()):
        monkeypatch.setattr(suites, "SUITES", table)
        status = suites.run_all(fast, names)
        return status, capfd.readouterr().out

    return run_them


def test_a_suite_that_collects_nothing_fails(run, tmp_path):
    empty = Suite("empty", ("-m", "pytest", "-q", str(tmp_path)), NO_DOCKER)
    status, log = run(empty, GOOD)
    assert status == 1
    assert "collected nothing" in log
    assert log.splitlines()[-1] == "1 passed, 1 failed"


def test_all_good_is_0_and_the_last_lines_are_the_runners(run):
    status, log = run(GOOD)
    assert status == 0
    assert "\n3 passed in 0.1s\n" in log
    assert log.splitlines()[-1] == "1 passed, 0 failed"


def test_a_failure_is_not_the_end_of_it_and_its_whole_text_is_in_the_log(run):
    fails = python("fails", "print('one\\ntwo'); raise SystemExit(3)")
    status, log = run(fails, GOOD)
    assert status == 1
    assert "fails | one\nfails | two\n" in log
    assert "FAILED (status 3)" in log
    assert "good  | 3 passed in 0.1s" in log


def test_what_failed_is_named_again_at_the_end(run):
    """Who sees only the last lines of a log reads there what to look at."""
    names = python("names", "print('FAILED a.py::test_x - no Pod\\nmore\\n1 failed'); raise SystemExit(1)")
    silent = python("silent", "print('\\n'.join('abcdefg')); raise SystemExit(2)")
    status, log = run(names, silent, GOOD)
    assert status == 1
    assert log.splitlines()[-7:] == [
        "names: FAILED a.py::test_x - no Pod",
        *(f"silent: {letter}" for letter in "cdefg"),
        "1 passed, 2 failed",
    ]


def test_fast_leaves_out_what_needs_docker(run):
    status, log = run(python("lab", "raise SystemExit(1)", LAB), GOOD)
    assert status == 0
    assert log.splitlines()[-1] == "1 passed, 0 failed"


def test_suites_are_chosen_by_name(run):
    status, log = run(python("bad", "raise SystemExit(1)"), GOOD, names=["good"])
    assert status == 0
    assert log.splitlines()[-1] == "1 passed, 0 failed"
    with pytest.raises(Usage, match="no suite"):
        run(GOOD, names=["best"])


def test_nothing_to_run_is_a_failure(run):
    assert run()[0] == 1


def lanes(table, **options):
    """A run whose lanes are started by hand, and the log that it writes."""
    log = []
    return TestRun(table, dict(os.environ), log.append, **options), log


def test_lanes_run_side_by_side_and_each_line_has_its_suite(tmp_path):
    """Each waits for what the other one writes: one after the other they would never end."""
    pipes = [tmp_path / "one", tmp_path / "two"]
    for pipe in pipes:
        os.mkfifo(pipe)
    one = f"open({str(pipes[0])!r}, 'w').write('x'); print(open({str(pipes[1])!r}).read())"
    other = f"print(open({str(pipes[0])!r}).read()); open({str(pipes[1])!r}, 'w').write('y')"
    test_run, log = lanes([python("unit", one), python("lab", other, LAB)])
    threads = [threading.Thread(target=test_run.lane, args=(lane,)) for lane in (NO_DOCKER, LAB)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {"unit | y", "lab  | x"} <= set(log)
    assert [r.status for r in test_run.runs.values()] == [0, 0]


def test_a_suite_begins_after_those_that_it_names():
    test_run, log = lanes([python("site", "print('built')"), python("learn", "pass", LAB, after=("site",))])
    learn = threading.Thread(target=test_run.lane, args=(LAB,))
    learn.start()
    test_run.lane(NO_DOCKER)
    learn.join(60)
    assert log.index("site  | built") < next(i for i, line in enumerate(log) if "learn | begins" in line)


def test_a_suite_whose_predecessor_is_not_run_does_not_wait():
    test_run, _ = lanes([python("learn", "pass", LAB, after=("site",))])
    test_run.lane(LAB)
    assert test_run.runs["learn"].status == 0


LINGERS = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session={session})
print("child", child.pid, flush=True)
child.wait()
"""


@pytest.mark.parametrize("session", [False, True])
def test_a_suite_whose_time_is_over_is_ended_with_its_children_and_has_failed(session):
    log, begun = [], threading.Event()

    def tell(line):
        log.append(line)
        begun.set()

    process = SuiteProcess(("-c", LINGERS.format(session=session)), tell, repo(), dict(os.environ))
    assert begun.wait(60)
    run = process.wait(limit=0.01)
    child = int(log[0].split()[-1])
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert suites.verdict(run) == "FAILED: its time is over"


def test_what_a_suite_leaves_running_does_not_hold_up_the_run():
    leaves = "import subprocess, sys; print('pid', subprocess.Popen([sys.executable, '-c', {!r}]).pid)"
    test_run, log = lanes([python("leaves", leaves.format("import signal; signal.pause()"))])
    test_run.lane(NO_DOCKER)
    pid = int(next(line for line in log if "pid" in line).split()[-1])
    psutil.Process(pid).kill()
    assert test_run.runs["leaves"].status == 0


def test_when_the_time_of_the_whole_run_is_over_the_others_are_not_begun():
    test_run, _ = lanes([GOOD], limit=0)
    test_run.lane(NO_DOCKER)
    assert suites.verdict(test_run.runs.get("good")) == "FAILED: not run"


def test_a_silent_suite_is_told_to_be_at_work(tmp_path):
    pipe, log = tmp_path / "pipe", []
    os.mkfifo(pipe)
    told = threading.Event()

    def tell(line):
        log.append(line)
        told.set()

    threading.Thread(target=lambda: (told.wait(60), pipe.write_text("enough")), daemon=True).start()
    process = SuiteProcess(("-c", f"open({str(pipe)!r}).read()"), tell, repo(), dict(os.environ))
    assert process.wait(60, every=0.05).status == 0
    assert re.match(r"… at work for 0\.0 min, \d+ s without a line", log[0])


INTERRUPTED = """
import signal
from labkit.devtools import suites
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts us with & has had it ignored
lingers = suites.Suite("slow", ("-c", {lingers!r}), suites.NO_DOCKER)
suites.SUITES = (lingers, suites.Suite("next", ("-c", "print('begun')"), suites.NO_DOCKER))
raise SystemExit(suites.run_all(fast=True))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_all_children(number):
    code = INTERRUPTED.format(lingers=LINGERS.format(session=True))
    pipes = {"stdout": subprocess.PIPE, "text": True, "cwd": repo()}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as run:
        child = int(next(line for line in run.stdout if "child" in line).split()[-1])
        run.send_signal(number)
        log = run.stdout.read()
    assert run.returncode == 130
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert "begun" not in log
    assert log.splitlines()[-1] == "0 passed, 2 failed"


def test_the_end_of_the_log_has_minutes_budgets_and_the_slowest(run, tmp_path):
    slow = slowest.Slow(12.34, "ch01, cell 3")
    write = f"slowest.keep(slowest.file('notebooks', Path({str(tmp_path)!r})), [slowest.{slow!r}])"
    keeps = "from pathlib import Path; from labkit.devtools import slowest; " + write
    status, log = run(python("notebooks", keeps, budget=2), python("unit", "pass", budget=1e-6))
    assert status == 0, log  # more than the budget is told and fails nobody: machines differ
    summary = log[log.index("suite ") :]
    assert re.search(r"notebooks +passed +0\.\d +2\s*\n", summary)
    assert re.search(r"unit +passed +0\.\d +1e-06 +OVER BUDGET", summary)
    assert f"   {slow.seconds:.1f} s  notebooks: ch01, cell 3" in summary


def test_only_a_whole_run_is_kept(run, monkeypatch, tmp_path):
    times = tmp_path / "times.json"
    monkeypatch.setattr(suites, "TIMES", str(times))
    monkeypatch.setattr(suites.up, "bring_up", lambda: None)
    monkeypatch.setattr(suites, "exports", dict)
    table = (GOOD, python("faults", "print('alone')", ALONE), python("lab", "print('in the lab')", LAB))
    run(*table, names=["good"])
    assert not times.exists()
    status, log = run(*table, fast=False)
    assert status == 0
    assert log.index("in the lab") < log.index("alone")
    kept = json.loads(times.read_text())
    assert kept["chapters"] == len(notebooks.stems())
    assert sorted(kept["suites"]) == ["faults", "good", "lab"]


def test_the_end_of_the_log_says_how_much_was_covered(run):
    total = "TOTAL                 9638   2301    76%"
    status, log = run(python("unit", f"print('{total}\\n3 passed in 0.1s')"), GOOD)
    assert status == 0
    assert "\nunit:\n3 passed in 0.1s\n76% of the package's statements were run\ngood:\n" in log


def pytest_of(suite):
    """The arguments of pytest in a suite's command; none if it is another program."""
    return suite.command[2:] if suite.command[1] == "pytest" else ()


@pytest.mark.parametrize("suite", suites.SUITES, ids=lambda suite: suite.name)
def test_a_warning_is_an_error_but_where_the_lab_is_used(suite):
    arguments = pytest_of(suite)
    told = any(pair == suites.TOLD for pair in itertools.pairwise(arguments))
    assert told is (bool(arguments) and suite.lane != NO_DOCKER)


def test_the_unit_suite_measures_coverage():
    unit = next(suite for suite in suites.SUITES if suite.name == "unit")
    assert set(suites.COVERAGE) <= set(pytest_of(unit))


WARNS = "import warnings\ndef test_one(): warnings.warn('old')\n"
STRICT = "[tool.pytest.ini_options]\nfilterwarnings = ['error']\n"


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
@pytest.mark.parametrize(("arguments", "status"), [((), 1), (suites.TOLD, 0)])
def test_where_warnings_are_told_they_fail_nobody(tmp_path, workers, arguments, status):
    (tmp_path / "pyproject.toml").write_text(STRICT)
    (tmp_path / "test_one.py").write_text(WARNS)
    command = [sys.executable, "-m", "pytest", "-q", workers, *arguments]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == status, ended.stdout
    assert "UserWarning: old" in ended.stdout


def test_no_notebook_is_a_failure(monkeypatch):
    monkeypatch.setattr(notebook_run, "found", lambda exclusive: [])
    assert notebook_run.main([]) == notebook_run.NOTHING_COLLECTED


def test_every_suite_is_there():
    assert sorted(s.name for s in suites.SUITES) == sorted(
        [
            "lint",
            "unit",
            "site",
            "lab",
            "console",
            "notebooks",
            "graders",
            "planted",
            "grading",
            "learn",
            "faults",
        ]
    )


def test_what_measures_time_or_counts_everything_runs_alone():
    assert {s.name for s in suites.SUITES if s.lane == ALONE} == {"notebooks", "faults"}


def test_a_suite_never_waits_for_one_that_begins_later():
    places = {suite.name: i for i, suite in enumerate(suites.SUITES)}
    for suite in suites.SUITES:
        assert all(places[other] < places[suite.name] for other in suite.after)


def test_all_suites_have_time_within_the_limit_of_ci():
    workflow = (repo() / ".github/workflows/ci.yml").read_text()
    minutes = int(re.search(r"timeout-minutes: (\d+)", workflow)[1])
    assert suites.LIMIT + 5 <= minutes == 90
