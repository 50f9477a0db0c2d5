"""Workspaces: state outlives a process and damage, one variable moves it elsewhere, reset forgets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from labkit import Usage
from labkit.core import engine
from labkit.core.endpoint import Endpoint
from labkit.lab import lab
from labkit.lab import workspace as workspace
from labkit.lab.lab import Lab
from labkit.lab.workspace import FILE, STATE, VARIABLE, Engine, Workspace

STEM = "ch96_x"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """A progress folder and a home of our own, and no workspace given."""
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path / "progress" / STEM


def in_another_process(program):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from labkit.lab.workspace import Workspace\nworkspace = Workspace.here({STEM!r})\n{program}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_state_survives_a_new_process(folder):
    mine = Workspace.here(STEM)
    mine.note("results", "one", {"verdict": "pass"})
    mine.note("answers", "two", {"ports": [80, 443]})
    other = in_another_process(
        "w = workspace; print(w.session, w.seed, w.own, w.noted('results'), w.noted('answers'))"
    )
    ours = [str(mine.session), str(mine.seed), "True"]
    assert other.split()[:3] == ours
    assert other.endswith("{'one': {'verdict': 'pass'}} {'two': {'ports': [80, 443]}}")
    in_another_process("workspace.note('hints', 'one', 2)")
    assert Workspace.here(STEM).noted("hints") == {"one": 2}


def test_a_workspace_draws_the_same_again_and_another_workspace_differs(folder, tmp_path):
    mine = Workspace.here(STEM)
    drawn = mine.random("shared").random()
    assert Workspace.here(STEM).random("shared").random() == drawn
    assert mine.random("other").random() != drawn
    assert Workspace.fresh(STEM, tmp_path / "else").random("shared").random() != drawn


def test_seeds_and_sessions_differ(tmp_path):
    workspaces = [Workspace.fresh(STEM, tmp_path / str(i)) for i in range(20)]
    assert len({s.seed for s in workspaces}) == len({s.session for s in workspaces}) == 20
    assert Workspace.fresh(STEM, tmp_path / "fixed", seed=7).seed == 7


def test_the_variable_names_another_workspace(folder, monkeypatch, tmp_path):
    given = Workspace.fresh(
        STEM, tmp_path / "given", engine=Engine("tcp://127.0.0.1:7", "/certs"), judged=True
    )
    monkeypatch.setenv(VARIABLE, str(given.write()))
    assert Workspace.here(STEM) == given
    assert not folder.exists()
    with pytest.raises(Usage, match="This workspace is for ch96_x") as e:
        Workspace.here("ch97_y")
    assert e.value.wanted == "ch97_y"


def test_a_progress_folder_may_be_moved(folder, tmp_path):
    mine = Workspace.here(STEM)
    mine.note("hints", "one", 1)
    os.rename(folder.parent, tmp_path / "moved")
    os.environ["LABKIT_PROGRESS"] = str(tmp_path / "moved")
    there = Workspace.here(STEM)
    there.note("hints", "two", 1)
    assert (there.session, there.noted("hints")) == (mine.session, {"one": 1, "two": 1})
    assert not folder.exists()


DAMAGED = [
    b"",
    b"{",
    b"[]",
    b"3",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b"{}",
    b'{"stem": "ch96_x"}',
    b'{"stem": "ch96_x", "session": "abcdef", "seed": 1, "folder": "/x", "colour": "red"}',
    b'{"stem": "ch96_x", "session": "a b; rm", "seed": 1, "folder": "/x"}',
    b'{"stem": "ch96_x", "session": null, "seed": 1, "folder": "/x"}',
    b'{"stem": "ch96_x", "session": "abcdef", "seed": "1", "folder": "/x"}',
    b'{"stem": 96, "session": "abcdef", "seed": 1, "folder": "/x"}',
    b'{"stem": "ch96_x", "session": "abcdef", "seed": 1, "folder": "/x", "engine": 5}',
    b'{"stem": "ch96_x", "session": "abcdef", "seed": 1, "folder": "/x", "engine": {"url": "x"}}',
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_workspace_says_what_to_do_and_reset_does_it(folder, monkeypatch, content):
    first = Workspace.here(STEM).session
    (folder / FILE).write_bytes(content)
    with pytest.raises(Usage, match="damaged") as e:
        Workspace.here(STEM)
    assert e.value.fix == "labkit reset ch96"
    assert e.value.wanted
    monkeypatch.setattr(lab, "reset_stem", lambda stem: {"containers": ["ch96-a"]})
    assert Lab.reset(STEM) == {"containers": ["ch96-a"]}
    assert Workspace.here(STEM).session != first


def test_a_workspace_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone" / FILE))
    with pytest.raises(Usage, match="damaged"):
        Workspace.here(STEM)


@pytest.mark.parametrize("what", STATE)
@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff"])
def test_damaged_notes_are_set_aside_and_begin_anew(folder, capsys, what, content):
    mine = Workspace.here(STEM)
    (folder / f"{what}.json").write_bytes(content)
    assert mine.noted(what) == {}
    assert "damaged-1" in capsys.readouterr().err
    mine.note(what, "one", 1)
    assert mine.noted(what) == {"one": 1}
    assert (folder / f"{what}.damaged-1.json").read_bytes() == content


def test_reset_forgets_all_but_predictions(folder, monkeypatch):
    mine = Workspace.here(STEM)
    for what in STATE:
        mine.note(what, "one", 1)
    (folder / "predictions.json").write_text("{}")
    monkeypatch.setattr(lab, "reset_stem", lambda stem: {})
    Lab.reset(STEM)
    assert [p.name for p in folder.iterdir()] == ["predictions.json"]
    (folder / "predictions.json").unlink()
    Lab.reset(STEM)
    assert not folder.exists()


def test_reset_elsewhere_leaves_the_learners_own_alone(folder, monkeypatch, tmp_path):
    Workspace.here(STEM).note("results", "one", {"verdict": "pass"})
    given = Workspace.fresh(STEM, tmp_path / "given")
    monkeypatch.setenv(VARIABLE, str(given.write()))
    given.note("results", "one", {"verdict": "fail"})
    monkeypatch.setattr(
        lab, "reset_stem", lambda stem: pytest.fail("it removes what other workspaces have made")
    )
    reset = []
    monkeypatch.setattr(lab, "reset_workspace", lambda workspace: reset.append(workspace.session) or {})
    Lab.reset("ch97_y")
    assert given.noted("results")
    assert reset == []
    Lab.reset(STEM)
    assert reset == [given.session]
    assert Workspace.here(STEM) == given
    assert not given.noted("results")
    assert json.loads((folder / "results.json").read_text()) == {"one": {"verdict": "pass"}}


def test_what_a_program_is_told_of_a_workspace(monkeypatch, tmp_path):
    monkeypatch.setattr(engine, "choose", lambda: Endpoint("unix:///the-course"))
    plain = Workspace.fresh(STEM, tmp_path / "plain").env()
    assert plain["DOCKER_HOST"] == "unix:///the-course"
    assert "DOCKER_TLS_VERIFY" not in plain
    private = Workspace.fresh(STEM, tmp_path / "private", engine=Engine("tcp://127.0.0.1:7", "/certs")).env()
    assert private["DOCKER_HOST"] == "tcp://127.0.0.1:7"
    assert (private["DOCKER_TLS_VERIFY"], private["DOCKER_CERT_PATH"]) == ("1", "/certs")
    assert private[VARIABLE] == str(tmp_path / "private" / FILE)
    assert Workspace.fresh(STEM, tmp_path / "other", kubeconfig="/other").env()["KUBECONFIG"] == "/other"


def test_damage_is_read_as_damage_and_not_as_something_else(folder):
    """The control of the list above: the same content, sound, is read."""
    Workspace.here(STEM)
    (folder / FILE).write_text('{"stem": "ch96_x", "session": "abcdef", "seed": 1, "folder": "/x"}')
    found = Workspace.here(STEM)
    assert (found.session, found.seed, found.folder, found.engine) == ("abcdef", 1, folder, None)
    assert workspace.cleared(STEM) is None


def test_a_workspace_of_an_earlier_edition_is_taken_over(folder):
    mine = Workspace.here(STEM)
    (folder / FILE).rename(folder / "seat.json")
    assert Workspace.here(STEM) == mine
    assert not (folder / "seat.json").exists()
