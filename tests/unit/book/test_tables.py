"""Results in columns: aligned, the same in each run, and refused where they do not fit."""

from __future__ import annotations

import re

import pytest

from labkit import Usage, measured, table


def printed(capsys, *given):
    table(*given)
    return capsys.readouterr().out


def test_a_mapping_is_a_row_each_and_no_line_ends_in_blanks(capsys):
    rows = {"stop, start": "kept", "remove": "lost at once"}
    assert printed(capsys, rows, "event", "note") == (
        "event        note\nstop, start  kept\nremove       lost at once\n"
    )


@pytest.mark.parametrize("many", [(1, "a"), [1, "a"]])
def test_a_value_of_several_parts_is_several_columns(capsys, many):
    assert printed(capsys, {"x": many, "yy": (22, "b")}) == "x   1   a\nyy  22  b\n"


def test_rows_may_be_given_as_they_are(capsys):
    assert printed(capsys, ((n, n * n) for n in (2, 10)), "n", "n²") == "n   n²\n2   4\n10  100\n"


def test_whether_is_printed_in_words_and_a_number_is_not(capsys):
    assert printed(capsys, {"a": True, "b": False, "c": 1, "d": 0}) == "a  yes\nb  no\nc  1\nd  0\n"


def test_measured_figures_change_nothing_around_them(capsys):
    def run(*values):
        return printed(
            capsys, {n: (measured(v, "%"), "end") for n, v in enumerate(values)}, "N", "share", "then"
        )

    runs = [run(0.0, 9.0), run(51.25, 100.0), run(7.5, 123456.0)]
    assert len({re.sub("⟨[^⟩]*⟩", "⟨measured⟩", one) for one in runs}) == 1
    assert runs[0].splitlines() == ["N  share         then", "0  ⟨    0.00 %⟩  end", "1  ⟨    9.00 %⟩  end"]


def test_the_last_column_is_as_wide_as_it_is(capsys):
    assert (
        printed(capsys, {1: measured(7.5, "%")}, "N", "share, in a long heading").splitlines()[1]
        == "1  ⟨7.50 %⟩"
    )
    assert printed(capsys, {"only": "named"}) == "only  named\n"
    assert printed(capsys, [["alone"], ["too"]]) == "alone\ntoo\n"


@pytest.mark.parametrize(
    ("rows", "headings"),
    [({}, ()), ([], ("a",)), ({"a": 1}, ("one",)), ({"a": 1}, ("a", "b", "c")), ([(1, 2), (1,)], ())],
)
def test_rows_and_headings_that_do_not_fit_are_refused(rows, headings):
    with pytest.raises(Usage, match="as many cells"):
        table(rows, *headings)
