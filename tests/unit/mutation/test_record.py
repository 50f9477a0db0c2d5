"""`labkit prove`: what makes it fail, what it keeps, and when a proof is stale; answers are made up."""

from __future__ import annotations

import pytest
from proofs import ACCEPTED, KILLED, SUITE, tried

from labkit.book import notebooks
from labkit.checks.result import ERROR, FAIL, PASS, SKIP
from labkit.core.errors import CommandFailed
from labkit.mutation import record as proving
from labkit.mutation import runner
from labkit.mutation.record import complaints, digest, due, prove, record, record_file, stale
from labkit.mutation.runner import Outcome

STEMS = ["ch96_x", "ch97_y"]


def outcome(*extra, controls=None, faults=(), stem="ch96_x"):
    held = {"nothing done: 0 points": None, "solution: all points": None}
    return Outcome(
        stem, [KILLED, ACCEPTED, *extra], held if controls is None else controls, list(faults), 1.6
    )


@pytest.fixture(autouse=True)
def root(monkeypatch, tmp_path):
    """A course of two exercises, and a commit."""
    for folder in ("checks", "solutions", "tests/graders", "src/labkit", "images/web", "k8s/ch96_x"):
        (tmp_path / folder).mkdir(parents=True)
    for stem in STEMS:
        for name in (f"checks/{stem}/do.py", f"solutions/{stem}.ipynb", f"tests/graders/{stem}/do.py"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(f"# {name}\n")
    for folder in ("mutation", "checks", "book"):
        (tmp_path / "src/labkit" / folder).mkdir()
    (tmp_path / "src/labkit/mutation/runner.py").write_text("from labkit.checks import runner\n")
    (tmp_path / "src/labkit/checks/runner.py").write_text("# the judge\n")
    (tmp_path / "src/labkit/book/site.py").write_text("# builds pages\n")
    for module in (proving, runner, notebooks):
        monkeypatch.setattr(module, "repo", lambda: tmp_path)
    monkeypatch.setattr(proving, "run", lambda command: "abc123\n")
    monkeypatch.setattr(proving, "load", lambda stem: SUITE)
    return tmp_path


@pytest.fixture
def outcomes(monkeypatch):
    """What proving a stem comes to, by stem; those that were asked for are noted."""
    known, asked = {}, []

    def prove_stem(stem, update, say):
        asked.append(stem)
        say("a line for each answer")
        return known.get(stem) or outcome(stem=stem)

    monkeypatch.setattr(proving, "prove_stem", prove_stem)
    monkeypatch.setattr(notebooks, "stem_of", lambda word: next(s for s in STEMS if s.startswith(word)))
    return known, asked


def status(*named, everything=False):
    return prove(named, everything, update=False, quiet=True)


# --- exit status

UNPROVEN = {
    "a wrong answer was accepted": outcome(tried("forgets the volumes", PASS)),
    "a wrong answer was not looked at": outcome(tried("forgets the volumes", SKIP)),
    "a wrong answer could not be judged": outcome(tried("forgets the volumes", ERROR)),
    "a right answer was rejected": outcome(tried("by a manifest", FAIL, is_right=True)),
    "a right answer could not be judged": outcome(tried("by a manifest", ERROR, is_right=True)),
    "a control failed": outcome(controls={"nothing done: 0 points": "one: pass"}),
    "there was no control": outcome(controls={}),
    "two are told the same": outcome(faults=["“a” and “b” are told the same: x"]),
    "nothing was tried": Outcome("ch96_x", [], {"nothing done: 0 points": None}),
}


@pytest.mark.parametrize("word", UNPROVEN)
def test_it_fails_when(outcomes, word):
    outcomes[0]["ch96_x"] = UNPROVEN[word]
    assert status("ch96") == 1
    assert record() == {}


def test_it_passes_when_nothing_is_wrong(outcomes, capsys):
    assert status("ch96") == 0
    assert "2 answers tried · 1 passed, 0 failed" in capsys.readouterr().out


def test_nothing_found_is_status_5(outcomes, root):
    for stem in STEMS:
        (root / f"solutions/{stem}.ipynb").unlink()
    assert status() == 5
    assert outcomes[1] == []


def test_one_failure_among_several_is_a_failure(outcomes):
    outcomes[0]["ch97_y"] = UNPROVEN["a control failed"]
    assert status() == 1
    assert list(record()) == ["ch96_x"]


def test_complaints_name_what_is_wrong(outcomes, capsys):
    assert complaints(outcome()) == []
    outcomes[0]["ch96_x"] = outcome(
        tried("forgets [the] volumes", PASS), tried("by a manifest", FAIL, True), tried("skips", SKIP),
        tried("breaks", ERROR), controls={"engine killed: error": "one: fail x"}, faults=["told the same"],
    )  # fmt: skip
    assert status("ch96") == 1
    said = capsys.readouterr().out
    for line in (
        "ACCEPTED, though wrong: one: forgets [the] volumes",
        "REJECTED, though right: one: by a manifest",
        "NOT LOOKED AT, though wrong: one: skips",
        "COULD NOT BE JUDGED, though wrong: one: breaks",
        "CONTROL: engine killed: error: one: fail x",
        "ANSWERS: told the same",
    ):
        assert line in said


# --- the record


def test_what_is_kept_of_a_proof(outcomes):
    status("ch96")
    kept = record()["ch96_x"]
    assert (kept["commit"], kept["inputs"], kept["seconds"]) == ("abc123", digest("ch96_x"), 2)
    assert kept["controls"] == {"nothing done: 0 points": True, "solution: all points": True}
    do = kept["tasks"][0]
    assert (do["wrong"], do["killed"], do["right"], do["accepted"]) == (1, 1, 1, 1)
    assert (do["task"], do["points"], do["checks"]) == ("do", 1, ["One"])


FILES = [
    "checks/ch96_x/do.py",
    "solutions/ch96_x.ipynb",
    "tests/graders/ch96_x/do.py",
    "tests/graders/ch96_x/messages.json",
    "k8s/ch96_x/web.yaml",
]
SHARED = ["src/labkit/checks/runner.py", "images/web/Dockerfile", "requirements.txt"]
OTHERS = [
    "checks/ch97_y/do.py",
    "k8s/ch97.yaml",
    "README.md",
    "src/labkit/book/site.py",
    "src/labkit/checks/runner.pyc",
    "images/__pycache__/a.py",
]


@pytest.mark.parametrize("name", [*FILES, *SHARED, *OTHERS])
def test_what_makes_a_proof_stale(outcomes, root, name):
    status()
    assert stale() == []
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed\n")
    assert ("ch96_x" in stale()) == (name in FILES)
    assert (record()["ch96_x"]["inputs"] != digest("ch96_x")) == (name not in OTHERS)
    if name not in OTHERS:
        assert "ch96_x" in due(record(), "abc123")


def test_a_name_and_a_content_cannot_change_places(root):
    before = digest("ch96_x")
    (root / "checks/ch96_x/do.py").write_text("")
    (root / "solutions/ch96_x.ipynb").write_text("# checks/ch96_x/do.py\n# solutions/ch96_x.ipynb\n")
    assert digest("ch96_x") != before


def test_without_a_name_what_is_stale_and_a_sixth_of_the_rest(outcomes, monkeypatch):
    status()
    assert outcomes[1] == STEMS  # nothing was proven
    outcomes[1].clear()
    status()
    assert len(outcomes[1]) == 1
    drawn = {due(record(), str(i))[0] for i in range(20)}
    assert drawn == set(STEMS)  # another commit draws another one
    many = {f"ch{i}_z": {"inputs": "same"} for i in range(10, 27)}
    monkeypatch.setattr(proving, "stems", lambda: list(many))
    monkeypatch.setattr(proving, "digest", lambda stem: "same")
    assert len(due(many, "abc")) == 3


def test_all_goes_on_where_it_was_cut(outcomes, root):
    status("ch96")
    outcomes[1].clear()
    assert status(everything=True) == 0
    assert outcomes[1] == ["ch97_y"]
    outcomes[1].clear()
    assert status(everything=True) == 0
    assert outcomes[1] == []


def test_a_proof_that_fails_now_is_no_longer_on_record(outcomes):
    status("ch96")
    outcomes[0]["ch96_x"] = UNPROVEN["a wrong answer was accepted"]
    assert status("ch96") == 1
    assert record() == {}


def test_what_was_edited_while_it_was_proven_is_not_proven(outcomes, root, monkeypatch):
    def prove_stem(stem, update, say):
        (root / "checks/ch96_x/do.py").write_text("edited\n")
        return outcome()

    monkeypatch.setattr(proving, "prove_stem", prove_stem)
    status("ch96")
    assert record() == {}


def test_two_runs_at_once_keep_what_both_have_proven(outcomes, monkeypatch):
    def prove_stem(stem, update, say):
        if stem == "ch96_x":
            proving.write("ch97_y", {"tasks": [], "controls": {}})  # by another run, meanwhile
        return outcome(stem=stem)

    monkeypatch.setattr(proving, "prove_stem", prove_stem)
    status("ch96")
    assert list(record()) == STEMS


def test_an_exercise_that_is_gone_goes_from_the_record(outcomes, root):
    status()
    (root / "solutions/ch97_y.ipynb").unlink()
    status("ch96")
    assert list(record()) == ["ch96_x"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"ch96_x": 5}', "\x00"])
def test_a_damaged_record_proves_nothing(outcomes, content):
    record_file().write_text(content)
    assert record() == {}
    assert status() == 0
    assert list(record()) == STEMS


def test_without_a_commit_it_still_proves(outcomes, monkeypatch):
    def no_git(command):
        raise CommandFailed("not a git repository")

    monkeypatch.setattr(proving, "run", no_git)
    assert status("ch96") == 0
    assert record()["ch96_x"]["commit"] == ""
