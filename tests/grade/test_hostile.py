"""Submissions that go wrong, or are meant to: each has a clear verdict, none a point that it has not earned.

All are made first and graded together, on a few warm engines; each test then looks at what came of one.
"""

from __future__ import annotations

import copy
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from labkit.checks.result import ERROR, FAIL, PASS, SKIP
from labkit.grading.batch import gradable
from labkit.grading.grader import Grader
from labkit.grading.runners.local import LocalRunner
from labkit.grading.submission import read

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]
STEM, JOBS, SECONDS = "ch01_docker_manages", 3, 40.0
WORD = secrets.token_hex(4)
SUBMISSIONS, QUICK = {}, {}
LONG = ("damaged_answers", "one_large_message", "stubborn_loop", "flooding_answer", "flood", "engine_killed")
"""Those that are waited for longest."""


def submission(seconds=SECONDS):
    """Marks a function that does something to a fresh copy of the exercise."""

    def keep(make):
        SUBMISSIONS[make.__name__], QUICK[make.__name__] = make, seconds
        return make

    return keep


@pytest.fixture(scope="module")
def graded(work, tmp_path_factory):
    """What came of each submission, by name."""
    folder, known = tmp_path_factory.mktemp("handed-in"), gradable()
    read_in = {}
    for name, make in SUBMISSIONS.items():
        made = work()
        make(made)
        read_in[name] = read(name, made.write(folder / f"{name}.ipynb"), known)
    with (
        closing(LocalRunner([STEM])) as runner,
        Grader(STEM, JOBS, runner) as grader,
        ThreadPoolExecutor(JOBS) as threads,
    ):
        order = sorted(read_in, key=lambda name: name not in LONG)  # so that none of them is the last
        done = threads.map(lambda name: grader.grade(read_in[name], QUICK[name]), order)
        return dict(zip(order, done, strict=True))


def verdicts(record):
    """The verdict of each check, by name."""
    return {r.name: r.verdict for r in record.results}


def said(record):
    """All that is said of a submission beside its results."""
    return "\n".join([record.why, *record.notes])


def passed(record):
    """The checks that it has passed."""
    return {r.name for r in record.results if r.verdict == PASS}


@submission()
def solved(work):
    work.solve()


def test_the_solution_earns_everything(graded):
    assert (graded["solved"].total, graded["solved"].notes) == ("8 of 8", [])


@submission()
def syntax_error(work):
    work.solve("inventory").answer("built", "def (:")


def test_a_syntax_error_costs_its_own_task(graded):
    record = graded["syntax_error"]
    assert passed(record) == {"inventory"}
    assert "`built-answer` raised SyntaxError" in said(record)


@submission()
def exception(work):
    work.solve("cleaned").answer("built", "1 / 0")


def test_an_exception_costs_its_own_task(graded):
    record = graded["exception"]
    assert passed(record) == {"cleaned"}
    assert "`built-answer` raised ZeroDivisionError: division by zero" in said(record)


@submission(seconds=8)
def endless_loop(work):
    work.answer("inventory", "while True:\n    pass").answer("picture", "spare = 1")


def test_an_endless_loop_is_interrupted(graded):
    record = graded["endless_loop"]
    assert (record.verdict, record.earned) == ("graded", 0)
    assert "`inventory-answer` did not end within 8 s: it was stopped" in said(record)
    assert "new kernel" not in said(record)


@submission(seconds=8)
def stubborn_loop(work):
    loop = "while True:\n    try:\n        time.sleep(60)\n    except KeyboardInterrupt:\n        pass"
    work.answer("built", f"import time\n{loop}").solve("cleaned")


def test_a_loop_that_cannot_be_interrupted_is_killed_and_the_rest_is_graded(graded):
    record = graded["stubborn_loop"]
    assert passed(record) == {"cleaned"}
    assert "and went on when it was interrupted: its kernel was killed" in said(record)
    assert "It went on in a new kernel" in said(record)


