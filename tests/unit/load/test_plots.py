"""Plots of requests: what is drawn where."""

from __future__ import annotations

import pytest

from labkit import COLOURS, Interval, Usage, figure, plot_lanes, plot_requests, plot_timeline, show
from labkit.load.records import Request, Requests

REQUESTS = Requests(Request(n, 100.0 + n, 0.1, "a", 503 if n == 2 else 200) for n in range(4))


@pytest.fixture
def axes():
    return figure(4, 2)[1]


def ticks(axes, colour):
    """The points of a colour: ``(x, y)``."""
    lines = [line for line in axes.lines if line.get_color() == COLOURS[colour]]
    return [(x, y) for line in lines for x, y in zip(*line.get_data(), strict=True)]


def test_a_timeline_has_old_bars_first_and_a_tick_for_each_loss(axes):
    bars = [Interval(102, 104, True, 103), Interval(100, 103), Interval(100, 102)]
    plot_timeline(axes, "old first", bars, REQUESTS, 100)
    drawn = [(p.get_x(), p.get_width()) for p in axes.patches]
    assert drawn == [(0, 2), (0, 3), (2, 2)]
    assert ticks(axes, "fail") == [(2.0, -1.2)]
    assert [line.get_data() for line in axes.lines if line.get_marker() == "o"] == [([3], [2])]
    assert axes.get_title(loc="left") == "old first: 1 lost"
    assert axes.get_ylim() == (3, -2)


def test_an_interval_that_ends_before_it_begins_is_refused(axes):
    with pytest.raises(Usage, match="before it begins"):
        plot_timeline(axes, "", [Interval(3, 2)], REQUESTS, 0)


def test_requests_have_a_lane_each_with_the_lost_ones_raised(axes):
    plot_requests(axes, {"one": REQUESTS, "none": Requests()}, 100)
    assert ticks(axes, "cache") == [(0.0, 0.0), (1.0, 0.0), (3.0, 0.0)]
    assert ticks(axes, "fail") == [(2.0, -0.3)]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["one", "none"]
    assert axes.get_ylim() == (1.5, -0.8)


def test_values_have_a_lane_each_with_a_dot_for_each(axes):
    plot_lanes(axes, {"by hand": [1.0, 1.5], "Deployment": [5.0]}, ["hand", "machine"])
    assert ticks(axes, "hand") == [(1.0, 0), (1.5, 0)]
    assert ticks(axes, "machine") == [(5.0, 1)]


@pytest.mark.parametrize("kinds", [["hand"], ["hand", "nobody"]])
def test_lanes_want_a_colour_each(axes, kinds):
    with pytest.raises(Usage, match="a kind"):
        plot_lanes(axes, {"a": [1.0], "b": [2.0]}, kinds)


def test_what_is_drawn_can_be_shown():
    fig, axes = figure(4, 2)
    plot_timeline(axes, "t", [Interval(0, 1)], Requests(), 0)
    assert "<svg" in show(fig, alt="nothing is lost")._repr_svg_()
