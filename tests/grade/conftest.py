"""Submissions of chapter 1's exercise, made from the real one, and the desk at which they are graded."""

from __future__ import annotations

import copy
import json

import pytest

from labkit.book import exercises, notebooks

STEM = "ch01_docker_manages"


class Work:
    """A learner's copy of the exercise, that is worked on.

    Args:
        exercise: what learners get.
        solutions: the source of each answer, by its cell's id.
    """

    def __init__(self, exercise, solutions):
        self.notebook, self.solutions = copy.deepcopy(exercise), solutions

    @property
    def cells(self):
        """The notebook's cells."""
        return self.notebook.cells

    def at(self, name):
        """The place of a cell, by its grade_id."""
        return next(
            i for i, c in enumerate(self.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == name
        )

    def answer(self, name, source):
        """Answers in the cell of a check."""
        self.cells[self.at(f"{name}-answer")].source = source
        return self

    def solve(self, *names):
        """Answers rightly; everything, if nothing is named."""
        for name in names or [n.removesuffix("-answer") for n in self.solutions]:
            self.answer(name, self.solutions[f"{name}-answer"])
        return self

    def insert(self, source, before=None):
        """A cell of their own."""
        place = len(self.cells) if before is None else self.at(before)
        self.cells.insert(place, notebooks.nbformat.v4.new_code_cell(source))
        return self

    def write(self, path):
        """Hands it in."""
        path.parent.mkdir(parents=True, exist_ok=True)
        notebooks.nbformat.write(self.notebook, path)
        return path

    def write_bare(self, path):
        """Hands in what an editor has left of it: types and texts of cells, behind a byte order mark."""
        cells = [{"cell_type": cell.cell_type, "source": cell.source} for cell in self.cells]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"nbformat": 4, "cells": cells}), encoding="utf-8-sig")
        return path


@pytest.fixture(scope="session")
def work():
    """Makes fresh copies of the exercise."""
    exercise, solution = exercises.generate(STEM), notebooks.read(notebooks.path(STEM, "solutions"))
    answers = {}
    for cell in solution.cells:
        told = cell.metadata.get("nbgrader", {})
        if told.get("solution"):
            answers[told["grade_id"]] = "\n".join(x for x in cell.source.splitlines() if "### " not in x)
    return lambda: Work(exercise, answers)
