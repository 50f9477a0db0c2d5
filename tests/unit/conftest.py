"""What judging needs of a lab, and authoring of a course, without Docker."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit.book import notebooks
from labkit.book.exercises import SOLUTION_ONLY, build
from labkit.checks.evaluation import Evaluation
from labkit.checks.model import Check, Scene, Suite, check
from labkit.checks.result import Result
from labkit.lab.workspace import Workspace

STEM = "ch96_x"
SECRET = "forty_two"


class Engine:
    """A docker client whose ping does what it is told."""

    def __init__(self):
        self.raises, self.asked = None, 0

    def ping(self):
        self.asked += 1
        if callable(self.raises):
            self.raises()
        elif self.raises is not None:
            raise self.raises


class FakeLab:
    """What a judge needs of a lab."""

    def __init__(self, folder):
        self.workspace, self.docker = Workspace.fresh(STEM, folder), Engine()

    def node_label(self, name):
        return name

    def suite(self, *things, **options):
        """A suite of checks and scenes."""
        return Suite(
            STEM,
            {t.name: t for t in things if isinstance(t, Check)},
            {t.name: t for t in things if isinstance(t, Scene)},
            **options,
        )

    def told(self, error, **options) -> Result:
        """What comes of a check that raises something."""

        def one(lab):
            """It is so"""
            raise error

        return Evaluation(self.suite(check(task="do", points=2)(one), **options), self).run("one")


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """A lab of which only the engine's sign of life is real."""
    monkeypatch.setattr(Workspace, "env", lambda self: {})
    return FakeLab(tmp_path)


def nbgrader(grade_id, *, grade=False, solution=False, points=None, locked=True):
    told = {"grade": grade, "grade_id": grade_id, "locked": locked, "schema_version": 3}
    return told | {"solution": solution, "task": False} | ({"points": points} if grade else {})


def code(source, grader=None, tags=(), outputs=()):
    metadata = {"nbgrader": grader} if grader else {}
    metadata |= {"tags": list(tags)} if tags else {}
    return new_code_cell(source, execution_count=1, metadata=metadata, outputs=list(outputs))


def solved(name, source=f"### BEGIN SOLUTION\n{SECRET} = 1\n### END SOLUTION"):
    return code(source, nbgrader(f"{name}-answer", solution=True, locked=False))


def graded(name, points=1, source=None):
    return code(source or f'check("{name}")', nbgrader(name, grade=True, points=points))


def authored():
    hidden = f'check("three")\n### BEGIN HIDDEN TESTS\nassert {SECRET}\n### END HIDDEN TESTS'
    cells = [
        new_markdown_cell("# Exercise: a title"),
        code("lab = 1", nbgrader("setup")),
        code('start("stage")', nbgrader("start-stage")),
        solved("one"),
        graded("one", 2),
        solved("two", f"def two(n):\n    ### BEGIN SOLUTION\n    return {SECRET}\n    ### END SOLUTION"),
        graded("two"),
        graded("three", source=hidden),
        code("progress()", outputs=[new_output("stream", text=f"{SECRET} of 4 points")]),
        code(f"reset({SECRET})", tags=[SOLUTION_ONLY]),
    ]
    return new_notebook(cells=cells)


CHECKS = '''
from labkit.checks import check, scene

@scene(lambda random: {})
def stage(lab, facts):
    """a stage"""

@check(task="do", points=2, hints=("look",))
def one(lab):
    """One"""

@check(task="transfer", points=1, hints=("look",))
def two(lab):
    """Two"""

@check(task="repair", points=1, hints=("look",), needs=stage)
def three(lab):
    """Three"""
'''


class Course:
    """A course of one exercise, in a folder of its own.

    Args:
        root: the folder.
    """

    stem, secret, code, graded = STEM, SECRET, staticmethod(code), staticmethod(graded)
    checks = CHECKS

    def __init__(self, root):
        self.root = root
        for folder in ("solutions", "exercises", f"checks/{STEM}"):
            (root / folder).mkdir(parents=True)
        self.write_checks(CHECKS)
        self.change(lambda cells: None)
        build(root)

    def write_checks(self, text):
        """Writes the checks, all into the package itself."""
        (self.root / f"checks/{STEM}/__init__.py").write_text(text)

    def change(self, change, stem=STEM):
        """Writes the sound solution, changed; the exercise is left as it is."""
        notebook = authored()
        change(notebook.cells)
        notebooks.write(notebook, notebooks.path(stem, "solutions", self.root))

    @property
    def exercise(self):
        """The learner's file."""
        return notebooks.path(STEM, "exercises", self.root)


@pytest.fixture
def course(tmp_path):
    """A course of one sound exercise, built."""
    return Course(tmp_path)
