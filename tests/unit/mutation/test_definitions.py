"""Which definitions some code uses: what is taken in, what is left out, and what changes nothing."""

from __future__ import annotations

import ast

import pytest

from labkit.mutation.definitions import Course, normalised, used

LIBRARY = {
    "labkit/__init__": "",
    "labkit/core/__init__": "",
    "labkit/core/errors": "class Missing(Exception):\n    def __str__(self):\n        return words()\n"
    "def words():\n    return 'missing'\n",
    "labkit/core/kube": "import yaml\nfrom labkit.core import errors\n"
    "LIMIT = 5\ndef ask(n=LIMIT):\n    raise errors.Missing\ndef other():\n    return yaml.load\n",
    "labkit/lab/__init__": "",
    "labkit/lab/lab": "from __future__ import annotations\nfrom labkit.core.kube import ask\n"
    "from labkit.lab import reset\n"
    "class Lab:\n    def __init__(self):\n        self.ask = ask\n"
    "    def close(self):\n        reset.reset()\n    def apply(self, ask):\n        return ask\n",
    "labkit/lab/reset": "def reset():\n    return removed()\ndef removed(): ...\ndef unused(): ...\n",
    "labkit/lab/hooks": "from labkit.lab.reset import unused\nHOOKS = []\nHOOKS.append(unused)\n",
    "labkit/wait/__init__": "",
    "labkit/wait/loop": "import threading\nclass Watcher(threading.Thread):\n    def run(self):\n"
    "        return deep()\n"
    "def deep(): ...\n",
}


@pytest.fixture
def course(tmp_path):
    """A course of a few small modules; returns what a piece of code uses of them."""
    for name, text in LIBRARY.items():
        path = tmp_path / "src" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "checks").mkdir()

    def uses(source):
        (tmp_path / "checks/seed.py").write_text(source)
        code = Course(tmp_path)
        names = ["", *code.module("checks.seed").definitions]
        result = used(code, [("checks.seed", name) for name in names])
        names = {name.removeprefix("labkit.") for name, _ in result.code if not name.startswith("checks.")}
        return names, result

    return uses


USES = {
    "a function, what it calls and its defaults": (
        "from labkit.core.kube import ask\ndef f():\n    return ask()",
        {"core.kube:ask", "core.kube:LIMIT", "core.errors:Missing", "core.errors:Missing.__str__"}
        | {"core.errors:words"},
    ),
    "a function of a module": ("from labkit.lab import reset\nreset.removed()", {"lab.reset:removed"}),
    "by the module's whole name": (
        "import labkit.lab.reset\nlabkit.lab.reset.removed()",
        {"lab.reset:removed"},
    ),
    "imported where it is called": (
        "def f():\n    from labkit.lab.reset import removed\n    removed()",
        {"lab.reset:removed"},
    ),
    "a module as a value counts whole": (
        "from labkit.lab import reset\nf = vars(reset)",
        {"lab.reset:reset", "lab.reset:removed", "lab.reset:unused"},
    ),
    "a star": ("from labkit.lab.reset import *\nf = removed", {"lab.reset:removed"}),
    "a module named by a text counts whole": (
        'import sys\nrun([sys.executable, "-m", "labkit.lab.reset"])',
        {"lab.reset:reset", "lab.reset:removed", "lab.reset:unused"},
    ),
    "an import alone uses nothing": ("from labkit.lab import reset", set()),
    "what acts on import": (
        "import labkit.lab.hooks",
        {"lab.hooks:on import", "lab.hooks:HOOKS", "lab.reset:unused"},
    ),
    "a parameter of the same name is another thing": (
        "from labkit.lab.reset import removed\ndef f(removed):\n    return removed",
        set(),
    ),
    "a name only in an annotation": (
        "from labkit.lab.reset import removed\n"
        "def f(x: removed) -> removed:\n    y: removed = x\n    return y",
        set(),
    ),
    "methods that a library calls": (
        "from labkit.wait.loop import Watcher\nw = Watcher()",
        {"wait.loop:Watcher", "wait.loop:Watcher.run", "wait.loop:deep"},
    ),
}


@pytest.mark.parametrize("case", USES)
def test_what_is_used(course, case):
    source, wanted = USES[case]
    assert course(source)[0] == wanted


def test_a_method_counts_when_its_name_is_read(course):
    start = "from labkit.lab.lab import Lab\nlab = Lab()\n"
    names = course(start)[0]
    assert {"lab.lab:Lab", "lab.lab:Lab.__init__", "core.kube:ask"} <= names
    assert not {"lab.lab:Lab.close", "lab.reset:reset", "lab.lab:Lab.apply"} & names
    for use in ("lab.close()", "getattr(lab, 'close')"):
        names = course(start + use)[0]
        assert {"lab.lab:Lab.close", "lab.reset:reset", "lab.reset:removed"} <= names
        assert "lab.lab:Lab.apply" not in names


def test_other_packages_are_named(course):
    assert course("from labkit.core.kube import other\nother()")[1].libraries == {"yaml"}
    assert course("from labkit.core.kube import ask\nask()")[1].libraries == set()
    assert course("import docker\nfrom kubernetes import client\nx = docker.y(client)")[1].libraries == {
        "docker",
        "kubernetes",
    }


def form(source):
    return [normalised(s) for s in ast.parse(source).body]


SAME = [
    ("x = 1  # why", "x=(1)"),
    ('def f(a):\n    """What."""\n    return a', "def f(a):\n    return a"),
    ('class A:\n    """What."""\n    x = 1\n    """What x is."""', "class A:\n    x = 1"),
    ("def f(a, b):\n    return a", "def f(\n    a,\n    b,\n):\n\n    return a"),
    (
        "def f(a: int, *b: str) -> int:\n    c: int = a\n    return c",
        "def f(a, *b):\n    c: str = a\n    return c",
    ),
    ("class A:\n    x: int = 1", "class A:\n    x: str = 1"),
    ("s = 'a' 'b'", 's = "ab"'),
    ("s = f'a{x}' 'b' f'{y}c'", "s = f'a{x}b{y}c'"),
    ("s = u'a'", "s = 'a'"),
]
DIFFERENT = [
    ("x = 1", "x = 2"),
    ("x = 1", "x = 1.0"),
    ("x = 1", "x = True"),
    ("x = '1'", "x = 1"),
    ("x = 'a'", "x = b'a'"),
    ("def f(a): ...", "def f(a=None): ..."),
    ("def f(a, b): ...", "def f(b, a): ..."),
    ("def f(a, /): ...", "def f(a): ..."),
    ("x = [1, None]", "x = [1]"),
    ("x = {**a}", "x = {None: a}"),
    ("x = f'{a}'", "x = f'{a!r}'"),
    ("x = f'{a:>3}'", "x = f'{a:>4}'"),
    ("x < 1", "x <= 1"),
    ("class A(Base):\n    x: int", "class A(Base):\n    x: str"),
    ("class A:\n    x: ClassVar[int] = 1", "class A:\n    x: int = 1"),
    ("return_ = a and b", "return_ = a or b"),
    ("@cache\ndef f(): ...", "def f(): ..."),
    ("from a import b", "from a import c as b"),
    ("from . import b", "from .. import b"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_is_the_same_code(one, other):
    assert form(one) == form(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_is_other_code(one, other):
    assert form(one) != form(other)
