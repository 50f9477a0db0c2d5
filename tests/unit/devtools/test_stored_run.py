"""On what a chapter's outputs were made, from what an engine says of itself."""

from __future__ import annotations

import json

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labkit.devtools import stored_run

OVERLAY = {"ServerVersion": "26.1.5", "Driver": "overlay2", "DriverStatus": [["Backing Filesystem", "extfs"]]}
CONTAINED = {
    "ServerVersion": "29.1.0",
    "Driver": "overlayfs",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    "CgroupVersion": "2",
}


@pytest.mark.parametrize(
    ("info", "line"),
    [
        (OVERLAY, "Docker Engine 26.1.5 · image store overlay2 · cgroup version 1"),
        (CONTAINED, "Docker Engine 29.1.0 · image store containerd, overlayfs · cgroup version 2"),
    ],
)
def test_an_engine_in_one_line(info, line):
    kept = json.loads(json.dumps(stored_run.facts(info), sort_keys=True))  # as a notebook's file keeps it
    notebook = new_notebook(metadata={"labkit": {"run": kept}})
    assert stored_run.said(notebook) == line


def test_nothing_kept_says_nothing():
    assert stored_run.said(new_notebook()) == ""


@pytest.mark.parametrize(
    ("cell", "uses"),
    [
        (new_code_cell("core = client.CoreV1Api(lab.kube)"), True),
        (new_code_cell("lab.docker"), False),
        (new_markdown_cell("`lab.kube` is the cluster's client."), False),
    ],
)
def test_only_code_that_asks_the_cluster_uses_it(cell, uses):
    assert stored_run.uses_cluster(new_notebook(cells=[cell])) is uses
