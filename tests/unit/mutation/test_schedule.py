"""Which tests run, in which order and beside which others, and what is kept of them; they are made up."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import dataclass, field

import pytest
from rich.console import Console

from labkit.core.errors import Usage
from labkit.mutation import campaign, record, schedule
from labkit.mutation.jobs import Job
from labkit.mutation.schedule import Run, a_sixth, all_due, one, sampled

FACTS = {"change": "two in place of one"}


@dataclass(eq=False)
class Made(Job):
    """A test that is made up."""

    label: str = "C96.1"
    call: object = None
    facts: dict | None = field(default_factory=lambda: FACTS)
    code: list = field(default_factory=lambda: ["as it was"])
    known: list = field(default_factory=list)

    @property
    def name(self):
        return self.label

    @property
    def entries(self):
        return record.CLAIMS

    def depends_on(self, course):
        return {"code": self.code[0]}

    def names(self):
        return [f"C{chapter}.{i}" for chapter in range(90, 99) for i in range(30)]

    def run(self, say):
        self.known.append(self.label)
        if self.call:
            self.call()
        self.seconds_by_part[self.label] = 0.5
        say("a line of progress")
        return ([] if self.facts else [f"{self.label}: it passed all the same"]), self.facts


@pytest.fixture(autouse=True)
def root(monkeypatch, tmp_path):
    """A course without records, and a commit."""
    (tmp_path / "tests/claims").mkdir(parents=True)
    monkeypatch.setattr(record, "repo", lambda: tmp_path)
    monkeypatch.setattr(record, "run", lambda command: "abc123\n")
    monkeypatch.setattr(campaign, "repo", lambda: tmp_path)

    class Nothing:
        root = None

    monkeypatch.setattr(schedule.inputs, "Inputs", Nothing)
    return tmp_path


def run(*jobs):
    """A run of some tests: how many failed, and what was printed."""
    printed = io.StringIO()
    failed = Run(jobs, Console(file=printed, soft_wrap=True)).all()
    return failed, printed.getvalue()


def test_what_passed_is_kept_with_its_inputs_and_the_commit():
    job = Made("ch96_x")
    assert run(job)[0] == 0
    entry = record.CLAIMS.read()["C96.1"]
    assert (entry.commit, entry.change) == ("abc123", "two in place of one")
    assert entry.inputs == schedule.inputs.digest({"code": "as it was"})
    assert all_due([job]) == []
    job.code[0] = "changed"
    assert all_due([job]) == [job]


def test_what_failed_is_no_longer_on_record_and_the_rest_goes_on():
    run(Made("ch96_x"))
    failed, printed = run(Made("ch96_x", facts=None), Made("ch97_y", label="C97.1"))
    assert failed == 1
    assert "ch96   C96.1: it passed all the same" in printed
    assert list(record.CLAIMS.read()) == ["C97.1"]


def test_what_cannot_be_run_is_told_and_the_rest_goes_on():
    def broken():
        raise Usage("There is no answer.", wanted="one")

    failed, printed = run(Made("ch96_x", call=broken), Made("ch97_y", label="C97.1"))
    assert failed == 1
    assert "There is no answer." in printed
    assert "\nFAILED C96.1: There is no answer. wanted: one\n" in printed  # whole in one line
    assert list(record.CLAIMS.read()) == ["C97.1"]


def test_what_was_edited_meanwhile_is_not_kept():
    job = Made("ch96_x")
    job.call = lambda: job.code.__setitem__(0, "edited")
    _, printed = run(job)
    assert "edited meanwhile, and is not kept: code" in printed
    assert record.CLAIMS.read() == {}


def test_what_a_test_writes_itself_may_change_meanwhile(monkeypatch):
    job = Made("ch96_x")
    job.call = lambda: job.code.__setitem__(0, "renewed")
    monkeypatch.setattr(Made, "writes", lambda self, name: name == "code")
    run(job)
    assert record.CLAIMS.read()["C96.1"].inputs == schedule.inputs.digest({"code": "renewed"})


def test_a_run_that_is_cut_keeps_what_has_passed():
    def interrupted():
        raise KeyboardInterrupt

    jobs = [Made("ch96_x"), Made("ch97_y", is_alone=True, label="C97.1", call=interrupted)]
    with pytest.raises(KeyboardInterrupt):
        run(*jobs)
    assert list(record.CLAIMS.read()) == ["C96.1"]
    assert all_due(jobs) == [jobs[1]]


def test_two_stems_run_side_by_side():
    meet = threading.Barrier(2, timeout=30)
    assert run(Made("ch96_x", call=meet.wait), Made("ch97_y", label="C97.1", call=meet.wait))[0] == 0


def test_tests_of_one_stem_and_those_that_are_alone_never_do():
    running, most = [], []
    lock = threading.Lock()

    def watched(stem):
        def call():
            with lock:
                running.append(stem)
                most.append(list(running))
            with lock:
                running.remove(stem)

        return call

    jobs = [Made("ch96_x", label=f"C96.{i}", call=watched("ch96_x")) for i in range(6)]
    jobs += [Made("ch97_y", label=f"C97.{i}", call=watched("ch97_y")) for i in range(3)]
    jobs += [Made("ch98_z", True, label="C98.1", call=watched("ch98_z"))]
    assert run(*jobs)[0] == 0
    assert len(most) == 10
    assert all(len(set(stems)) == len(stems) for stems in most)
    assert [stems for stems in most if "ch98_z" in stems] == [["ch98_z"]]
    assert most[-1] == ["ch98_z"]


def test_the_shortest_come_first_and_new_ones_last():
    order = []
    jobs = [Made("ch96_x", label=f"C96.{i}", known=order) for i in range(3)]
    for label, seconds in (("C96.0", 30.0), ("C96.2", 10.0)):
        entry = record.ClaimEntry(inputs="x", commit="", seconds=seconds, change="")
        record.CLAIMS.write(label, entry, jobs[0].names())
    run(*jobs)
    assert order == ["C96.2", "C96.0", "C96.1"]


def test_a_sample_is_what_is_due_and_a_share_of_the_rest():
    jobs = [Made("ch96_x", label=f"C96.{i}") for i in range(13)]
    run(*jobs[1:])
    drawn = sampled(jobs, a_sixth, "abc")
    assert jobs[0] in drawn
    assert len(drawn) == 1 + 2
    assert sampled(jobs, a_sixth, "abc") == drawn
    assert len(sampled(jobs, one, "abc")) == 2
    assert {j.label for i in range(200) for j in sampled(jobs, one, str(i))} == {j.label for j in jobs}


def test_the_slowest_parts_are_reported(root):
    jobs = [Made("ch96_x", label=f"C96.{i}") for i in range(12)]
    for i, job in enumerate(jobs):
        job.seconds_by_part = {f"part {i}": i + 0.26}
    campaign.report_slowest(jobs, "planted")
    rows = json.loads((root / "reports/slowest/planted.json").read_text())
    assert len(rows) == 10
    assert rows[0] == {"seconds": 11.3, "what": "ch96 part 11"}


@pytest.mark.parametrize("verb", [lambda: campaign.planted([], True), campaign.everything])
def test_nothing_found_is_status_5(monkeypatch, verb):
    monkeypatch.setattr(campaign, "plant_jobs", lambda stems=None: [])
    monkeypatch.setattr(campaign, "grader_jobs", lambda *a, **k: [])
    assert verb() == campaign.NOTHING_COLLECTED
    assert campaign.graders([], False, False, True) == campaign.NOTHING_COLLECTED


@pytest.mark.parametrize("facts", [FACTS, None])
def test_the_exit_status_tells_whether_all_passed(monkeypatch, capsys, facts):
    jobs = [Made("ch96_x"), Made("ch97_y", label="C97.1", facts=facts)]
    monkeypatch.setattr(campaign, "plant_jobs", lambda stems=None: jobs)
    monkeypatch.setattr(campaign, "grader_jobs", lambda *a, **k: [])
    assert campaign.everything() == (0 if facts else 1)
    assert campaign.everything() == (0 if facts else 1)
    printed = capsys.readouterr().out
    assert "0 of 2 have passed as they are, 2 are due" in printed
    assert ("2 of 2" if facts else "1 of 2") + " have passed as they are" in printed
