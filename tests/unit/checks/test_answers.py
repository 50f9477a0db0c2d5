"""What can be handed in, and what becomes of functions that raise, exit, loop or return odd things."""

from __future__ import annotations

import functools
import os
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from labkit import BrokenEnvironment, Mismatch, TimedOut, Usage
from labkit.checks import answers
from labkit.checks.answers import CAP, Function, hand_in, packed, unpacked
from labkit.lab.workspace import Workspace
from labkit.wait.until import until


def called(source, *arguments, name="f", **options):
    return Function(name, source, {"PATH": os.environ["PATH"]})(*arguments, **options)


VALUES = [0, -1.5, "", "ünï \U0001f433", True, None, [], {}, [1, [2, {"a": None}]], {"a": {"b": [1.0]}}]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_comes_back_as_it_was(tmp_path, value):
    workspace = Workspace.fresh("ch96_x", tmp_path)
    hand_in(SimpleNamespace(workspace=workspace), "one", value)
    assert unpacked(workspace.noted("answers")["one"], {}) == value


def looped():
    value: list = []
    value.append(value)
    return value


def deep():
    value: list = []
    for _ in range(100_000):
        value = [value]
    return value


ODD = {
    "a set": {1, 2},
    "bytes": b"x",
    "an object": object(),
    "not a number": float("nan"),
    "infinite, inside": {"a": [float("inf")]},
    "itself inside": looped(),
    "deeper than anybody reads": deep(),
    "half a character": "\ud800",
    "a key that is no text": {(1, 2): 3},
    "an endless number": 10**5000,
    "too much": "x" * CAP,
}


@pytest.mark.parametrize("word", ODD)
def test_what_cannot_be_kept_is_refused_at_once(tmp_path, word):
    workspace = Workspace.fresh("ch96_x", tmp_path)
    with pytest.raises(Usage, match="answer 'one'"):
        hand_in(SimpleNamespace(workspace=workspace), "one", ODD[word])
    assert workspace.noted("answers") == {}


@pytest.mark.parametrize("thing", [len, functools.partial(print, 1), "x".upper, int, Workspace, lambda: 1])
def test_what_can_be_called_and_is_no_def(thing):
    with pytest.raises(Usage, match="no function made by def") as e:
        packed("one", thing)
    assert e.value.wanted == "a def in a cell"


@pytest.mark.parametrize("file", ["<nowhere>", "<string>"])
def test_a_function_without_a_source(file):
    """Since Python 3.13 "<string>" has one, the text of the `python -c` that runs, and not the function's."""
    space = {}
    exec(compile("def f():\n    return 1", file, "exec"), space)
    with pytest.raises(Usage, match="source"):
        packed("one", space["f"])


def test_a_function_with_too_long_a_source(monkeypatch):
    monkeypatch.setattr(answers.inspect, "getsource", lambda f: "def f():\n    pass\n" + "#" * CAP)
    with pytest.raises(Usage, match="too large"):
        packed("one", looped)


def test_a_nested_function_is_called_elsewhere():
    def double(n):
        def twice(n):
            import math

            return math.prod((n, 2))

        print("this is not the answer: {")
        return {"n": twice(n), "pid": __import__("os").getpid()}

    found = unpacked(packed("one", double), {"PATH": os.environ["PATH"]})(21)
    assert found["n"] == 42
    assert found["pid"] != os.getpid()


RAISES = {
    "def f():\n    return 1 / 0": "ZeroDivisionError: division by zero (line 2: return 1 / 0)",
    "def f():\n    raise KeyError('Volumes')": "KeyError: 'Volumes' (line 2: raise KeyError('Volumes'))",
    "def f():\n    exit(0)": "SystemExit: 0 (line 2: exit(0))",
    "def f():\n    import sys; sys.exit('bye')": "SystemExit: bye (line 2: import sys; sys.exit('bye'))",
    "def f():\n    raise KeyboardInterrupt": "KeyboardInterrupt (line 2: raise KeyboardInterrupt)",
    "def f(client):\n    return 1": "TypeError: f() missing 1 required positional argument: 'client'",
    "def f():\n    return f()": "RecursionError: maximum recursion depth exceeded (line 2: return f())",
    "def f(:\n    pass": "SyntaxError: invalid syntax",
    "def g():\n    return 1": "KeyError: 'f'",
    "def f():\n    return volumes['a']": "NameError: name 'volumes' is not defined (line 2: return volumes",
    "def f():\n    n += 1": "UnboundLocalError: cannot access local variable 'n'",
}


@pytest.mark.parametrize("source", RAISES)
def test_a_function_that_raises_is_told_where(source):
    with pytest.raises(Mismatch, match="f raised an error") as e:
        called(source)
    assert RAISES[source] in e.value.found
    assert bool(e.value.hint) == RAISES[source].startswith("NameError")


def test_what_it_needs_must_stand_inside():
    with pytest.raises(Mismatch) as e:
        called("@decorated\ndef f():\n    return json.loads('{}')")
    assert "imports too, must stand inside" in e.value.hint


UNKEPT = ["float('nan')", "[float('-inf')]", "{1, 2}", "object()", "(i for i in [])", "f", "{(1, 2): 3}"]


@pytest.mark.parametrize("value", UNKEPT)
def test_a_function_that_returns_no_plain_value(value):
    with pytest.raises(Mismatch, match="f returned no plain value") as e:
        called(f"def f():\n    return {value}")
    assert "numbers" in e.value.wanted
    assert e.value.found


