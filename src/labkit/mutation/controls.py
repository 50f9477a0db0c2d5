"""Controls of graders: nothing done earns nothing, the solution earns all, an outage blames nobody."""

from __future__ import annotations

import os
from collections.abc import Callable

from labkit.book import notebooks
from labkit.book.exercises import SOLUTION_ONLY
from labkit.checks.model import Suite
from labkit.checks.result import ERROR, PASS, SKIP, Result
from labkit.checks.runner import Runner
from labkit.lab.engine_pool import Pool
from labkit.lab.lab import Lab
from labkit.lab.reset import reset_workspace
from labkit.lab.workspace import Workspace
from labkit.learner.exercise import begin

Faults = dict[str, str | None]
"""Controls by name: None where one held, else what is wrong."""

Say = Callable[[str], None]
"""Called with a few words of progress."""

NOWHERE = "https://127.0.0.1:1"
"""An address at which nobody listens."""


def untouched(suite: Suite, pool: Pool, say: Say) -> Faults:
    """Controls where nothing was done: on an empty engine, and where the scenes have been set up."""
    faults: Faults = {}
    with pool.workspace() as workspace, Lab(suite.stem, role="proof", workspace=workspace) as lab:
        say("nothing done")
        faults["nothing done: 0 points"] = nothing(judged(suite, lab))
        for name in suite.scenes:
            begin(lab, suite, name)
        if suite.scenes:
            faults["scenes set up, nothing done: 0 points"] = nothing(judged(suite, lab))
    return faults


def solved(suite: Suite, pool: Pool, say: Say) -> Faults:
    """Controls where the solution was run: as it is, in outages, and after everything was removed."""
    faults: Faults = {}
    with pool.workspace() as workspace:
        say("solution")
        faults["solution: all points"] = solution(suite, workspace)
        lab = Lab(suite.stem, role="exercise", workspace=workspace)
        try:
            if suite.cluster:
                say("cluster unreachable")
                faults["cluster unreachable: error"] = no_blame(without_cluster(suite, lab))
        finally:
            lab.close()
        if workspace.engine:  # as the learner's reset: also what was made by hand, under the stem's prefix
            reset_workspace(workspace)
        workspace.clear()
        lab = Lab(suite.stem, role="exercise", workspace=workspace)
        faults["after reset: 0 points"] = nothing(judged(suite, lab))
        if workspace.engine:
            say("engine killed")
            for name in suite.scenes:
                begin(lab, suite, name)
            pool.kill(workspace)
            faults["engine killed: error"] = no_blame(judged(suite, lab))
        else:
            lab.close()
    return faults


def judged(suite: Suite, lab: Lab) -> list[Result]:
    """What all checks say now."""
    return Runner(suite, lab).run_all()


def without_cluster(suite: Suite, lab: Lab) -> list[Result]:
    """What all checks say while the API server cannot be reached; then it can be again."""
    _, configuration = lab.namespace, lab.kube.configuration
    address, configuration.host = configuration.host, NOWHERE
    try:
        return judged(suite, lab)
    finally:
        configuration.host = address


def solution(suite: Suite, workspace: Workspace) -> str | None:
    """Runs the authored notebook in a workspace; its cells check themselves, and results are kept there."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = notebooks.read(notebooks.path(suite.stem, "solutions"))
    notebook.cells = [c for c in notebook.cells if SOLUTION_ONLY not in c.metadata.get("tags", [])]
    resources = {"metadata": {"path": str(notebooks.path(suite.stem, "solutions").parent)}}
    try:
        client = NotebookClient(notebook, timeout=notebooks.CELL_SECONDS, resources=resources)
        client.execute(env={**os.environ, **workspace.env()})
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as e:
        return f"the solution failed: {str(e).strip()[-500:]}"
    results = workspace.noted("results")
    unpassed = [name for name in suite.checks if results.get(name, {}).get("verdict") != PASS]
    return f"no pass: {', '.join(unpassed)}" if unpassed else None


def nothing(results: list[Result]) -> str | None:
    """What is wrong where no check may pass, and none may break."""
    bad = [f"{r.name}: {r.verdict} {r.message}" for r in results if r.verdict in (PASS, ERROR)]
    return "; ".join(bad) or None


def no_blame(results: list[Result]) -> str | None:
    """What is wrong where the lab is at fault: every verdict is error, or skip behind one."""
    bad = [f"{r.name}: {r.verdict} {r.message}" for r in results if r.verdict not in (ERROR, SKIP)]
    if not any(r.verdict == ERROR for r in results):
        bad.append("no check says error")
    return "; ".join(bad) or None
