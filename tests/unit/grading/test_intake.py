"""The files behind what was typed: each is found once, and each is told of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labkit import Usage
from labkit.grading import own_files
from labkit.grading.intake import HIDDEN, LINK, NO_NOTEBOOK, find


@pytest.fixture
def kept(tmp_path):
    """Writes files, each with its name as its content."""

    def write(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
        return [tmp_path / name for name in names]

    return write


def others(intake):
    """Why a file is not graded, by its name."""
    return {other.name: other.why for other in intake.others.values()}


def test_folders_are_searched(kept, tmp_path):
    one, two = kept("ada/ch96_x.ipynb", "bob/ch96_x.ipynb")
    kept(".ipynb_checkpoints/ch96_x.ipynb", "bob/.secret", "bob/notes.txt", "bob/all.zip", "bob/all.tar.gz")
    (tmp_path / "folder.ipynb").mkdir()
    found = find([tmp_path])
    assert found.notebooks == {"ada/ch96_x": one, "bob/ch96_x": two, "folder": tmp_path / "folder.ipynb"}
    assert others(found) == {
        ".ipynb_checkpoints": HIDDEN,
        "bob/.secret": HIDDEN,
        "bob/notes.txt": NO_NOTEBOOK,
        "bob/all.zip": "It is an archive: unpack it.",
        "bob/all.tar.gz": "It is an archive: unpack it.",
    }


@pytest.mark.parametrize("name", ["x.IPYNB", "x.ipynb.txt", "x.ipynb.json"])
def test_endings_that_browsers_and_systems_write_are_notebooks_too(kept, tmp_path, name):
    assert find(kept(name)).notebooks == find([tmp_path]).notebooks == {"x": tmp_path / name}


def test_files_of_one_name_are_told_apart_and_none_is_graded_twice(kept, tmp_path, monkeypatch):
    one, two = kept("ada/x.ipynb", "bob/x.ipynb")
    monkeypatch.chdir(tmp_path)
    found = find([one, two, one, Path("bob/../ada/x.ipynb"), tmp_path / "ada"]).notebooks
    assert sorted(found.values()) == [one, two]
    assert all(name.endswith("/x") for name in found)


def test_names_that_differ_in_what_is_not_shown_are_told_apart(kept, tmp_path):
    kept("a\x07/x.ipynb", "a/x.ipynb", "b/x.ipynb", "b/x.IPYNB")
    found = find([tmp_path]).notebooks
    assert len(set(found.values())) == 4
    assert {"a/x", "a/x (2)"} < set(found)


def test_a_link_takes_away_nobodys_row(kept, tmp_path):
    (ada,) = kept("submitted/ada.ipynb")
    (tmp_path / "submitted/eve.ipynb").symlink_to(ada)
    found = find([tmp_path / "submitted"])
    assert found.notebooks == {"ada": ada}
    assert others(found) == {"eve.ipynb": LINK}


def test_a_loop_of_links_is_told(kept, tmp_path):
    kept("ada.ipynb")
    (tmp_path / "round.ipynb").symlink_to("round.ipynb")
    (tmp_path / "around").symlink_to(tmp_path, target_is_directory=True)
    found = find([tmp_path])
    assert list(found.notebooks) == ["ada"]
    assert others(found) == {"round.ipynb": LINK, "around": LINK}
    assert list(find([tmp_path / "round.ipynb"]).notebooks) == ["round"]


def test_a_folder_that_may_not_be_read_is_told(kept, tmp_path, monkeypatch):
    kept("ada.ipynb", "closed/x.ipynb")
    real = os.scandir

    def scandir(path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert others(find([tmp_path])) == {"closed": "It cannot be searched: Permission denied."}


def test_the_folder_of_reports_is_no_input(kept, tmp_path):
    kept("ada.ipynb", "grades/submissions/ada.ipynb", "grades/grades.csv")
    found = find([tmp_path], tmp_path / "grades")
    assert (list(found.notebooks), found.others) == (["ada"], {})
    assert list(find([tmp_path / "grades"], tmp_path).notebooks) == ["submissions/ada"]


def test_reports_of_an_earlier_run_in_another_folder_are_no_input(kept, tmp_path):
    _, *reports = kept("ada.ipynb", "old/submissions/ada.ipynb", "old/grades.csv")
    (tmp_path / "old" / own_files.LIST).write_text(own_files.listed(tmp_path / "old", reports))
    found = find([tmp_path], tmp_path / "grades")
    assert (list(found.notebooks), found.others) == (["ada"], {})


def test_a_forged_list_of_reports_hides_nothing(kept, tmp_path):
    ada, eve = kept("ada.ipynb", "eve.ipynb")
    (tmp_path / own_files.LIST).write_text(own_files.listed(tmp_path, [ada]))
    ada.write_text("she went on working")
    assert find([tmp_path]).notebooks == {"ada": ada, "eve": eve}
    (tmp_path / own_files.LIST).write_text('{"files": {"ada.ipynb": "", "../x": 7, "/etc/passwd": "x"}}')
    assert find([tmp_path]).notebooks == {"ada": ada, "eve": eve}
    for damaged in ("[]", "{", '{"files": []}', "7"):
        (tmp_path / own_files.LIST).write_text(damaged)
        assert len(find([tmp_path]).notebooks) == 2


def test_nothing_to_grade_is_wrong_usage(kept, tmp_path):
    kept("notes.txt")
    with pytest.raises(Usage, match="no notebook"):
        find([tmp_path])