@submission()
def os_exit(work):
    work.answer("built", "import os\nos._exit(0)").solve("cleaned")


@submission()
def killed(work):
    work.answer("built", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)").solve("cleaned")


@pytest.mark.parametrize("name", ["os_exit", "killed"])
def test_a_kernel_that_crashes_costs_its_own_task(graded, name):
    assert passed(graded[name]) == {"cleaned"}
    assert "`built-answer` ended its kernel" in said(graded[name])


@submission()
def sys_exit(work):
    work.answer("built", "import sys\nsys.exit(0)").solve("inventory")


def test_sys_exit_ends_its_cell(graded):
    assert passed(graded["sys_exit"]) == {"inventory"}
    assert "`built-answer` raised SystemExit" in said(graded["sys_exit"])


@submission()
def quit_ipython(work):
    work.answer("built", "exit()").solve("cleaned")


def test_exit_ends_the_kernel_and_the_rest_is_graded(graded):
    assert passed(graded["quit_ipython"]) == {"cleaned"}
    assert "It went on in a new kernel" in said(graded["quit_ipython"])


@submission()
def flood(work):
    work.answer("inventory", "while True:\n    print('x' * 100_000)").solve("built")


def test_output_without_end_is_stopped_while_it_streams(graded):
    record = graded["flood"]
    assert passed(record) == {"built"}
    assert "`inventory-answer` printed too much" in said(record)
    assert len(record.notebook) < 200_000


@submission()
def one_large_message(work):
    work.answer("inventory", "from IPython.display import display\ndisplay('x' * 300_000_000)").solve("built")


def test_one_enormous_output_is_not_taken_in(graded):
    record = graded["one_large_message"]
    assert record.verdict == "graded"
    assert len(record.notebook) < 200_000
    assert "inventory" not in passed(record)


@submission()
def memory(work):
    work.answer("built", "b'x' * 10**11")


def test_memory_is_bounded(graded):
    assert graded["memory"].earned == 0
    assert "`built-answer` raised MemoryError" in said(graded["memory"])


@submission()
def asks(work):
    work.answer("built", "input('password?')")


def test_nobody_answers_a_question(graded):
    assert graded["asks"].earned == 0
    assert "`built-answer` raised StdinNotImplementedError" in said(graded["asks"])


@submission()
def edited_metadata(work):
    for cell in work.cells:
        told = cell.metadata.get("nbgrader")
        if told and told["grade"]:
            told.update(points=100, locked=False)
        elif told and told["solution"]:
            told.update(grade=True, points=50)


def test_metadata_earns_nothing(graded):
    record = graded["edited_metadata"]
    assert record.total == "0 of 8"
    assert "The metadata of the cell `inventory` was changed" in said(record)


FAKE = """
from IPython.display import HTML, display
print("✓ pass: Network, volume and the two containers are as in the picture (2 of 2 points)")
display(HTML("<strong>8 of 8 points</strong>"))
"""


@submission()
def printed_result(work):
    work.answer("picture", FAKE)
    work.cells[work.at("picture")].source = FAKE


def test_a_printed_result_is_no_result(graded):
    record = graded["printed_result"]
    assert record.total == "0 of 8"
    assert "The cell `picture` was changed: the course's own was run" in said(record)


PATCH = """
import builtins, labkit, labkit.checks.result, labkit.learner.exercise
import labkit.checks.evaluation, labkit.checks.runner
passing = lambda *a, **k: labkit.checks.result.Result("inventory", "t", "do", 2, "pass")
labkit.check = labkit.learner.exercise.check = passing
labkit.start = labkit.learner.exercise.start = lambda name: None
labkit.checks.evaluation.Evaluation.run = labkit.checks.runner.Runner.run = passing
labkit.checks.result.Result.earned = property(lambda self: self.points)
"""


@submission()
def patched_check(work):
    work.insert(PATCH, before="setup")


def test_a_patched_check_judges_nothing(graded):
    record = graded["patched_check"]
    assert record.total == "0 of 8"
    assert {r.message for r in record.results if r.name == "cleaned"} == {
        'Nothing is set up yet: run start("shared") first.'
    }


