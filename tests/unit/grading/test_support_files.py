"""The files beside a notebook: whose they are, what is copied, and what is not."""

from __future__ import annotations

import pytest

from labkit.grading import support_files
from labkit.grading.submission import Submission
from labkit.grading.support_files import NOBODYS, TOO_MUCH, attached, copy

STEM = "ch96_x"


@pytest.fixture
def handed(tmp_path):
    """Writes files, and gives the submissions that their notebooks are, with what lies beside each."""

    def write(*names, out=None):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
        notebooks = [name for name in names if name.endswith(".ipynb")]
        given = [Submission(name, tmp_path / name, STEM) for name in notebooks]
        return {s.name: s for s in attached(given, out)}

    return write


def test_what_lies_beside_a_notebook_goes_with_it(handed, tmp_path):
    found = handed("ada/a.ipynb", "ada/my.Dockerfile", "ada/src/app.py", "bob/a.ipynb", "bob/b.txt")
    assert found["ada/a.ipynb"].files == {
        "my.Dockerfile": tmp_path / "ada/my.Dockerfile",
        "src/app.py": tmp_path / "ada/src/app.py",
    }
    assert list(found["bob/a.ipynb"].files) == ["b.txt"]
    assert not any(s.notes for s in found.values())


def test_nobody_gets_the_files_of_others(handed):
    found = handed("ada.ipynb", "bob.ipynb", "bob_answers.py", "eve/a.ipynb", "eve/mine.txt")
    assert [list(s.files) for s in found.values()] == [[], [], ["mine.txt"]]
    assert found["ada.ipynb"].notes == (f"The files beside it were not used: {NOBODYS}.",)


def test_a_folder_of_somebody_elses_below_is_not_taken(handed):
    found = handed("a.ipynb", "mine.txt", "src/app.py", "bob/work/b.ipynb", "bob/answers.py")
    assert sorted(found["a.ipynb"].files) == ["mine.txt", "src/app.py"]


def test_one_file_of_a_folder_of_several_gets_nothing_either(handed, tmp_path):
    handed(f"ada-{STEM}.ipynb", f"bob-{STEM}.ipynb", "bob_answers.py")
    (alone,) = attached([Submission("ada", tmp_path / f"ada-{STEM}.ipynb", STEM)])
    assert (alone.files, len(alone.notes)) == ({}, 1)


def test_hidden_files_links_and_reports_are_not_taken(handed, tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada/link.txt").symlink_to("/etc/passwd")
    (tmp_path / f"ada/a {STEM}.ipynb").symlink_to(tmp_path / f"ada/b {STEM}.ipynb")
    (tmp_path / f"ada/b {STEM}.ipynb").symlink_to(tmp_path / f"ada/a {STEM}.ipynb")
    (tmp_path / "ada/folder").symlink_to(tmp_path, target_is_directory=True)
    names = ("ada/a.ipynb", "ada/.env", "ada/.git/config", "ada/grades/grades.csv", "ada/mine.txt")
    assert list(handed(*names, out=tmp_path / "ada/grades")["ada/a.ipynb"].files) == ["mine.txt"]


@pytest.mark.parametrize("cap", ["COUNT_CAP", "SIZE_CAP", "LOOKED_AT_CAP"])
def test_too_much_is_told_and_none_of_it_is_taken(handed, monkeypatch, cap):
    monkeypatch.setattr(support_files, cap, 1)
    found = handed("ada/a.ipynb", "ada/one.txt", "ada/two.txt")["ada/a.ipynb"]
    assert (found.files, found.notes) == ({}, (f"The files beside it were not used: {TOO_MUCH}.",))


def test_files_are_copied_to_their_places_and_what_cannot_be_read_is_told(tmp_path):
    (tmp_path / "app.py").write_text("1")
    (tmp_path / "link.txt").symlink_to("/etc/passwd")
    files = {"src/app.py": tmp_path / "app.py", "link.txt": tmp_path / "link.txt", "gone": tmp_path / "gone"}
    assert copy(files, tmp_path / "work") == ["link.txt", "gone"]
    assert (tmp_path / "work/src/app.py").read_text() == "1"
    assert [p.name for p in (tmp_path / "work").iterdir()] == ["src"]
    assert copy({}, tmp_path / "empty") == []
    assert (tmp_path / "empty").is_dir()


def test_a_file_that_has_grown_since_is_not_copied(tmp_path, monkeypatch):
    (tmp_path / "large").write_text("12345")
    monkeypatch.setattr(support_files, "SIZE_CAP", 4)
    assert copy({"large": tmp_path / "large"}, tmp_path / "work") == ["large"]
