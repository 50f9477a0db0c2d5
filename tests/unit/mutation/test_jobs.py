"""When the test of a stem's graders has passed, and what is kept of it; answers are made up."""

from __future__ import annotations

import pytest
from proofs import ACCEPTED, KILLED, SUITE, tried

from labkit.checks.result import ERROR, FAIL, PASS, SKIP
from labkit.mutation import jobs, runner
from labkit.mutation.jobs import GraderJob, PlantJob, complaints
from labkit.mutation.runner import Outcome


def outcome(*extra, controls=None, faults=(), stem="ch96_x"):
    held = {"nothing done: 0 points": None, "solution: all points": None}
    return Outcome(
        stem, [KILLED, ACCEPTED, *extra], held if controls is None else controls, list(faults), 1.6
    )


@pytest.fixture
def result(monkeypatch):
    """What a job makes of an outcome."""
    monkeypatch.setattr(jobs, "load", lambda stem: SUITE)

    def of(made):
        monkeypatch.setattr(runner, "mutate_stem", lambda stem, update, say: made)
        return GraderJob("ch96_x").run(print)

    return of


FAILED = {
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


@pytest.mark.parametrize("case", FAILED)
def test_it_fails_when(result, case):
    faults, facts = result(FAILED[case])
    assert facts is None
    assert faults


def test_it_passes_when_nothing_is_wrong(result):
    faults, facts = result(outcome())
    assert faults == []
    do = facts["tasks"][0]
    assert (do["wrong"], do["killed"], do["right"], do["accepted"]) == (1, 1, 1, 1)
    assert (do["task"], do["points"], do["checks"]) == ("do", 1, ["One"])
    assert facts["controls"] == {"nothing done: 0 points": True, "solution: all points": True}


def test_complaints_name_what_is_wrong():
    assert complaints(outcome()) == []
    lines = "\n".join(
        complaints(
            outcome(
                tried("forgets [the] volumes", PASS), tried("by a manifest", FAIL, True),
                tried("skips", SKIP), tried("breaks", ERROR),
                controls={"engine killed: error": "one: fail x"}, faults=["told the same"],
            )
        )
    )  # fmt: skip
    for line in (
        "ACCEPTED, though wrong: one: forgets [the] volumes",
        "REJECTED, though right: one: by a manifest",
        "NOT LOOKED AT, though wrong: one: skips",
        "COULD NOT BE JUDGED, though wrong: one: breaks",
        "CONTROL: engine killed: error: one: fail x",
        "ANSWERS: told the same",
    ):
        assert line in lines


def test_a_renewed_snapshot_is_its_own_work():
    name = "file tests/graders/ch96_x/messages.json"
    assert GraderJob("ch96_x", update=True).writes(name)
    assert not GraderJob("ch96_x").writes(name)
    assert not GraderJob("ch96_x", update=True).writes("file tests/graders/ch97_y/messages.json")


@pytest.mark.parametrize("fault", [None, "the proof passed all the same"])
def test_a_planted_change(monkeypatch, fault):
    monkeypatch.setattr(jobs.claims, "verdict_turns", lambda stem, plant: fault)
    plant = jobs.Plant("C96.1", "two in place of one", "n = 1", "n = 1", "n = 2")
    printed = []
    job = PlantJob("ch96_x", plant=plant)
    faults, facts = job.run(printed.append)
    assert (job.name, list(job.seconds_by_part)) == ("C96.1", ["C96.1: two in place of one"])
    assert faults == ([f"C96.1: {fault}"] if fault else [])
    assert facts == (None if fault else {"change": "two in place of one"})
    assert (fault or "turned") in printed[0]


def test_every_chapter_and_every_exercise_has_its_tests():
    stems = {job.stem for job in jobs.grader_jobs()}
    assert stems == set(jobs.notebooks.stems("solutions"))
    assert {job.name for job in jobs.plant_jobs()} == set(PlantJob("", plant=None).names())
