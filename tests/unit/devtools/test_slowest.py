"""The slowest of a run: each suite keeps ten, in one or in several parts, and the run shows ten of all."""

from __future__ import annotations

import pytest

from labkit.devtools import slowest
from labkit.devtools.slowest import Slow


def test_ten_are_kept_the_slowest_first_over_the_parts_of_a_suite(tmp_path):
    path = slowest.file("notebooks", tmp_path)
    slowest.keep(path, [Slow(s, f"cell {s}") for s in (3, 11, 7)])
    slowest.keep(path, [Slow(s, f"cell {s}") for s in range(12, 22)])
    assert [slow.seconds for slow in slowest.read(path)] == list(range(21, 11, -1))


def test_all_suites_are_shown_together(tmp_path):
    slowest.keep(slowest.file("unit", tmp_path), [Slow(2, "a test"), Slow(1, "another")])
    slowest.keep(slowest.file("notebooks", tmp_path), [Slow(1.5, "a cell")])
    assert slowest.slowest(tmp_path) == [
        ("unit", Slow(2, "a test")),
        ("notebooks", Slow(1.5, "a cell")),
        ("unit", Slow(1, "another")),
    ]
    slowest.forget(tmp_path)
    assert slowest.slowest(tmp_path) == []


@pytest.mark.parametrize("text", ["", "[1]", "{}", '[{"seconds": "long", "what": "x"}]', '[{"what": "x"}]'])
def test_a_file_that_cannot_be_read_is_no_failure_of_the_run(tmp_path, text):
    path = slowest.file("unit", tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert slowest.slowest(tmp_path) == []
