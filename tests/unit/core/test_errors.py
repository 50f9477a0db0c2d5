"""One tree of errors; each says what is wrong, what was wanted and what to do."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout

import pytest

from labkit.core import errors
from labkit.core.errors import BrokenEnvironment, Failure, LabkitError, TimedOut

TREE = {
    value
    for value in vars(errors).values()
    if isinstance(value, type) and value.__module__ == errors.__name__
}


def test_all_is_one_tree_and_the_docstring_draws_it():
    assert all(issubclass(e, LabkitError) for e in TREE)
    drawn = {}
    for line in errors.__doc__.splitlines():
        if found := re.match(r"^    ([│ ├└─]*)(\w+)", line):
            drawn[found[2]] = len(found[1]) // 4
    assert set(drawn) == {e.__name__ for e in TREE}
    for e in TREE:
        assert drawn[e.__name__] == len(e.__mro__) - len(LabkitError.__mro__)


def test_only_failures_blame_the_learner():
    assert {e.__name__ for e in TREE if issubclass(e, Failure)} == {
        "Failure",
        "Missing",
        "Mismatch",
        "TimedOut",
    }
    assert not any(issubclass(e, Failure) and issubclass(e, BrokenEnvironment) for e in TREE)


def test_a_message_has_its_parts_in_order():
    e = LabkitError("It is wrong.", wanted=3, found=0, fix="make up")
    assert str(e).splitlines() == ["It is wrong.", "  wanted: 3", "  found: 0", "  next: make up"]


def test_what_is_not_known_is_left_out():
    assert str(LabkitError("It is wrong.")) == "It is wrong."
    assert str(LabkitError("It is wrong.", found="")) == "It is wrong.\n  found: "


def test_evidence_comes_last():
    e = TimedOut("Too late.", evidence="last state: down", fix="look")
    assert str(e).splitlines() == ["Too late.", "  next: look", "last state: down"]
    assert TimedOut("Too late.").evidence == ""


@pytest.mark.parametrize("e", sorted(TREE, key=lambda e: e.__name__))
def test_an_error_survives_being_sent_to_another_process(e):
    import pickle

    again = pickle.loads(pickle.dumps(e("It is wrong.", found="x", fix="make up")))
    assert (type(again), str(again)) == (e, str(e("It is wrong.", found="x", fix="make up")))


@pytest.mark.parametrize("e", sorted(TREE, key=lambda e: e.__name__))
def test_a_notebook_shows_the_message_alone_where_it_says_all(e):
    from IPython.core.interactiveshell import InteractiveShell

    shell, said = InteractiveShell.instance(), io.StringIO()
    shell.push({"e": e("It is wrong.", wanted=3, fix="make up")})
    with redirect_stdout(said):
        shell.run_cell("raise e")
    alone = said.getvalue().strip() == f"{e.__name__}: It is wrong.\n  wanted: 3\n  next: make up"
    assert alone == issubclass(e, (BrokenEnvironment, errors.Usage))


def test_exit_codes():
    assert (LabkitError.exit_code, errors.Usage.exit_code, errors.Unsupported.exit_code) == (1, 2, 3)