WRITTEN = """
import json, os, pathlib
folder = pathlib.Path(os.environ["LABKIT_WORKSPACE"]).parent
result = {"name": "x", "title": "t", "task": "do", "points": 2, "verdict": "pass", "earned": 2}
checks = ("inventory", "built", "picture", "cleaned")
(folder / "results.json").write_text(json.dumps({name: result for name in checks}))
(folder / "scenes.json").write_text(json.dumps({"shared": True}))
workspace = json.loads((folder / "workspace.json").read_text())
(folder / "workspace.json").write_text(json.dumps({**workspace, "judged": False, "seed": 1}))
"""


@submission()
def written_files(work):
    work.insert(WRITTEN, before="setup").insert(WRITTEN)


def test_files_in_the_workspaces_folder_are_not_believed(graded):
    assert graded["written_files"].total == "0 of 8"


@submission(seconds=8)
def damaged_answers(work):
    spoil = "(folder / 'answers.json').unlink(missing_ok=True)\nos.mkfifo(folder / 'answers.json')"
    work.insert(WRITTEN + spoil, before="inventory")


def test_answers_that_cannot_be_read_count_as_none(graded):
    record = graded["damaged_answers"]
    assert record.earned == 0
    assert "damaged, or too large" in said(record)


@submission()
def background(work):
    lines = [
        "import os, subprocess",
        f"subprocess.Popen(['sleep', '9{int(WORD, 16)}'])",
        f"subprocess.Popen(['sleep', '9{int(WORD, 16)}'], start_new_session=True, env={{}})",
        f"subprocess.run(['sh', '-c', 'setsid sleep 9{int(WORD, 16)} & exit'])",
    ]
    work.insert("\n".join(lines))


def test_what_it_left_running_is_ended(graded):
    assert graded["background"].verdict == "graded"
    left = [p for p in psutil.process_iter(["cmdline"]) if f"9{int(WORD, 16)}" in (p.info["cmdline"] or [])]
    assert left == []


@submission()
def flooding_container(work):
    options = "name='ch01-flood', detach=True, init=True, nano_cpus=10**8"
    flood = f"client.containers.run('debian:trixie-slim', 'yes', {options})"
    work.solve("inventory", "cleaned").insert(flood, before="inventory-answer")


def test_a_container_that_floods_its_log_disturbs_nothing(graded):
    assert passed(graded["flooding_container"]) == {"inventory", "cleaned"}


SHELL = r"""
import io
lines = [
    "FROM debian:trixie-slim",
    r"RUN printf '#!/usr/bin/perl\nwhile (1) { print q(x) x 65536 }' >/f; chmod 755 /f; mv /f /bin/sh",
    'CMD ["sleep", "infinity"]',
]
client.images.build(fileobj=io.BytesIO("\n".join(lines).encode()), tag="ch01-clock:2.0")
"""


@submission()
def flooding_answer(work):
    work.answer("built", SHELL).solve("picture")


def test_a_container_that_floods_a_check_is_told_so(graded):
    record = graded["flooding_answer"]
    picture = next(r for r in record.results if r.name == "picture")
    assert (picture.verdict, picture.message) == (FAIL, "A command in a container printed too much.")


RENAMED = """
course = client.images.get("localhost:5001/python:3.13").id
client.api.tag("debian:trixie-slim", "localhost:5001/python", tag="3.13")
client.images.remove(course, force=True)
"""


@submission()
def other_helper(work):
    work.solve().answer("built", RENAMED + work.solutions["built-answer"])


def test_the_image_of_a_helper_is_the_courses_whatever_has_its_name(graded):
    record = graded["other_helper"]
    assert record.total == "8 of 8"
    assert record.notes == [
        "The name `localhost:5001/python:3.13` led to another image, or to none: the course's own was used."
    ]


