"""What an autoscaler is told, measures and does, on objects as the API server writes them."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest

from labkit import BrokenEnvironment, Mismatch, Missing, TimedOut
from labkit.observe import autoscaling
from labkit.observe.autoscaling import between, cpu_target, keeps, scaler_of, scales_up, unmeasured


def scaler(target="till", name="till", least=1, most=3, metrics=None, **status):
    """An autoscaler."""
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 60}}}
    spec = {
        "scaleTargetRef": {"kind": "Deployment", "name": target},
        "minReplicas": least,
        "maxReplicas": most,
    }
    return {"metadata": {"name": name}, "spec": {**spec, "metrics": metrics or [cpu]}, "status": status}


@pytest.fixture
def there(monkeypatch):
    """The autoscalers that there are."""
    found = []
    monkeypatch.setattr(autoscaling, "listed", lambda lab, kind: found)
    return found


def test_the_autoscaler_of_a_deployment_goes_by_its_target(there):
    there += [scaler("shop", name="shop"), scaler(name="another-name")]
    assert scaler_of(None, "till")["metadata"]["name"] == "another-name"


def test_no_autoscaler_one_for_another_thing_and_two(there):
    with pytest.raises(Missing):
        scaler_of(None, "till")
    there.append(scaler("till-web"))
    with pytest.raises(Mismatch, match="another thing"):
        scaler_of(None, "till")
    there += [scaler(name="a"), scaler(name="b")]
    with pytest.raises(Mismatch, match="more than one"):
        scaler_of(None, "till")


def test_the_bounds_are_those_of_the_plan():
    between(scaler(), 1, 3)
    for low, high, says in (
        (1, 1, "no choice"),
        (3, 3, "no choice"),
        (2, 3, "the plan"),
        (1, 10, "the plan"),
    ):
        with pytest.raises(Mismatch, match=says):
            between(scaler(least=low, most=high), 1, 3)


def test_a_number_of_replicas_is_kept_by_itself_or_by_an_autoscaler_within_bounds(there):
    def deployment(**spec):
        return {"metadata": {"name": "till"}, "spec": spec}

    lab = SimpleNamespace(wait=lambda *_, **__: None)
    keeps(lab, deployment(replicas=3), 3, 6)
    with pytest.raises(Mismatch, match="another number") as e:
        keeps(lab, deployment(), 3, 6)
    assert e.value.hint
    there.append(scaler(least=3, most=6))
    keeps(lab, deployment(replicas=1), 3, 6)
    there[0] = scaler(least=1, most=6)
    with pytest.raises(Mismatch, match="leave the bounds"):
        keeps(lab, deployment(replicas=3), 3, 6)


@pytest.mark.parametrize(
    ("metric", "target"),
    [
        ({"resource": {"name": "cpu", "target": {"averageUtilization": 60}}}, "0.6"),
        ({"resource": {"name": "cpu", "target": {"averageValue": "12m"}}}, "0.6"),
        ({"containerResource": {"name": "cpu", "target": {"averageUtilization": 30}}}, "0.3"),
    ],
)
def test_the_target_in_each_of_its_spellings(metric, target):
    assert cpu_target(scaler(metrics=[metric]), Decimal("0.02")) == Decimal(target)


@pytest.mark.parametrize(
    ("metric", "request_", "says"),
    [
        ({"resource": {"name": "cpu", "target": {"averageUtilization": 60}}}, None, "request no CPU"),
        ({"resource": {"name": "memory", "target": {"averageUtilization": 60}}}, "1", "CPU alone"),
        ({"type": "Pods", "pods": {"metric": {"name": "queue"}}}, "1", "CPU alone"),
    ],
)
def test_an_autoscaler_that_cannot_go_by_cpu(metric, request_, says):
    with pytest.raises(Mismatch, match=says):
        cpu_target(scaler(metrics=[metric]), request_ and Decimal(request_))


class Wait:
    """A lab whose wait shows one state after another, then times out."""

    namespace = "x"

    def __init__(self, *states):
        self.states = states

    def wait(self, thing, test, timeout):
        for state in self.states if not isinstance(thing, str) else [{"spec": {"replicas": 3}}]:
            if test(state):
                return state
        raise TimedOut("not in time")


@pytest.fixture(autouse=True)
def one_pod(monkeypatch):
    found = {"spec": {"containers": [{"resources": {"requests": {"cpu": "20m"}}}]}}
    monkeypatch.setattr(autoscaling, "rolled_out", lambda lab, name: [found])


def seen(cpu, wanted, active="True"):
    """A state of the autoscaler."""
    conditions = [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": active}]
    reading = [{"resource": {"current": {"averageValue": cpu}}}] if cpu else []
    return scaler(conditions=conditions, desiredReplicas=wanted, currentMetrics=reading)


def test_it_scales_when_the_autoscaler_is_active_and_wants_more():
    scales_up(Wait(seen(None, 0, "False"), seen("54m", 3)), "till", scaler(), Decimal("0.6"))


def test_a_wish_from_before_it_broke_does_not_count(there):
    with pytest.raises(TimedOut):
        scales_up(Wait(seen("54m", 3, "False")), "till", scaler(), Decimal("0.6"))


def test_two_low_readings_are_enough(there):
    with pytest.raises(Mismatch, match="not busy") as e:
        scales_up(Wait(seen("13m", 1), seen("12m", 1), seen("54m", 3)), "till", scaler(), Decimal("0.6"))
    assert (e.value.wanted, e.value.found) == ("more than 66% of the request", "60%")


def test_a_single_low_reading_that_stays_is_told_at_the_end(there):
    with pytest.raises(Mismatch, match="not busy"):
        scales_up(Wait(seen("2m", 1)), "till", scaler(), Decimal("0.6"))


def test_ready_pods_that_nobody_measured_are_the_labs_fault(there):
    there.append(scaler(conditions=[{"type": "ScalingActive", "reason": "FailedGetResourceMetric"}]))
    with pytest.raises(BrokenEnvironment, match="measured"):
        scales_up(Wait(seen(None, 0, "False")), "till", scaler(), Decimal("0.6"))
    there[0] = scaler(conditions=[{"type": "ScalingActive", "reason": "InvalidSelector"}])
    assert unmeasured(None, "till") is None
