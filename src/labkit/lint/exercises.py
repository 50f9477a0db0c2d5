"""The house rules of exercises: a stem has all its files, no file is without a stem, all fit together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from nbformat import NotebookNode

from labkit.book import notebooks
from labkit.book.exercises import TO_DO, generate
from labkit.checks import loader, model
from labkit.core.paths import repo
from labkit.lint.chapters import raw_ids
from labkit.lint.finding import Finding, Kind
from labkit.mutation import answers as proof
from labkit.mutation import changes, schedule

HOMES = {
    "checks": "checks/ch*",
    "tests/graders": "tests/graders/ch*",
    "tests/claims": "tests/claims/ch*.yml",
    "k8s": "k8s/ch*",
}
WRITTEN = ("checks/{stem}/*.py", "tests/graders/{stem}/*.py", "tests/claims/{stem}.yml")


def problems(root: Path | None = None) -> list[Finding]:
    """Every orphan, gap and misfit.

    Args:
        root: the course's folder; None is this one.
    """
    root = root or repo()
    chapters, solutions = notebooks.stems("chapters", root), notebooks.stems("solutions", root)
    findings = list(orphans(root, chapters, solutions))
    for stem in chapters:
        findings += [Finding(name, "it is still to be written") for name in unwritten(stem, root)]
        if stem not in solutions:
            missing = f"it has no exercise: solutions/{stem}.ipynb"
            findings.append(Finding(f"chapters/{stem}", missing, Kind.OPEN))
        findings += raised(f"chapters/{stem}", partial(changes.plants, stem, root))
    for stem in solutions:
        faults = (*misfits(stem, root), *ids(stem, root))
        findings += [Finding(f"solutions/{stem}", fault) for fault in faults]
        findings += raised(f"solutions/{stem}", partial(answers, stem, root))
    return [*findings, *(Finding(entry.path, entry.fault) for entry in schedule.stale(root))]


def ids(stem: str, root: Path) -> Iterator[str]:
    """What a solution has stored that its next run cannot print again."""
    for i, cell in enumerate(notebooks.read(notebooks.path(stem, "solutions", root)).cells):
        texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.get("outputs", [])]
        yield from raw_ids(i, "\n".join(texts))


def answers(stem: str, root: Path) -> None:
    """Looks at a stem's answers, if its checks can be loaded; if not, `misfits` says so.

    Raises:
        Usage: there are none, or too few.
    """
    try:
        suite = loader.load(stem, root)
    except Exception:
        return
    proof.answers(suite, root)


def orphans(root: Path, chapters: list[str], solutions: list[str]) -> Iterator[Finding]:
    """Files of a stem whose chapter or solution is not there."""
    for stem in solutions:
        if stem not in chapters:
            yield Finding(f"solutions/{stem}", "there is no chapter of this name")
    for stem in notebooks.stems("exercises", root):
        if stem not in solutions:
            yield Finding(f"exercises/{stem}", "there is no solution of this name: run labkit build")
    for kind, pattern in HOMES.items():
        known, word = (chapters, "chapter") if kind in ("tests/claims", "k8s") else (solutions, "solution")
        for path in sorted(root.glob(pattern)):
            if path.is_dir() and [p.name for p in path.iterdir()] == ["__pycache__"]:
                continue  # what git leaves of a folder that another branch has
            if path.stem not in known:
                yield Finding(str(path.relative_to(root)), f"there is no {word} of this name")


def unwritten(stem: str, root: Path) -> Iterator[str]:
    """Files of a stem in which the template's own text is left."""
    for pattern in WRITTEN:
        for path in sorted(root.glob(pattern.format(stem=stem))):
            if TO_DO in path.read_text(encoding="utf-8"):
                yield str(path.relative_to(root))


def raised(where: str, look: Callable[[], object]) -> list[Finding]:
    """What a look at a file raises, on one line."""
    try:
        look()
    except Exception as e:  # whatever the author's file raises is what is wrong with it
        return [Finding(where, " ".join(str(e).split()) or type(e).__name__)]
    return []


def misfits(stem: str, root: Path | None = None) -> list[str]:
    """Where a stem's solution, its exercise and its checks do not fit together, one line each."""
    solution = notebooks.read(notebooks.path(stem, "solutions", root))
    idle = ", ".join(map(str, unexecuted(solution)))
    faults = [f"not executed: the cells {idle}"] if idle else []
    faults += [f"the cell {i} stored an error" for i, c in enumerate(solution.cells) if is_error(c)]
    try:
        exercise = generate(stem, root)
        suite = loader.load(stem, root)
    except Exception as e:  # whatever the author's file raises is what is wrong with it
        return [*faults, " ".join(f"{type(e).__name__}: {e}".split())]
    target = notebooks.path(stem, "exercises", root)
    if not target.exists() or notebooks.read(target) != exercise:
        faults.append("exercises/ is not what labkit build makes of solutions/: run labkit build")
    return faults + list(unfit(exercise, suite))


def unfit(exercise: NotebookNode, suite: model.Suite) -> Iterator[str]:
    """Where an exercise and its checks name different things."""
    graded, wanted = graded_points(exercise), {c.name: c.points for c in suite.checks.values()}
    for name in sorted(graded.keys() | wanted.keys()):
        if graded.get(name) != wanted.get(name):
            yield f"{name}: {graded.get(name)} points in the notebook, {wanted.get(name)} in its check"
    yield from misnamed(exercise)
    source = "\n".join(c.source for c in exercise.cells if c.cell_type == "code")
    yield from (f'start("{s}") is in no cell' for s in suite.scenes if f'start("{s}")' not in source)
    tasks = {c.task for c in suite.checks.values()}
    yield from (f"no check of the task {task}" for task in model.TASKS if task not in tasks)
    yield from (f"{c.name} has no hints" for c in suite.checks.values() if not c.hints)


def misnamed(notebook: NotebookNode) -> Iterator[str]:
    """Graded cells that do not check what they are called, and checks in cells that are not graded."""
    for i, cell in enumerate(notebook.cells):
        called = set(re.findall(r"\bcheck\(([^)]*)\)", cell.source)) if cell.cell_type == "code" else set()
        grader = cell.metadata.get("nbgrader", {})
        wanted = {f'"{grader.get("grade_id")}"'} if grader.get("grade") else set()
        if called != wanted:
            names = [", ".join(sorted(s)) or "nothing" for s in (called, wanted)]
            yield f"the cell {i} checks {names[0]}, and is graded for {names[1]}"


def unexecuted(notebook: NotebookNode) -> Iterator[int]:
    """Code cells that were not executed."""
    code = [(i, c) for i, c in enumerate(notebook.cells) if c.cell_type == "code" and c.source.strip()]
    return (i for i, c in code if c.execution_count is None)


def is_error(cell: NotebookNode) -> bool:
    """Whether a cell ended in an error."""
    return any(o.output_type == "error" for o in cell.get("outputs", []))


def graded_points(notebook: NotebookNode) -> dict[str, int]:
    """Points by name, of the graded cells."""
    graders = [c.metadata.get("nbgrader", {}) for c in notebook.cells]
    return {g["grade_id"]: g["points"] for g in graders if g.get("grade")}