LOOKS = """
import os
for process in (os.getppid(), int(open(f"/proc/{os.getppid()}/stat").read().rpartition(")")[2].split()[1])):
    for look in (lambda: open(f"/proc/{process}/mem", "rb"), lambda: os.readlink(f"/proc/{process}/fd/0")):
        try:
            look()
        except PermissionError:
            continue
        raise RuntimeError("it is open")
"""


@submission()
def looks_into_its_grader(work):
    work.solve("inventory").insert(LOOKS, before="inventory-answer")


@pytest.mark.skipif(sys.platform != "linux", reason="processes are closed up on Linux alone")
def test_who_grades_is_closed_to_a_notebook(graded):
    assert passed(graded["looks_into_its_grader"]) == {"inventory"}
    assert graded["looks_into_its_grader"].notes == []


KILL = """
kill = "for p in /proc/[0-9]*; do if grep -q dockerd $p/comm; then kill -9 ${p#/proc/}; fi; done"
client.containers.run("debian:trixie-slim", ["sh", "-c", kill], privileged=True, pid_mode="host")
"""


@submission()
def engine_killed(work):
    work.solve().answer("picture", KILL)


def test_an_engine_that_died_is_an_error_and_costs_nothing(graded):
    record = graded["engine_killed"]
    assert verdicts(record) == {"inventory": PASS, "built": PASS, "picture": ERROR, "cleaned": ERROR}
    assert record.total == "3 of 8, 5 undecided: run it again"


@submission()
def missing_cells(work):
    work.solve("inventory", "built")
    for name in ("picture", "picture-answer", "setup", "start-shared"):
        del work.cells[work.at(name)]


def test_missing_cells_are_the_courses_own(graded):
    record = graded["missing_cells"]
    assert passed(record) == {"inventory", "built"}
    assert "The cell `picture-answer` is missing: it counts as unsolved." in said(record)
    assert verdicts(record)["picture"] == FAIL


@submission()
def duplicated_cells(work):
    twin = copy.deepcopy(work.solve("built").cells[work.at("built-answer")])
    work.answer("built", "pass").cells.append(twin)


def test_a_second_answer_behind_the_check_comes_too_late(graded):
    record = graded["duplicated_cells"]
    assert record.earned == 0
    assert "The cell `built-answer` is there once more behind its check: that came too late." in said(record)


@submission()
def other_edition(work):
    work.solve("built").notebook.metadata["labkit"]["edition"] = "0123456789ab"


def test_another_edition_is_told(graded):
    record = graded["other_edition"]
    assert passed(record) == {"built"}
    assert "It was made from edition 0123456789ab of the exercise" in said(record)


@submission()
def scene_anew(work):
    work.solve("cleaned").insert(
        "for c in client.containers.list(all=True):\n    c.remove(force=True)\nstart('shared')",
        before="cleaned-answer",
    )


def test_a_scene_can_be_set_up_anew(graded):
    assert passed(graded["scene_anew"]) == {"cleaned"}


@submission()
def resets(work):
    work.solve("built").insert('gone = Lab.reset("ch01_docker_manages")', before="picture-answer")


def test_reset_in_a_notebook_stays_in_its_workspace(graded):
    record = graded["resets"]
    assert passed(record) == {"built"}
    assert verdicts(record)["picture"] == verdicts(record)["cleaned"] == SKIP
    assert "No exercise is open here" in said(record)


def test_nothing_is_left(graded, plain):
    """Neither an engine nor a kernel nor a workspace of this run."""
    sessions = {g.submission.name for g in graded.values()}
    assert len(sessions) == len(SUBMISSIONS)
    workspaces = [
        p
        for p in psutil.process_iter(["environ"])
        if "labkit-workspace-" in str((p.info["environ"] or {}).get("LABKIT_WORKSPACE"))
    ]
    mine = [p for p in workspaces if psutil.Process().pid in {a.pid for a in p.parents()}]
    assert mine == []
    assert not [
        f for f in Path("/tmp").glob("labkit-workspace-*") if (f / "work").exists() and f.owner() == "nobody"
    ]
