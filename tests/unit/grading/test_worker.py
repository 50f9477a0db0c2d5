"""One submission's run: what of its faults is the machine's, and what is beside it while it runs."""

from __future__ import annotations

import json
import os
import signal
from types import SimpleNamespace

import pytest

from labkit.grading import kernel, worker
from labkit.grading.merge import COURSE, LEARNER, Step
from labkit.grading.support_files import copy
from labkit.lab.workspace import Workspace

SETUP = Step("from labkit import Lab\nready = Lab.__name__", COURSE, "`setup`")
CHECK = Step("assert ready == 'Lab'", COURSE, "`one`", "one")


class Scorer:
    """Passes what is asked of it."""

    def __init__(self, workspace, say, server):
        self.theirs, self.results, self.begin = workspace, {}, lambda name: None

    def judge(self, name):
        self.results[name] = SimpleNamespace(as_json=lambda: {"name": name})


@pytest.fixture
def outcome(tmp_path, monkeypatch):
    """What comes of steps, with files beside the notebook."""
    monkeypatch.setattr(worker, "Scorer", Scorer)
    monkeypatch.setattr(Workspace, "env", lambda self: {})

    def run(*steps, files=None, seconds=30):
        workspace = Workspace.fresh("ch96_x", tmp_path / "workspace")
        copy(files or {}, workspace.folder / "work")
        request = {"workspace": str(workspace.write()), "seconds": seconds}
        told = [vars(step) for step in steps]
        return worker.outcome_of({**request, "steps": told}, SimpleNamespace(pid=-1))

    return run


def theirs(source):
    """A cell of a learner's."""
    return Step(source, LEARNER, "`one-answer`")


def test_a_submission_reads_what_lies_beside_it_and_keeps_what_it_installs_to_itself(outcome, tmp_path):
    (tmp_path / "my.Dockerfile").write_text("FROM scratch")
    where = "import os, sys\nassert sys.prefix.startswith(os.path.dirname(os.getcwd())), sys.prefix"
    read = theirs(f"assert open('my.Dockerfile').read() == 'FROM scratch'\n{where}")
    done = outcome(SETUP, read, CHECK, files={"my.Dockerfile": tmp_path / "my.Dockerfile"})
    assert (done["results"], done["notes"]) == ([{"name": "one"}], [])
    assert len(json.loads(done["notebook"])["cells"]) == 3


@pytest.mark.parametrize("setup", ["raise ModuleNotFoundError('labkit')", "import os; os._exit(1)"])
def test_a_course_cell_that_fails_on_this_machine_costs_nothing(outcome, setup):
    done = outcome(Step(setup, COURSE, "`setup`"), theirs("a = 1"), CHECK)
    assert set(done) == {"broken"}
    assert "The course's own cells do not run here. `setup`" in done["broken"]


def test_a_course_cell_that_fails_by_what_they_did_is_noted(outcome, tmp_path):
    (tmp_path / "mine.py").write_text("raise ImportError('not that one')")
    done = outcome(theirs("a = 1"), SETUP, CHECK, files={"docker.py": tmp_path / "mine.py"})
    assert "`setup` raised ImportError: not that one." in done["notes"]
    assert done["results"] == [{"name": "one"}]


def test_a_graded_cell_that_their_work_holds_up_is_ended_in_time(outcome):
    stuck = theirs("class Stuck:\n    def __eq__(self, other):\n        while True: pass\nready = Stuck()")
    assert outcome(stuck, CHECK, seconds=1)["notes"] == ["`one` did not end within 3 s: it was stopped."]


LEAVES = """
import os, subprocess, threading
def count():
    while True:
        with open("ticks", "a") as f: f.write("x")
threading.Thread(target=count, daemon=True).start()
left = subprocess.Popen(["sh", "-c", "while printf x >>shell; do :; done"], start_new_session=True)
with open("left", "w") as f: f.write(str(left.pid))
while not (os.path.exists("ticks") and os.path.exists("shell")): pass
"""


def test_nothing_of_theirs_runs_while_it_is_judged_and_all_goes_on_after(outcome, monkeypatch, tmp_path):
    seen, place = [], tmp_path / "workspace/work"
    others = kernel.started(())  # what earlier tests have left in this process

    def sizes():
        return [(place / name).stat().st_size for name in ("ticks", "shell")]

    def judge(self, name):
        stand = [kernel.stands(p) for p in kernel.started(()) if p not in others]
        seen.append((len(stand) == 2 and all(stand), before := sizes(), sizes() == before))
        self.results[name] = SimpleNamespace(as_json=lambda: {"name": name})

    monkeypatch.setattr(Scorer, "judge", judge)
    first = Step("ready", COURSE, "`one`", "one")
    size = "os.path.getsize('ticks')"
    grown = theirs(f"import os\nsize = {size}\nwhile {size} <= size: pass")
    try:
        done = outcome(SETUP, theirs(LEAVES), first, grown, CHECK)
    finally:  # it outlives the kernel, and a grader's process alone would end it
        os.kill(int((place / "left").read_text()), signal.SIGKILL)
    assert done["notes"] == []
    assert [(stand, stood) for stand, _, stood in seen] == [(True, True)] * 2
    assert seen[1][1][0] > seen[0][1][0], "its thread went on between the checks"


def test_trying_the_machine_leaves_their_kernel_alone(outcome):
    broken = theirs("import sys\nsys.modules['labkit'] = None\na = 1")
    later = theirs("del sys.modules['labkit']\nready = 'Lab'\nassert a == 1")
    done = outcome(broken, SETUP, later, CHECK)
    assert len(done["notes"]) == 1
    assert done["notes"][0].startswith("`setup` raised ModuleNotFoundError")
