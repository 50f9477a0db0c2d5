"""What the run takes at 17 chapters is reckoned from a whole run, and stands so in CONTRIBUTING.md."""

from __future__ import annotations

import dataclasses
import json

import pytest

from labkit import Usage
from labkit.core.paths import repo
from labkit.devtools import reckoning
from labkit.devtools.reckoning import Times
from labkit.devtools.suites import ALONE, BUDGET, LAB, NO_DOCKER, SUITES

MINUTE = 60.0


def whole(**changed):
    """A whole run of 8 chapters in which each suite took a minute, set-up another."""
    lanes = [s.lane for s in SUITES]
    seconds = (max(lanes.count(NO_DOCKER), lanes.count(LAB)) + lanes.count(ALONE) + 1) * MINUTE
    return Times(8, seconds, {s.name: MINUTE for s in SUITES} | changed)


def test_a_suite_that_grows_takes_its_time_for_each_chapter_and_another_does_not():
    then = reckoning.reckoned(whole(), chapters=16)
    assert {seconds for s in SUITES if s.grows for seconds in [then[s.name]]} == {2 * MINUTE}
    assert {seconds for s in SUITES if not s.grows for seconds in [then[s.name]]} == {MINUTE}


def test_lanes_run_side_by_side_and_what_runs_alone_is_added():
    times = whole()
    assert reckoning.setup(times) == MINUTE
    assert reckoning.minutes_reckoned(times, chapters=8) == times.seconds / 60
    longer = whole(lint=100 * MINUTE)
    shorter = sum(s.lane == NO_DOCKER for s in SUITES) - 1 + sum(s.lane == ALONE for s in SUITES)
    assert reckoning.total(longer.suites) == (100 + shorter) * MINUTE


def test_graders_are_reckoned_by_the_mean_of_all_proofs_a_sixth_of_them_a_run():
    times = dataclasses.replace(whole(), proof_seconds=200.0)
    assert reckoning.reckoned(times, chapters=17)["graders"] == 3 * 200
    assert reckoning.reckoned(times, chapters=18)["graders"] == 3 * 200
    assert reckoning.reckoned(times, chapters=19)["graders"] == 4 * 200


def test_the_mean_of_the_proofs_is_kept_with_the_times(root):
    note(root, whole())
    (root / "tests/graders").mkdir()
    entries = {"ch96_x": {"seconds": 100}, "ch97_y": {"seconds": 300}}
    (root / "tests/graders/record.json").write_text(json.dumps(entries))
    reckoning.keep(root)
    assert reckoning.kept(root).proof_seconds == 200


def test_the_table_shows_each_suite_and_the_sum():
    table = reckoning.as_markdown(whole())
    assert all(f"| {suite.name} |" in table for suite in SUITES)
    assert f"**{reckoning.minutes_reckoned(whole()):.1f} min**" in table.splitlines()[-1]


def test_the_budgets_of_the_suites_come_to_that_of_the_run():
    minute_of_setup = 1
    assert reckoning.total({s.name: s.budget for s in SUITES}) + minute_of_setup <= BUDGET == 32


@pytest.fixture
def root(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "reports").mkdir()
    page = "before\n\n<!-- reckoned -->\nold\n<!-- /reckoned -->\n\nafter\n"
    (tmp_path / "CONTRIBUTING.md").write_text(page)
    return tmp_path


def note(root, times):
    (root / "reports/times.json").write_text(json.dumps(times.__dict__))


def test_the_times_of_the_last_whole_run_are_kept_and_stand_in_the_page(root):
    note(root, whole())
    reckoning.keep(root)
    page = (root / "CONTRIBUTING.md").read_text()
    assert page == f"before\n\n<!-- reckoned -->\n{reckoning.table(root)}\n<!-- /reckoned -->\n\nafter\n"
    reckoning.keep(root)
    assert (root / "CONTRIBUTING.md").read_text() == page


def test_a_run_in_which_a_suite_failed_is_not_kept(root):
    times = whole()
    del times.suites["faults"]
    note(root, times)
    with pytest.raises(Usage, match="did not pass"):
        reckoning.keep(root)
    assert not (root / "tests/times.json").exists()


def test_without_a_whole_run_it_is_said_what_to_do(root):
    with pytest.raises(Usage, match="make test"):
        reckoning.keep(root)


def test_a_page_without_a_place_is_told(root):
    note(root, whole())
    (root / "CONTRIBUTING.md").write_text("nothing")
    with pytest.raises(Usage, match="no place"):
        reckoning.keep(root)


def test_the_page_says_what_the_kept_times_come_to():
    page = (repo() / "CONTRIBUTING.md").read_text()
    assert f"<!-- reckoned -->\n{reckoning.table()}\n<!-- /reckoned -->" in page


def test_seventeen_chapters_fit_into_an_hour():
    times = reckoning.kept()
    assert times is None or reckoning.minutes_reckoned(times) <= reckoning.BOUND


def test_a_new_suite_counts_nothing_until_it_is_measured(root):
    times = whole()
    del times.suites["faults"]
    (root / "tests/times.json").write_text(json.dumps(times.__dict__))
    assert "| faults | nothing | no | 0.0 min | 0.0 min |" in reckoning.table(root)
