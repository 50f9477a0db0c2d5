"""The same work earns the same: by labkit grade, by nbgrader's autograde, and in a notebook itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from nbclient import NotebookClient

from labkit.book import notebooks
from labkit.book.exercises import SOLUTION_ONLY
from labkit.grading.batch import gradable
from labkit.grading.grader import Grader
from labkit.grading.runners.local import LocalRunner
from labkit.grading.submission import read

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]
STEM, ASSIGNMENT = "ch01_docker_manages", "docker"
SECONDS = 300

KINDS = ("images", "containers", "networks", "volumes", "cache")
HALF = f"def inventory(client):\n    return dict.fromkeys({KINDS}, 0)"
STUDENTS = {
    "untouched": (lambda work: work, {"inventory": 0, "built": 0, "picture": 0, "cleaned": 0}),
    "half": (
        lambda work: work.solve("built", "picture").answer("inventory", HALF),
        {"inventory": 0, "built": 1, "picture": 2, "cleaned": 0},
    ),
    "solved": (lambda work: work.solve(), {"inventory": 2, "built": 1, "picture": 2, "cleaned": 3}),
}

NBGRADER = """
import json, os, sys
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config
folder, assignment, stem, workspaces = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
config = Config()
config.CourseDirectory.root = folder
config.Execute.timeout = 300
def programs(path):  # nbgrader calls alembic
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), path])

programs(os.environ["PATH"])
api = NbGraderAPI(config=config)
if not workspaces:
    done = api.generate_assignment(assignment)
    assert done["success"], done
for student, env in workspaces.items():
    os.environ.update(env)
    programs(env["PATH"])
    done = api.autograde(assignment, student)
    assert done["success"], done
    with api.gradebook as book:
        grades = book.find_submission_notebook(stem, assignment, student).grades
        print(json.dumps([student, {g.name: g.auto_score for g in grades}]))
"""


def nbgrader(folder, workspaces):
    """Runs nbgrader: makes the release, or grades students in their workspace; returns their scores."""
    command = [sys.executable, "-c", NBGRADER, str(folder), ASSIGNMENT, STEM, json.dumps(workspaces)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))


@pytest.fixture(scope="module")
def course(work, tmp_path_factory):
    """A course of nbgrader's, made from the solution; what students handed in is made from its release."""
    folder = tmp_path_factory.mktemp("course")
    source = notebooks.read(notebooks.path(STEM, "solutions"))
    source.cells = [c for c in source.cells if SOLUTION_ONLY not in c.metadata.get("tags", [])]
    target = folder / "source" / ASSIGNMENT / f"{STEM}.ipynb"
    target.parent.mkdir(parents=True)
    notebooks.nbformat.write(source, target)
    nbgrader(folder, {})
    release = notebooks.read(folder / "release" / ASSIGNMENT / f"{STEM}.ipynb")
    for student, (does, _) in STUDENTS.items():
        made = work()
        made.notebook = release.copy()
        made.notebook.cells = [c.copy() for c in release.cells]
        does(made).write(folder / "submitted" / student / ASSIGNMENT / f"{STEM}.ipynb")
    return folder


@pytest.fixture(scope="module")
def scores(course, work):
    """What each student has earned, by each way."""

    def handed_in(student):
        return course / "submitted" / student / ASSIGNMENT / f"{STEM}.ipynb"

    def by_labkit(student):
        graded = grader.grade(read(student, handed_in(student), gradable()), SECONDS)
        return {r.name: r.earned for r in graded.results}

    def by_nbgrader(student):
        with grader.pool.workspace() as workspace:
            return nbgrader(course, {student: workspace.env()})[student]

    def by_itself(student):
        notebook = STUDENTS[student][0](work()).notebook
        with grader.pool.workspace() as workspace:
            client = NotebookClient(notebook, timeout=SECONDS, allow_errors=True)
            client.execute(env={**os.environ, **workspace.env()})
            kept = workspace.noted("results")
            return {name: r["points"] if r["verdict"] == "pass" else 0 for name, r in kept.items()}

    with (
        closing(LocalRunner([STEM])) as runner,
        Grader(STEM, 3, runner) as grader,
        ThreadPoolExecutor(2) as threads,
    ):
        others = [
            ((way.__name__, student), threads.submit(way, student))
            for student in STUDENTS
            for way in (by_labkit, by_itself)
        ]
        found = {("by_nbgrader", student): by_nbgrader(student) for student in STUDENTS}  # one database
        return found | {key: future.result() for key, future in others}


@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize("way", ["by_labkit", "by_nbgrader", "by_itself"])
def test_the_same_work_earns_the_same(scores, way, student):
    assert scores[way, student] == STUDENTS[student][1]
