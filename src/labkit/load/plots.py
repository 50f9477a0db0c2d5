"""Plots of requests and of what happened meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.book.figures import COLOURS
from labkit.core.errors import Usage
from labkit.load.records import Requests


@dataclass(frozen=True)
class Interval:
    """How long something was there: a container, a Pod.

    Attributes:
        began: in seconds since the epoch.
        ended: likewise.
        is_new: whether it is of the new version.
        ready: when it was ready, where that is shown.
    """

    began: float
    ended: float
    is_new: bool = False
    ready: float | None = None


def plot_timeline(
    axes: Any, title: str, intervals: Iterable[Interval], requests: Requests, zero: float
) -> None:
    """Intervals as bars, the old ones first, and a tick for each lost request above them.

    Args:
        axes: a panel of `figure`.
        title: what is written over it, before the number of lost requests.
        intervals: grey bars for the old version, blue for the new; a circle marks when one was ready.
        requests: those of the time; only the lost ones are drawn.
        zero: the moment that is 0 on the axis.

    Raises:
        Usage: an interval ends before it begins.
    """
    rows = sorted(intervals, key=lambda i: (i.is_new, i.began, i.ended))
    for row, one in enumerate(rows):
        if one.ended < one.began:
            raise Usage("An interval ends before it begins.", found=one)
        colour = COLOURS["container" if one.is_new else "cache"]
        axes.barh(row, one.ended - one.began, left=one.began - zero, color=colour, height=0.6)
        if one.ready is not None:
            axes.plot(one.ready - zero, row, "o", color="white", markeredgecolor="black", markersize=6)
    at = [r.sent - zero for r in requests.lost]
    axes.plot(at, [-1.2] * len(at), "|", color=COLOURS["fail"], markersize=12)
    axes.set(title=f"{title}: {len(at)} lost", yticks=[-1.2], yticklabels=["lost"])
    axes.set_ylim(len(rows), -2)


def plot_requests(axes: Any, lanes: Mapping[str, Requests], zero: float) -> None:
    """One lane for each label: a grey tick for an answered request, a red, raised one for a lost request.

    Args:
        axes: a panel of `figure`.
        lanes: label → requests.
        zero: the moment that is 0 on the axis.
    """
    for lane, requests in enumerate(lanes.values()):
        for part, kind, lift in ((requests.answered, "cache", 0.0), (requests.lost, "fail", 0.3)):
            at = [r.sent - zero for r in part]
            axes.plot(at, [lane - lift] * len(at), "|", color=COLOURS[kind], markersize=10)
    name_lanes(axes, list(lanes))
    axes.set_ylim(len(lanes) - 0.5, -0.8)


def plot_lanes(axes: Any, lanes: Mapping[str, Sequence[float]], kinds: Sequence[str]) -> None:
    """One lane for each label with a dot for each value: the distribution, not its mean alone.

    Args:
        axes: a panel of `figure`.
        lanes: label → values.
        kinds: for each lane a key of `COLOURS`.

    Raises:
        Usage: there are not as many kinds as lanes, or one has no colour.
    """
    if len(kinds) != len(lanes) or not set(kinds) <= set(COLOURS):
        raise Usage("Each lane wants a kind that has a colour.", wanted=", ".join(COLOURS), found=list(kinds))
    for lane, (values, kind) in enumerate(zip(lanes.values(), kinds, strict=True)):
        axes.plot(values, [lane] * len(values), "o", color=COLOURS[kind], alpha=0.5)
    name_lanes(axes, list(lanes))
    axes.set_ylim(len(lanes) - 0.5, -0.5)


def name_lanes(axes: Any, labels: Sequence[str]) -> None:
    """Writes a label at each lane, from the top."""
    axes.set_yticks(range(len(labels)), labels)
