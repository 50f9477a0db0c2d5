"""The check that a reset is one: nothing earns a point any more, and no object of the chapter is left."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from labkit.checks import loader
from labkit.checks.result import ERROR, Result
from labkit.checks.runner import Runner
from labkit.core import engine
from labkit.core.labels import LABEL
from labkit.core.paths import kubeconfig, lab_id
from labkit.lab import cleanup, sessions
from labkit.lab.clients import kube_client
from labkit.lab.lab import Lab
from labkit.lab.reset import named, named_namespaces
from labkit.lab.workspace import Workspace


@dataclass(frozen=True)
class Reset:
    """What was found after a reset.

    Attributes:
        results: of every check, where nothing has been done.
        left: objects of the chapter that are still there, such as ``volume ch01-shelf``.
    """

    results: tuple[Result, ...]
    left: tuple[str, ...]

    @property
    def is_fresh(self) -> bool:
        """Whether the chapter is at its start, and that could be seen."""
        return not self.left and not any(r.earned or r.verdict == ERROR for r in self.results)

    def lines(self) -> list[str]:
        """The finding in words: one line, and one for each thing that contradicts it."""
        earned, points = sum(r.earned for r in self.results), sum(r.points for r in self.results)
        objects = f"{len(self.left)} objects left" if self.left else "no object left"
        contradictions = [f"still earns {r.earned}: {r.title}" for r in self.results if r.earned]
        contradictions += [
            f"could not be checked: {r.title}: {r.message}" for r in self.results if r.verdict == ERROR
        ]
        return [
            f"{earned} of {points} points, {objects}",
            *contradictions,
            *(f"still there: {name}" for name in self.left),
        ]


def check(stem: str, root: Path | None = None) -> Reset | None:
    """Runs all checks of a chapter as for somebody who begins, and looks for what is left of it.

    Args:
        stem: such as ``ch01_docker_manages``.
        root: the course's folder; None is this one.

    Returns:
        What was found; None if the chapter has no checks.

    Raises:
        EngineUnavailable: no Docker daemon answers.
        ClusterUnavailable: there is a cluster and it does not answer.
    """
    if not loader.has_checks(stem, root):
        return None
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        lab = Lab(stem, role="exercise", workspace=Workspace.fresh(stem, Path(folder) / "workspace"))
        try:
            results = Runner(loader.load(stem, root), lab).run_all()
        finally:
            lab.close()  # a check may have asked for its namespace
    return Reset(tuple(results), tuple(left_of(stem)))


def left_of(stem: str) -> list[str]:
    """What is still there of a chapter, of any run of it or made by hand; not what is somebody else's."""
    labels, prefix = {LABEL: lab_id(), "labkit.stem": stem}, cleanup.prefix_of(stem)
    kube = kube_client({}) if kubeconfig().exists() else None
    spare, api = sessions.sessions(), engine.client()
    try:
        with cleanup.engine_errors():
            left = cleanup.owned(api, labels, kube, spare)
            by_hand, _ = named(api, prefix, spare)
            for kind, things in by_hand.items():
                left.setdefault(kind, []).extend(cleanup.name_of(thing, prefix) for thing in things)
    finally:
        api.close()
    if kube is not None:
        left.setdefault("namespaces", []).extend(named_namespaces(kube, prefix, spare)[0])
    return sorted({f"{kind.removesuffix('s')} {name}" for kind, names in left.items() for name in names})
