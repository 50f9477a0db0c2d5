"""The script that a check is measured against asks the same: it accepts and refuses what the check does."""

from __future__ import annotations

import pytest

from labkit import LabkitError
from labkit.devtools import bench_checks
from labkit.devtools.bench_checks import asking_nothing, by_check, by_script, overhead, pictured

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


def test_check_and_script_agree():
    with pictured() as lab, asking_nothing() as suite:
        clock, spare = (lab.docker.containers.get(name) for name in ("ch01-clock", "ch01-spare"))
        lane = lab.docker.networks.get("ch01-lane")
        changes = [
            (lambda: clock.stop(timeout=0), clock.start),
            (lambda: lane.connect(spare), lambda: lane.disconnect(spare)),
            (lambda: lane.disconnect(clock), lambda: lane.connect(clock)),
            (lambda: clock.rename("ch01-other"), lambda: clock.rename("ch01-clock")),
        ]
        by_check(lab), by_script(lab)
        for change, undo in changes:
            change()
            for way in (by_check, by_script):
                with pytest.raises(LabkitError):
                    way(lab)
            undo()
        by_check(lab), by_script(lab)
        assert 0 < overhead(lab, suite) < 5
        before = {c.name for c in lab.docker.containers.list(all=True)}
        by_script(lab)
        assert {c.name for c in lab.docker.containers.list(all=True)} == before


def test_figures_have_their_bounds(monkeypatch):
    from contextlib import nullcontext

    monkeypatch.setattr(bench_checks, "pictured", lambda: nullcontext("the lab"))
    alone, both = iter([999, *range(1, 101)]), iter([2.0, 4.0] * 3)  # the first one is not counted
    monkeypatch.setattr(bench_checks, "overhead", lambda lab, suite: next(alone) / 1000)
    monkeypatch.setattr(bench_checks, "seconds", lambda work: next(both))
    found = {f.what: f for f in bench_checks.figures(100, 3)}
    assert found["a check's overhead, median of 100"].value == 50.5
    assert found["a check's overhead, p95"].value == 95
    ratio = found["picture, check against commands"]
    assert (ratio.value, ratio.bound, ratio.good) == (0.5, 1.0, True)
