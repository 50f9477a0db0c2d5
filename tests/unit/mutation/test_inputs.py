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
        "judge": "from labkit.kube import ask\n",
        "kube": "def later():\n    from labkit import kept\n",
        "kept": "import labkit.retry\nimport labkit.judge\n",
        "retry": "import json\nfrom collections import abc\n",
        "errors": "",
        "site": "from labkit import judge\n",
        "broken": "def (:\n",
    }.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def names(package, source):
    seed = package.parent / "seed.py"
    seed.write_text(source)
    return [p.stem for p in closure([seed], package)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from labkit import judge", ["judge", "kept", "kube", "retry"]),  # in a ring, and within a function
        ("from labkit import Missing, until", ["errors", "retry"]),  # what a notebook imports
        ("from labkit.broken import x", ["broken"]),
        ("import os\nfrom docker import errors", []),
    ],
)
def test_what_is_found(package, source, found):
    assert names(package, source) == found


def test_a_proof_depends_on_the_judge_and_not_on_the_site():
    package = repo() / "src/labkit"
    found = {p.stem for p in closure([package / "prover.py"], package)}
    assert {"judge", "controls", "checks", "lab", "pool"} <= found
    assert found.isdisjoint({"site", "suites", "house", "proving"})
