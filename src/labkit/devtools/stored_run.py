"""On what a chapter's stored outputs were made: engine, image store, cgroup version, cluster."""

from __future__ import annotations

from typing import Any

from kubernetes import client
from nbformat import NotebookNode

from labkit.book import notebooks
from labkit.core import engine
from labkit.lab.clients import kube_client

KEY = "labkit"
"""Where a notebook's metadata keep it."""

SNAPSHOTTER = "io.containerd.snapshotter.v1"
"""What an engine reports as its driver's type where containerd keeps the images (source: docker info)."""


def execute(stem: str, kind: str = "chapters") -> None:
    """Runs a notebook, and keeps its outputs and, for a chapter, what it ran on.

    Raises:
        LabkitError: a cell failed.
        EngineUnavailable: no daemon answers.
        ClusterUnavailable: the chapter uses a cluster, and there is none.
    """
    path = notebooks.path(stem, kind)
    content = notebooks.execute(path, save=False)
    if kind == "chapters":
        content.metadata[KEY] = {"run": ran_on(uses_cluster(content))}
    notebooks.write(content, path)


def uses_cluster(notebook: NotebookNode) -> bool:
    """Whether a notebook's code asks the cluster."""
    return any(c.cell_type == "code" and "lab.kube" in c.source for c in notebook.cells)


def ran_on(cluster: bool) -> dict[str, str]:
    """The course's engine and, where it was used, its cluster, each in a few words."""
    found = facts(engine.client().info())
    if cluster:
        found["cluster"] = f"Kubernetes {client.VersionApi(kube_client({})).get_code().git_version}"
    return found


def facts(info: dict[str, Any]) -> dict[str, str]:
    """What an engine's ``/info`` says, by what it is.

    Args:
        info: the answer of the engine.
    """
    contained = SNAPSHOTTER in str(info.get("DriverStatus"))
    return {
        "engine": f"Docker Engine {info['ServerVersion']}",
        "store": f"image store {'containerd, ' * contained}{info['Driver']}",
        "cgroup": f"cgroup version {info.get('CgroupVersion', '1')}",
    }


def said(notebook: NotebookNode) -> str:
    """One line of it for the page's foot; empty where nothing is kept."""
    run = notebook.metadata.get(KEY, {}).get("run", {})
    return " · ".join(run[what] for what in ("engine", "store", "cgroup", "cluster") if what in run)
