"""What a test of graders or of a proof depends on: what makes it due, and what does not."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labkit.book import notebooks
from labkit.core.paths import repo
from labkit.mutation import inputs
from labkit.mutation.claims import Plant
from labkit.mutation.inputs import Inputs, changed, digest, images_in

STEM = "ch96_x"
PLANT = Plant("C96.1", "two in place of one", "n = 1", "n = 1", "n = 2")

FILES = {
    "src/labkit/__init__.py": "",
    "src/labkit/lab/__init__.py": "",
    "src/labkit/lab/lab.py": "import yaml\nfrom labkit.core import limits\n\nclass Lab:\n"
    "    def close(self):\n"
    '        """Closes it."""\n        return yaml.load(limits.SECONDS)\n',
    "src/labkit/core/__init__.py": "",
    "src/labkit/core/limits.py": "SECONDS = 30\nUNUSED = 1\n",
    "src/labkit/mutation/__init__.py": "",
    "src/labkit/mutation/runner.py": "def mutate_stem(stem):\n    return stem\n",
    "src/labkit/mutation/claims.py": "def verdict_turns(stem):\n    return stem\n",
    "src/labkit/book/__init__.py": "",
    "src/labkit/book/notebooks.py": "def execute(path):\n    return path\n",
    f"checks/{STEM}.py": "from labkit.checks import check\nfrom labkit.lab.lab import Lab\n"
    'IMAGES = ("web:1.0",)\nLIMIT = 3\n\ndef helper():\n    return LIMIT\n\n'
    '@check(task="do", points=1)\ndef one(lab):\n    """One"""\n    Lab().close()\n    return helper()\n',
    f"tests/graders/{STEM}.py": "from labkit.checks import wrong\nWORD = 'no'\n\n"
    '@wrong("one", "so")\ndef so(lab):\n    return WORD\n',
    f"tests/graders/{STEM}/messages.json": '{"one: so": {"message": "No."}}',
    f"k8s/{STEM}/web.yaml": "kind: Deployment\nspec:\n  replicas: 2  # two\n",
    "images/web/Dockerfile": "# the web\nFROM python:3.13\nCOPY web.py /\n",
    "images/web/web.py": "# serves\nPORT = 8080\n",
    "images/python/Dockerfile": "FROM base:trixie\n",
    "images/base/Dockerfile": "FROM debian:trixie-slim\n",
    "images/redis/Dockerfile": "FROM base:trixie\n",
    "requirements.txt": "pyyaml==6.0 \\\n    --hash=sha256:aa\nclick==8.1 \\\n    --hash=sha256:bb\n",
}


def notebook(
    proof="prove('C96.1')", first="from labkit.lab.lab import Lab\nlab = Lab()\nn = 1", words="Words."
):
    return new_notebook(
        cells=[
            new_markdown_cell(words),
            new_code_cell(first),
            new_code_cell(proof, metadata={"tags": ["claim:C96.1"]}),
            new_code_cell("lab.close()"),
        ]
    )


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A course of one chapter with its exercise."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for kind in ("chapters", "solutions"):
        (tmp_path / kind).mkdir()
        notebooks.write(notebook(), notebooks.path(STEM, kind, tmp_path))
    monkeypatch.setattr(inputs, "claims", lambda: {"C96.1": SimpleNamespace(verdict="holds")})
    return tmp_path


def everything(root):
    """The inputs of all three kinds of run."""
    course = Inputs(root)
    return [course.of_graders(STEM), course.of_plant(STEM, PLANT), course.of_chapter(STEM)]


def due_after(root, name, before, after):
    """Which of graders, plant and chapter a change of a file makes due."""
    first = [digest(parts) for parts in everything(root)]
    path = root / name
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    second = [digest(parts) for parts in everything(root)]
    return [k for k, a, b in zip(("graders", "plant", "chapter"), first, second, strict=True) if a != b]


ALL = ["graders", "chapter"]
"""Who uses `Lab.close`: the proof stands before the cell that closes."""

CHANGES = {
    "a comment": ("src/labkit/lab/lab.py", "import yaml", "import yaml  # for data", []),
    "a docstring": ("src/labkit/lab/lab.py", '"""Closes it."""', '"""Closes all of it."""', []),
    "layout": ("src/labkit/core/limits.py", "SECONDS = 30", "SECONDS = (\n    30\n)", []),
    "an unused constant": ("src/labkit/core/limits.py", "UNUSED = 1", "UNUSED = 2", []),
    "an unused function": (
        "src/labkit/mutation/runner.py",
        "def mutate",
        "def unused(): ...\ndef mutate",
        [],
    ),
    "a bound two modules away": ("src/labkit/core/limits.py", "SECONDS = 30", "SECONDS = 31", ALL),
    "what is done": ("src/labkit/lab/lab.py", "yaml.load(", "yaml.dump(", ALL),
    "who tries answers": ("src/labkit/mutation/runner.py", "return stem", "return None", ["graders"]),
    "who runs plants": ("src/labkit/mutation/claims.py", "return stem", "return None", ["plant"]),
    "a check": (f"checks/{STEM}.py", "return helper()", "return helper() + 1", ["graders"]),
    "a check's bound": (f"checks/{STEM}.py", "LIMIT = 3", "LIMIT = 4", ["graders"]),
    "a check's points": (f"checks/{STEM}.py", "points=1", "points=2", ["graders"]),
    "a check's title": (f"checks/{STEM}.py", '"""One"""', '"""Another"""', ["graders"]),
    "a comment on a check": (f"checks/{STEM}.py", "LIMIT = 3", "LIMIT = 3  # as told", []),
    "an unused helper of checks": (f"checks/{STEM}.py", "def helper", "def other(): ...\n\ndef helper", []),
    "the images of an exercise": (f"checks/{STEM}.py", '"web:1.0",', '"redis:8",', ["graders"]),
    "an answer": (f"tests/graders/{STEM}.py", "return WORD", "return WORD * 2", ["graders"]),
    "what an answer uses": (f"tests/graders/{STEM}.py", "'no'", "'yes'", ["graders"]),
    "an answer's name": (f"tests/graders/{STEM}.py", '"so"', '"so it is"', ["graders"]),
    "the snapshot": (f"tests/graders/{STEM}/messages.json", "No.", "Never.", ["graders"]),
    "the snapshot's layout": (f"tests/graders/{STEM}/messages.json", '{"one', '{\n "one', []),
    "a manifest": (f"k8s/{STEM}/web.yaml", "replicas: 2", "replicas: 3", ["graders", "plant", "chapter"]),
    "a comment in a manifest": (f"k8s/{STEM}/web.yaml", "# two", "# a pair", []),
    "an image's recipe": ("images/web/Dockerfile", "COPY web.py /", "COPY web.py /srv", ["graders"]),
    "a comment in it": ("images/web/Dockerfile", "# the web", "# the web server", []),
    "an image's file": ("images/web/web.py", "8080", "8081", ["graders"]),
    "a comment in that": ("images/web/web.py", "# serves", "# answers", []),
    "a parent's recipe": ("images/base/Dockerfile", "slim", "slim@sha256:0", ["graders"]),
    "another image": ("images/redis/Dockerfile", "base:trixie", "base:sid", []),
    "a library": ("requirements.txt", "pyyaml==6.0", "pyyaml==6.1", ALL),
    "a library's hash": ("requirements.txt", "sha256:aa", "sha256:cc", []),
    "another library": ("requirements.txt", "click==8.1", "click==8.2", []),
}


@pytest.mark.parametrize("case", CHANGES)
def test_what_a_change_makes_due(root, case):
    name, before, after, due = CHANGES[case]
    assert due_after(root, name, before, after) == due


CELLS = {
    "text": ({"words": "Other words."}, []),
    "a comment in a cell": ({"first": "from labkit.lab.lab import Lab  # it\nlab = Lab()\nn = 1"}, []),
    "a cell": ({"first": "from labkit.lab.lab import Lab\nlab = Lab()\nn = 2"}, ["plant", "chapter"]),
    "the proof": ({"proof": "prove('C96.1', 1)"}, ["plant", "chapter"]),
    "a use": ({"first": "from labkit.core.limits import UNUSED\nn = UNUSED"}, ["plant", "chapter"]),
}


@pytest.mark.parametrize("case", CELLS)
def test_what_a_changed_notebook_makes_due(root, case):
    change, due = CELLS[case]
    first = [digest(parts) for parts in everything(root)]
    notebooks.write(notebook(**change), notebooks.path(STEM, "chapters", root))
    second = [digest(parts) for parts in everything(root)]
    pairs = zip(("graders", "plant", "chapter"), first, second, strict=True)
    assert [kind for kind, a, b in pairs if a != b] == due


def test_outputs_count_nothing_and_tags_do(root):
    path = notebooks.path(STEM, "chapters", root)
    first = Inputs(root).of_chapter(STEM)
    text = json.loads(path.read_text())
    text["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}]
    text["cells"][1]["execution_count"] = 7
    path.write_text(json.dumps(text))
    assert changed(first, Inputs(root).of_chapter(STEM)) == []
    text["cells"][1]["metadata"]["tags"] = ["raises-exception"]
    path.write_text(json.dumps(text))
    assert changed(first, Inputs(root).of_chapter(STEM)) == [f"notebook chapters/{STEM}"]


def test_a_plant_depends_on_its_change_and_on_the_verdict(root, monkeypatch):
    first = Inputs(root).of_plant(STEM, PLANT)
    other = Plant("C96.1", "other words", "n = 1", "n = 1", "n = 2")
    assert changed(first, Inputs(root).of_plant(STEM, other)) == []
    other = Plant("C96.1", "two in place of one", "n = 1", "n = 1", "n = 3")
    assert changed(first, Inputs(root).of_plant(STEM, other)) == ["plant"]
    monkeypatch.setattr(inputs, "claims", lambda: {"C96.1": SimpleNamespace(verdict="wrong as stated")})
    assert changed(first, Inputs(root).of_plant(STEM, PLANT)) == ["verdict"]


def test_a_folder_of_checks_and_answers_counts_as_a_file_does(root):
    for folder, stem_file in (("checks", f"checks/{STEM}.py"), ("tests/graders", f"tests/graders/{STEM}.py")):
        package = root / folder / STEM
        package.mkdir(exist_ok=True)
        shutil.move(root / stem_file, package / "do.py")
        (package / "__init__.py").write_text("from .do import *\n")
        (package / "repair.py").write_text(
            "from .do import WORD\n" if "graders" in folder else "IMAGES = ()\n"
        )
    names = Inputs(root).of_graders(STEM)
    for name in (f"code checks.{STEM}.do:one", f"code checks.{STEM}.do:helper"):
        assert name in names
    assert f"code graders.{STEM}.do:so" in names
    assert "image web:1.0" in names
    assert due_after(root, f"checks/{STEM}/do.py", "LIMIT = 3", "LIMIT = 4") == ["graders"]
    assert due_after(root, f"checks/{STEM}/do.py", "LIMIT = 4", "LIMIT = 4  # four") == []


def test_code_that_cannot_be_read_counts_as_it_is(root):
    first = Inputs(root).of_chapter(STEM)
    notebooks.write(notebook(first="def ("), notebooks.path(STEM, "chapters", root))
    second = Inputs(root).of_chapter(STEM)
    assert f"notebook chapters/{STEM}" in changed(first, second)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("web:1.0", {"web:1.0"}),
        ("localhost:5001/web:2.0", {"web:2.0"}),
        ("localhost:5001/web", {"web:1.0", "web:2.0"}),
        ("/web:", {"web:1.0", "web:2.0"}),
        ("/engine:26.1", {"engine:26.1"}),
        ("image: localhost:5001/nginx:1.26\n", {"nginx:1.26"}),
        ("deployment/web", set()),
        ("web", set()),
        ("myweb:1.0", set()),
        ("web:1.0.1", set()),
        ("the engine", set()),
    ],
)
def test_images_that_a_text_names(text, names):
    assert images_in([text]) == names


def test_the_digest_is_the_same_in_another_process():
    """Neither the order of sets nor what was read before may change it."""
    import subprocess
    import sys

    stem = notebooks.stems("solutions")[0]
    program = f"from labkit.mutation.inputs import *; print(digest(Inputs().of_graders({stem!r})))"
    options = {"cwd": repo(), "capture_output": True, "text": True, "check": True}
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(repo() / "src")},
            **options,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {digest(Inputs().of_graders(stem))}


def test_no_stem_depends_on_all_and_none_on_pages():
    course = Inputs()
    for stem in notebooks.stems("solutions"):
        names = {
            name.partition(":")[0] for name in course.of_graders(stem) if name.startswith("code labkit.")
        }
        assert {"code labkit.mutation.runner", "code labkit.checks.model", "code labkit.lab.lab"} <= names
        assert not any(
            n.startswith(("code labkit.cli", "code labkit.devtools", "code labkit.lint")) for n in names
        )
        assert "code labkit.book.site" not in names
