"""Records of requests: read from a log, and the numbers that are computed from them."""

from __future__ import annotations

import json

import pytest

from labkit import Mismatch
from labkit.load.records import MANY, Request, Requests, parse


def line(number, sent, target="a", status=200, answer="1.0", error=None, seconds=0.01):
    return json.dumps([number, sent, seconds, target, status, answer, error])


def rows(*given):
    """Records of one target: ``(number, sent, is_lost)``."""
    return Requests(Request(n, sent, 0.01, "a", None if gone else 200, "1.0") for n, sent, gone in given)


def test_a_log_is_read_in_its_order():
    read = parse(f"{line(1, 10.04)}\n{line(0, 10.0, status=None, answer='', error='timeout')}\n")
    assert [r.number for r in read] == [1, 0]
    assert read[0] == Request(1, 10.04, 0.01, "a", 200, "1.0", None)
    assert [r.lost for r in read] == [False, True]
    assert read.outcomes == {"1.0": 1, "lost": 1}
    assert parse("") == ()


@pytest.mark.parametrize(
    ("status", "error", "lost"),
    [(200, None, False), (503, None, True), (None, "ConnectionRefusedError", True), (200, "late", True)],
)
def test_lost_is_what_has_no_200_in_time(status, error, lost):
    one = parse(line(0, 1.0, status=status, error=error))[0]
    assert one.lost is lost
    assert one.outcome == ("lost" if lost else "1.0")


@pytest.mark.parametrize(
    "bad", ["Traceback (most recent call last):", "[1, 2.0, 3]", '{"number": 1}', "[]", "7"]
)
def test_a_line_that_is_no_record_is_told(bad):
    with pytest.raises(Mismatch, match="no record") as told:
        parse(f"{line(0, 1.0)}\n{bad}\n")
    assert told.value.found == bad


def test_records_are_chosen_by_target_time_and_outcome():
    read = parse("\n".join([line(0, 1.0), line(0, 1.0, "b", status=503), line(1, 2.0), line(1, 2.0, "b")]))
    assert read.targets == ["a", "b"]
    assert [r.sent for r in read.of("b")] == [1.0, 2.0]
    assert [r.target for r in read.between(1.0, 2.0)] == ["a", "b"]  # from the first on, before the second
    assert [r.target for r in read.lost] == ["b"]
    assert len(read.answered) == 3
    assert [r.sent for r in read.last(3)] == [1.0, 2.0, 2.0]
    assert read.last(9) == read
    assert isinstance(read.of("a").between(0, 9).last(1), Requests)


def test_the_longest_outage_lasts_until_the_next_answer():
    assert rows((0, 0.0, False), (1, 1.0, False)).longest_outage == 0
    assert Requests().longest_outage == 0
    one = [(0, 0.0, False), (1, 1.0, True), (2, 2.0, False), (3, 3.0, True), (4, 4.0, True), (5, 6.0, False)]
    assert rows(*one).longest_outage == 3.0
    assert rows(*reversed(one)).longest_outage == 3.0  # a log has them in the order of their outcomes
    assert rows(*one[:5]).longest_outage == 1.0  # nothing was answered since: to the last loss


def test_a_gap_in_the_numbers_is_missing():
    whole = rows(*((n, float(n), False) for n in range(10)))
    assert whole.missing(3.0, 6.0) == 0
    assert Requests(r for r in whole if r.number != 4).missing(3.0, 6.0) == 1
    assert Requests(r for r in whole if r.number != 8).missing(3.0, 6.0) == 0
    assert Requests(r for r in whole if r.number not in (3, 4, 5)).missing(3.0, 6.0) == 3


def test_a_time_that_is_not_over_misses_more_than_any():
    whole = rows(*((n, float(n), False) for n in range(10)))
    assert whole.missing(3.0, 20.0) == MANY


def test_a_time_is_judged_by_its_control_and_by_what_is_missing():
    log = "\n".join(line(n, float(n), target) for n in range(10) for target in ("a", "still"))
    read = parse(log)
    assert read.undisturbed("still", 3.0, 6.0)
    assert not read.undisturbed("another", 3.0, 6.0)
    disturbed = Requests(r if r.number != 4 else Request(4, 4.0, 2.0, r.target, None) for r in read)
    assert not disturbed.undisturbed("still", 3.0, 6.0)
    assert disturbed.undisturbed("still", 5.0, 6.0)
    skipped = Requests(r for r in read if r.number != 4 or r.target == "still")
    assert not skipped.undisturbed("still", 3.0, 6.0)
