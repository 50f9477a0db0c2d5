"""The house rules of exercises: a stem has all its files, no file is without a stem, all fit together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from labkit.book import notebooks
from labkit.checks import model
from labkit.lint import chapters as house
from labkit.book import exercises
from labkit.mutation import claims
from labkit.mutation import answers as proof
from labkit.mutation import record
from labkit.core.paths import repo

HOMES = {
    "checks": "checks/ch*.py",
    "tests/graders": "tests/graders/ch*.py",
    "snapshot": "tests/graders/ch*.json",
    "tests/claims": "tests/claims/ch*.yml",
    "k8s": "k8s/ch*",
}
WRITTEN = ("checks/{stem}.py", "tests/graders/{stem}.py", "tests/claims/{stem}.yml")


def problems(root: Path | None = None) -> list[str]:
    """Every orphan, gap and misfit, one line each."""
    root = root or repo()
    chapters, solutions = notebooks.stems("chapters", root), notebooks.stems("solutions", root)
    found = list(orphans(root, chapters, solutions))
    for stem in chapters:
        found += [f"{name}: it is still to be written" for name in unwritten(stem, root)]
        if stem not in solutions:
            found.append(f"chapters/{stem}: it has no exercise: solutions/{stem}.ipynb")
        found += told(f"chapters/{stem}", lambda stem=stem: claims.plants(stem, root))
    for stem in solutions:
        found += [f"solutions/{stem}: {line}" for line in (*exercises.problems(stem, root), *ids(stem, root))]
        found += told(f"solutions/{stem}", lambda stem=stem: answers(stem, root))
    stale = record.stale(root)
    return found + [
        f"tests/graders/record.json: {s} is not proven as it stands: labkit prove {s}" for s in stale
    ]


def ids(stem: str, root: Path) -> Iterator[str]:
    """What a solution has stored that its next run cannot print again."""
    for i, cell in enumerate(notebooks.read(notebooks.path(stem, "solutions", root)).cells):
        texts = [o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.get("outputs", [])]
        yield from house.raw_ids(i, "\n".join(texts))


def answers(stem: str, root: Path) -> None:
    """Looks at a stem's answers, if its checks can be loaded; if not, `learners.problems` has told it.

    Raises:
        Usage: there are none, or too few.
    """
    try:
        suite = model.load(stem, root)
    except Exception:
        return
    proof.answers(suite, root)


def orphans(root: Path, chapters: list[str], solutions: list[str]) -> Iterator[str]:
    """Files of a stem whose chapter or solution is not there."""
    for stem in solutions:
        if stem not in chapters:
            yield f"solutions/{stem}: there is no chapter of this name"
    for stem in notebooks.stems("exercises", root):
        if stem not in solutions:
            yield f"exercises/{stem}: there is no solution of this name: run labkit build"
    for kind, pattern in HOMES.items():
        known, word = (chapters, "chapter") if kind in ("tests/claims", "k8s") else (solutions, "solution")
        for path in sorted(root.glob(pattern)):
            if path.stem not in known:
                yield f"{path.relative_to(root)}: there is no {word} of this name"


def unwritten(stem: str, root: Path) -> Iterator[str]:
    """Files of a stem in which the template's own text is left."""
    for pattern in WRITTEN:
        path = root / pattern.format(stem=stem)
        if path.is_file() and exercises.TO_DO in path.read_text(encoding="utf-8"):
            yield str(path.relative_to(root))


def told(name: str, look) -> list[str]:
    """What a look at a file raises, as one line."""
    try:
        look()
    except Exception as e:  # whatever the author's file raises is what is wrong with it
        return [f"{name}: {' '.join(str(e).split()) or type(e).__name__}"]
    return []
