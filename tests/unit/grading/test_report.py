"""Reports: all is in them, and no text of a learner becomes markup, a formula or a terminal's command."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from jinja2 import FileSystemLoader
from rich.console import Console

from labkit import cli
from labkit.checks import loader
from labkit.checks.model import Check, Suite
from labkit.checks.result import ERROR, FAIL, PASS, Result
from labkit.core import html as html_templates
from labkit.core.errors import EngineUnavailable
from labkit.core.theme import EDGES
from labkit.grading import batch, grader, pages, report
from labkit.grading.intake import Other
from labkit.grading.record import REJECTED, Graded
from labkit.grading.submission import NOT_OURS, Submission

STEM = "ch96_x"
EVIL = '<script>alert("x")</script> \x1b[31m [red]=cmd|"/c calc"!A1'


def result(name, verdict, points=2, **said):
    return Result(name, f"`{name}` is there", "do", points, verdict, **said)


@pytest.fixture
def records():
    """A good one, one whose every text is hostile, one that the lab failed at, and no submission."""
    good = Graded(
        Submission("ada", Path("ada.ipynb"), STEM), results=[result("one", PASS), result("two", PASS)]
    )
    told = {"message": EVIL, "wanted": EVIL, "found": EVIL, "hint": EVIL, "evidence": EVIL}
    results = [result("one", PASS), result("two", FAIL, **told)]
    evil = Graded(
        Submission("=" + EVIL, Path("b/x.ipynb"), STEM), results=results, notes=[EVIL, "`two` failed"]
    )
    results = [result("one", PASS), result("two", ERROR, message="The engine is away.")]
    broken = Graded(Submission("eve", Path("eve.ipynb"), STEM), results=results, notebook='{"a": 1}')
    other = Graded(Submission("mallory", Path("m.ipynb")), REJECTED, NOT_OURS)
    return [good, evil, broken, other]


def test_points(records):
    assert [g.total for g in records] == [
        "4 of 4",
        "2 of 4",
        "2 of 4, 2 undecided: run it again",
        "not graded",
    ]
    assert [g.run_again for g in records] == [False, False, True, False]
    assert report.summary(records) == (
        "2 graded, 1 no submission of this course, 1 to be run again, for the lab failed"
    )


def test_csv(records):
    rows = list(csv.DictReader(io.StringIO(report.as_csv(records))))
    assert [(r["submission"][:4], r["ch96.one"], r["ch96.two"], r["total"], r["points"]) for r in rows] == [
        ("ada", "2", "2", "4", "4"),
        ("'=<s", "2", "0", "2", "4"),
        ("eve", "2", "undecided", "2", "4"),
        ("mall", "", "", "", ""),
    ]
    assert [r["verdict"] for r in rows] == ["graded", "graded", "graded", "rejected"]
    assert rows[3]["notes"] == NOT_OURS


def test_every_other_file_has_a_row_with_its_reason(records):
    others = [
        Other("=notes.txt", "It is no notebook."),
        Other("my.Dockerfile", "It lies beside ada.", "used"),
    ]
    rows = list(csv.DictReader(io.StringIO(report.as_csv(records, others))))[4:]
    assert [(r["submission"], r["verdict"], r["total"], r["notes"]) for r in rows] == [
        ("'=notes.txt", "left out", "", "It is no notebook."),
        ("my.Dockerfile", "used", "", "It lies beside ada."),
    ]


@pytest.mark.parametrize("said", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(said):
    assert report.harmless(said).startswith("'")
    assert report.harmless(-1) == -1


def test_several_exercises_have_columns_of_their_own(records):
    more = Graded(Submission("fay", Path("f"), "ch97_y"), results=[result("one", PASS, 5)])
    rows = list(csv.DictReader(io.StringIO(report.as_csv([*records, more]))))
    assert (rows[-1]["ch96.one"], rows[-1]["ch97.one"], rows[0]["ch97.one"]) == ("", "5", "")


def test_json_has_everything(records):
    found = json.loads(report.as_json(records, [Other("notes.txt", "It is no notebook.")]))
    assert [s["verdict"] for s in found["submissions"]] == ["graded", "graded", "graded", "rejected"]
    assert found["submissions"][1]["results"][1]["found"] == EVIL
    assert found["submissions"][2]["undecided"] == 2
    assert found["not_graded"] == [{"file": "notes.txt", "state": "left out", "why": "It is no notebook."}]


class Tags(html.parser.HTMLParser):
    """Counts tags and checks that each is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_pages_escape_what_learners_wrote(records):
    names = pages.file_names(records)
    written = [pages.page(g, n) for g, n in zip(records, names, strict=True)]
    written.append(pages.index(records, names, [EVIL]))
    for page in written:
        tags = Tags(page).seen
        assert "script" not in tags
        assert tags.count("main") == tags.count("h1") == tags.count("title") == 1
        assert "http" not in page.replace("http-equiv", "")
        assert 'lang="en"' in page
    assert "&lt;script&gt;" in written[1]
    assert "<code>two</code> failed" in written[1]
    assert "The lab is at fault" in written[2]
    assert NOT_OURS in written[3]


