"""The seam where a submission's run is started: what decides in what a stranger's notebook runs.

What is behind it takes the steps of a submission to some place, runs and scores them there, and brings back
what came of it: a process on this machine, a Job of a cluster.
"""

from __future__ import annotations

from typing import Protocol, TypedDict

from labkit.checks.model import Suite
from labkit.grading.merge import Step
from labkit.lab.workspace import Workspace


class Outcome(TypedDict):
    """What comes of a submission.

    Attributes:
        results: of its checks, as `labkit.checks.result.Result.as_json` has them.
        notes: what whoever grades should know.
        notebook: the notebook as it was run, with its outputs, as JSON.
    """

    results: list[dict[str, object]]
    notes: list[str]
    notebook: str


class SubmissionRunner(Protocol):
    """Runs submissions, several at a time."""

    def run(self, workspace: Workspace, suite: Suite, steps: list[Step], seconds: float) -> Outcome:
        """Runs one submission in a workspace, and waits for what comes of it.

        Args:
            workspace: where.
            suite: the checks that it is judged by.
            steps: the cells.
            seconds: how long one cell of the learner's may take.

        Raises:
            BrokenEnvironment: it could not be graded.
        """

    def stop(self) -> None:
        """Ends all runs, and those that would begin."""

    def close(self) -> None:
        """Lets go of what runs were started by; there are none any more."""
