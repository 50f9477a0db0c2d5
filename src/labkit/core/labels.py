"""The labels that prove what is ours."""

from __future__ import annotations

from labkit.core.paths import lab_id

LABEL = "labkit.lab"
"""The label that every object of the course carries; its value is `lab_id`."""


def labels(stem: str = "lab", role: str = "infra", session: str = "infra") -> dict[str, str]:
    """The labels of an object that the course makes.

    Args:
        stem: the chapter's stem, such as ``ch01_docker_manages``, or ``lab``.
        role: chapter, exercise, solution, proof, console, test or infra.
        session: which run made it.
    """
    return {LABEL: lab_id(), "labkit.stem": stem, "labkit.role": role, "labkit.session": session}