def test_the_style_of_a_page_is_css_and_not_text(records):
    page = pages.page(records[0], "ada")
    style = page[page.index("<style>") : page.index("</style>")]
    assert "'Segoe UI'" in style
    assert "&" not in style
    assert all(f".{verdict} {{ border-color: {edge}; }}" in style for verdict, edge in EDGES.items())


def test_page_names_are_harmless_and_no_two_alike():
    said = ["../../etc/passwd", "Ada/x", "ada/X", "ada-x", "", "…"]
    names = pages.file_names([Graded(Submission(s, Path("x"))) for s in said])
    assert names == ["etc-passwd", "ada-x", "ada-x-2", "ada-x-3", "submission", "submission-2"]


def test_the_folder_of_reports(records, tmp_path):
    report.write(records, tmp_path / "out", [])
    found = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.*"))
    assert found[0] == "grades.csv"
    assert {"grades.json", "index.html", "submissions/eve.html", "submissions/eve.ipynb"} <= set(found)
    assert len([f for f in found if f.startswith("submissions/")]) == 5
    assert (tmp_path / "out" / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_terminal_shows_text_as_text(records):
    out = io.StringIO()
    report.show(records, Console(file=out, width=300, force_terminal=True))
    said = out.getvalue()
    assert "[red]" in said
    assert "\x1b[31m" not in said
    assert "ada" in said
    assert "✓ 2/2" in said
    assert "! 0/2" in said


CHECKS = {n: Check(n, f"`{n}`", "do", 2, (), 5, (), id, ()) for n in ("one", "two")}


@pytest.fixture
def course(monkeypatch, tmp_path):
    """A course of one exercise, whose submissions are files of that name; nothing is run."""
    suite = Suite(STEM, CHECKS)
    monkeypatch.setattr(loader, "load", lambda stem: suite)
    monkeypatch.setattr(batch, "gradable", lambda: [STEM])
    monkeypatch.setattr(
        batch, "LocalRunner", lambda stems: SimpleNamespace(close=lambda: None, stop=lambda: None)
    )
    for name in ("ada", "eve"):
        (tmp_path / f"{name} {STEM}.ipynb").write_text(
            '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
        )
    (tmp_path / "wrong.ipynb").write_text("wrong")
    return tmp_path


def run(folder, *options):
    return CliRunner().invoke(cli.group, ["grade", str(folder), "--out", str(folder / "out"), *options])


def test_a_lab_that_is_not_there_costs_nobody_points(course, monkeypatch):
    def away(self):
        raise EngineUnavailable("No Docker daemon answers.")

    made = {"jobs": 1, "stem": STEM, "faults": []}
    monkeypatch.setattr(grader.Grader, "__init__", lambda self, stem, jobs, runner: vars(self).update(made))
    monkeypatch.setattr(grader.Grader, "__enter__", away)
    done = run(course)
    assert done.exit_code == 1
    told = json.loads((course / "out" / "grades.json").read_text())["submissions"]
    assert [(s["verdict"], s["earned"], s["undecided"]) for s in told] == [
        ("error", 0, 4),
        ("error", 0, 4),
        ("rejected", 0, 0),
    ]
    assert "No Docker daemon answers" in told[0]["why"]
    assert "2 to be run again" in done.output


@pytest.fixture
def scored(monkeypatch):
    """A grader that gives all points, in which one of its steps may be replaced."""

    def give(**steps):
        made = {
            "__init__": lambda self, stem, jobs, runner: vars(self).update(
                jobs=1, stem=stem, suite=Suite(stem, CHECKS), runner=runner, faults=[]
            ),
            "__enter__": lambda self: self,
            "__exit__": lambda self, *error: None,
            "_grade": lambda self, s, seconds: Graded(s, results=[result(n, PASS) for n in CHECKS]),
        }
        for name, step in {**made, **steps}.items():
            monkeypatch.setattr(grader.Grader, name, step)

    return give


def rows_of(folder):
    """The verdict and the total of each row."""
    with (folder / "out" / "grades.csv").open(encoding="utf-8-sig", newline="") as f:
        return {r["submission"].split()[0]: (r["verdict"], r["total"]) for r in csv.DictReader(f)}


def test_a_verdict_that_was_announced_stays_when_the_end_goes_wrong(course, scored):
    def away(self, *error):
        raise RuntimeError("the engine went away")

    scored(__exit__=away)
    done = run(course)
    assert rows_of(course) == {"ada": ("graded", "4"), "eve": ("graded", "4"), "wrong": ("rejected", "")}
    assert "the engine went away" in done.output
    assert done.exit_code == 1


def test_each_has_a_row_from_the_beginning_and_its_scores_when_it_is_done(course, scored):
    seen = []

    def look(self, submission, seconds):
        seen.append(rows_of(course))
        if submission.name.startswith("eve"):
            raise KeyboardInterrupt
        return Graded(submission, results=[result(n, PASS) for n in CHECKS])

    scored(_grade=look)
    assert run(course).exit_code != 0
    assert seen[0] == {"ada": ("pending", "0"), "eve": ("pending", "0"), "wrong": ("rejected", "")}
    assert rows_of(course) == {"ada": ("graded", "4"), "eve": ("pending", "0"), "wrong": ("rejected", "")}


def test_what_starts_submissions_may_break_and_each_has_its_row(course, scored, monkeypatch):
    def broken(stems):
        raise RuntimeError("the checks are gone")

    scored()
    monkeypatch.setattr(batch, "LocalRunner", broken)
    assert run(course).exit_code == 1
    assert rows_of(course) == {"ada": ("error", "0"), "eve": ("error", "0"), "wrong": ("rejected", "")}


def test_all_that_grades_is_loaded_before_the_first_is_run(course, scored, monkeypatch):
    done = []

    def load(self, stem, jobs, runner):
        done.append(f"loaded {stem}")
        vars(self).update(jobs=1, stem=stem, suite=Suite(stem, CHECKS), runner=runner, faults=[])

    def grade(self, submission, seconds):
        done.append(f"graded {submission.stem}")
        return Graded(submission, results=[result(n, PASS) for n in CHECKS])

    scored(__init__=load, _grade=grade)
    monkeypatch.setattr(batch, "gradable", lambda: [STEM, "ch97_y"])
    (course / "ada ch97_y.ipynb").write_text((course / f"ada {STEM}.ipynb").read_text())
    assert run(course).exit_code == 0
    assert done == [f"loaded {STEM}", "loaded ch97_y", *[f"graded {STEM}"] * 2, "graded ch97_y"]


def test_an_exercise_whose_source_is_gone_takes_no_other_along(course, scored, monkeypatch):
    def load(self, stem, jobs, runner):
        if stem == STEM:
            raise RuntimeError("its source is gone")
        vars(self).update(jobs=1, stem=stem, suite=Suite(stem, CHECKS), runner=runner, faults=[])

    scored(__init__=load)
    monkeypatch.setattr(batch, "gradable", lambda: [STEM, "ch97_y"])
    (course / f"ada {STEM}.ipynb").unlink()
    (course / "ada ch97_y.ipynb").write_text((course / f"eve {STEM}.ipynb").read_text())
    assert run(course).exit_code == 1
    assert rows_of(course) == {"ada": ("graded", "4"), "eve": ("error", "0"), "wrong": ("rejected", "")}


def test_the_reports_need_none_of_the_courses_files_once_grading_has_begun(
    course, scored, monkeypatch, tmp_path
):
    place = tmp_path / "copy"
    shutil.copytree(Path(html_templates.__file__).parents[1] / pages.TEMPLATES, place / pages.TEMPLATES)
    monkeypatch.setattr(html_templates, "FileSystemLoader", lambda _: FileSystemLoader(place))
    html_templates.environment.cache_clear()

    def remove(self, submission, seconds):
        shutil.rmtree(place, ignore_errors=True)
        return Graded(submission, results=[result(n, PASS) for n in CHECKS])

    scored(_grade=remove)
    try:
        done = run(course)
    finally:
        html_templates.environment.cache_clear()
    assert (done.exit_code, place.exists()) == (0, False)
    assert "4 of 4" in next((course / "out/submissions").glob("eve*.html")).read_text()


def test_what_cannot_be_tidied_up_is_told_and_takes_no_verdict_back(course, scored):
    def leave(self, submission, seconds):
        self.faults.append(f"{submission.name}: the cluster went away")
        return Graded(submission, results=[result(n, PASS) for n in CHECKS])

    scored(_grade=leave)
    done = run(course)
    assert rows_of(course)["ada"] == ("graded", "4")
    assert "the cluster went away" in done.output
    assert done.exit_code == 1


def test_scores_are_written_though_a_page_cannot_be(course, scored, monkeypatch):
    def gone(record, name):
        raise RuntimeError("no template")

    scored()
    monkeypatch.setattr(pages, "page", gone)
    done = run(course)
    assert done.exit_code == 1
    assert "RuntimeError: no template" in done.output
    assert rows_of(course)["ada"] == ("graded", "4")


def test_grading_again_in_the_same_folder_finds_the_same_files(course, scored, monkeypatch):
    scored()
    monkeypatch.chdir(course)
    first = CliRunner().invoke(cli.group, ["grade", "."])
    others = CliRunner().invoke(cli.group, ["grade", ".", "--out", "others"])
    again = CliRunner().invoke(cli.group, ["grade", "."])
    assert [first.exit_code, others.exit_code, again.exit_code] == [0, 0, 0]
    table = (course / "grades/grades.csv").read_bytes()
    assert (course / "others/grades.csv").read_bytes() == table
    assert len(table.splitlines()) == 4


def test_reports_that_cannot_be_written_are_told_before_anything_is_graded(course, scored):
    scored(_grade=lambda self, submission, seconds: pytest.fail("it was graded"))
    (course / "out").write_text("in the way")
    with pytest.raises(batch.LabkitError, match="reports cannot be written"):
        CliRunner().invoke(
            cli.group,
            ["grade", str(course / f"ada {STEM}.ipynb"), "--out", str(course / "out" / "x")],
            catch_exceptions=False,
        )


def test_one_that_breaks_the_grader_is_not_the_end(course, scored):
    def graded(self, submission, seconds):
        if submission.name.startswith("ada"):
            raise RuntimeError("the grader has a bug")
        return Graded(submission, results=[result("one", PASS), result("two", PASS)])

    scored(_grade=graded)
    done = run(course)
    told = json.loads((course / "out" / "grades.json").read_text())["submissions"]
    assert [(s["verdict"], s["earned"]) for s in told] == [("error", 0), ("graded", 4), ("rejected", 0)]
    assert "the grader has a bug" in told[0]["why"]
    assert done.exit_code == 1


def test_usage(tmp_path):
    assert CliRunner().invoke(cli.group, ["grade"]).exit_code == 2
    assert CliRunner().invoke(cli.group, ["grade", str(tmp_path / "gone.ipynb")]).exit_code == 2
    with pytest.raises(batch.LabkitError) as e:
        CliRunner().invoke(cli.group, ["grade", str(tmp_path)], catch_exceptions=False)
    assert e.value.exit_code == 2


def test_help_says_that_it_is_no_sandbox():
    assert "NO SANDBOX" in CliRunner().invoke(cli.group, ["grade", "--help"]).output