def test_a_function_that_is_a_coroutine():
    with pytest.raises(Mismatch, match="no plain value"):
        called("async def f():\n    return 1")


@pytest.mark.parametrize("way", ["os._exit(0)", "os._exit(3)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_a_function_that_ends_its_process(way):
    with pytest.raises(Mismatch, match="ended its own process"):
        called(f"def f():\n    import os\n    {way}")


def test_a_function_that_never_returns_goes_with_what_it_started(tmp_path):
    source = (
        "def f(path):\n    import pathlib, subprocess\n    p = subprocess.Popen(['sleep', '1000'])\n"
        "    pathlib.Path(path).write_text(str(p.pid))\n    while True:\n        pass"
    )
    started = time.monotonic()
    with pytest.raises(TimedOut, match=r"f did not return within 5 s"):  # an interpreter starts in it
        called(source, str(tmp_path / "pid"), timeout=5)
    assert time.monotonic() - started < 8
    state = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    # killed; the kernel takes a moment to end it
    until(lambda: not state.exists() or state.read_text().split()[2] == "Z", timeout=5, ignore=(OSError,))


def test_a_function_that_prints_without_end():
    source = (
        "def f():\n    import sys\n    while True:\n"
        "        print('x' * 10**6); print('y' * 10**6, file=sys.stderr)"
    )
    with pytest.raises(TimedOut):
        called(source, timeout=1.5)
    import resource

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1_500_000  # KiB: nothing of it was kept


def test_a_function_that_prints_garbage_in_place_of_the_protocol():
    source = "def f():\n    import os\n    os.write(1, b'\\xff[9]'); os.write(2, b'\\x00')\n    return 'mine'"
    assert called(source) == "mine"


@pytest.mark.parametrize("size", [CAP, 30_000_000])
def test_a_function_that_returns_too_much(size):
    with pytest.raises(Mismatch, match="returned too much"):
        called(f"def f():\n    return 'x' * {size}")


def test_a_function_that_wants_all_memory():
    with pytest.raises(Mismatch) as e:
        called("def f():\n    return len(bytearray(40 * 2**30))")
    assert "MemoryError" in e.value.found


WRITTEN = ["", "{", "[]", '["value"]', '["raised", 5]', '["lab", "x"]', "3", '"ab"', "\xff"]


@pytest.mark.parametrize("content", WRITTEN)
def test_a_function_that_writes_its_own_report(content):
    source = (
        "def f():\n    import os\n    with open('answer.json', 'w') as out:\n"
        f"        out.write({content!r})\n    os._exit(0)"
    )
    with pytest.raises(Mismatch, match="ended its own process"):
        called(source)


def test_a_python_that_does_not_start_is_nobodys_mistake(monkeypatch):
    monkeypatch.setattr(answers.sys, "executable", "/bin/false")
    with pytest.raises(BrokenEnvironment, match="could not be called"):
        called("def f():\n    return 1")


def test_a_python_that_has_ended_before_it_is_asked_is_nobodys_mistake(monkeypatch):
    class Ended(subprocess.Popen):
        def __init__(self, *a, **k):
            super().__init__(*a, **k)
            self.wait()

    monkeypatch.setattr(answers.subprocess, "Popen", Ended)
    monkeypatch.setattr(answers.sys, "executable", "/bin/false")
    with pytest.raises(BrokenEnvironment, match="could not be called") as e:
        called("def f():\n    return 1")
    assert e.value.found == "exit status 1"


def test_a_client_without_an_engine_is_nobodys_mistake(tmp_path):
    env = {"PATH": os.environ["PATH"], "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    with pytest.raises(BrokenEnvironment, match="could not be called"):
        Function("f", "def f(client):\n    return 1", env)(answers.DOCKER)


def test_a_python_that_does_not_get_ready_is_nobodys_mistake(monkeypatch):
    monkeypatch.setattr(answers, "LOAD_SECONDS", 0.2)
    monkeypatch.setattr(answers, "RUNNER", "import time; time.sleep(60)")
    with pytest.raises(BrokenEnvironment, match="could not be called") as e:
        called("def f():\n    return 1")
    assert e.value.found == "no word of it in 0.2 s"


def test_one_that_is_at_hand_is_called_when_it_is_asked_for():
    function = Function(
        "f", "def f():\n    import time\n    return time.time()", {"PATH": os.environ["PATH"]}
    )
    with function.at_hand() as call:
        asked = time.time()
        assert asked <= call(10) <= time.time()


def test_one_that_is_at_hand_and_never_called_is_ended(monkeypatch):
    started = []

    class Noted(subprocess.Popen):
        def __init__(self, *a, **k):
            super().__init__(*a, **k)
            started.append(self)

    monkeypatch.setattr(answers.subprocess, "Popen", Noted)
    with Function("f", "def f():\n    return 1", {}).at_hand():
        pass
    assert started[0].returncode == -9


def test_it_sees_only_the_variables_that_it_is_given(monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    assert called("def f():\n    import os\n    return os.environ.get('SECRET')") is None


def test_an_interrupt_ends_it(monkeypatch):
    """As when the kernel is interrupted while a function loops."""
    running = []

    class Interrupted(subprocess.Popen):
        def wait(self, timeout=None):
            if timeout == 20:
                running.append(self)
                raise KeyboardInterrupt
            return super().wait(timeout)

    monkeypatch.setattr(answers.subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        called("def f():\n    while True: pass")
    assert running[0].returncode == -9
