"""Which modules a file depends on."""

from __future__ import annotations

import pytest

from labkit.core.paths import repo
from labkit.mutation.inputs import closure


@pytest.fixture
def package(tmp_path):
    folder = tmp_path / "labkit"
    (folder / "cli").mkdir(parents=True)
    for name, text in {
        "checks/runner": "from labkit.core.kube import ask\n",
        "core/kube": "def later():\n    from labkit.core import jsonfile\n",
        "core/jsonfile": "import labkit.wait.until\nimport labkit.checks.runner\n",
        "wait/until": "import json\nfrom collections import abc\n",
        "core/errors": "",
        "book/site": "from labkit.checks import runner\n",
        "broken": "def (:\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text(text)
    return folder


def names(package, source):
    seed = package.parent / "seed.py"
    seed.write_text(source)
    return [p.stem for p in closure([seed], package)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (
            "from labkit.checks import runner",
            ["runner", "jsonfile", "kube", "until"],
        ),  # in a ring
        ("from labkit import Missing, until", ["errors", "until"]),  # what a notebook imports
        ("from labkit.broken import x", ["broken"]),
        ("import os\nfrom docker import errors", []),
    ],
)
def test_what_is_found(package, source, found):
    assert names(package, source) == found


def test_a_proof_depends_on_the_judge_and_not_on_the_site():
    package = repo() / "src/labkit"
    found = {p.stem for p in closure([package / "mutation/runner.py"], package)}
    assert {"runner", "controls", "model", "lab", "engine_pool"} <= found
    assert found.isdisjoint({"site", "suites", "chapters", "record"})
