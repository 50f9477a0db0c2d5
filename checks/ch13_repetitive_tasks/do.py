"""Do: probes."""

from __future__ import annotations

from labkit import Mismatch
from labkit.checks import check, scene
from labkit.observe.containers import pod
from labkit.observe.health import left_alone, restarted, taken_out
from labkit.observe.services import behind, everyone_answers
from labkit.observe.workloads import listed, replaced, restarts, rolled_out, there

from . import HANG_SECONDS, UNREADY_SECONDS, anew, service


@scene(lambda random: {})
def hanging(lab, facts):
    """a `desk` of two replicas that nobody asks anything"""
    anew(lab, "desk")
    service(lab, "desk", READINESS="null")
    lab.wait("deployment/desk", "complete", timeout=120)


@check(
    task="do",
    points=1,
    needs=hanging,
    timeout=300,
    hints=(
        "Two probes ask two questions. Which of them decides who gets requests?",
        "What does the app answer at /readyz and at /healthz, when it is alive and not ready?",
    ),
)
def readiness(lab):
    """A replica of `desk` that says it is not ready gets no more requests 10 s later"""
    pods = rolled_out(lab, "desk")
    soon_enough(pods)
    found = there(lab, "Service", "desk")
    reached = behind(lab, found, 80, pods, lambda strangers: None)
    with pod(lab) as inside:
        everyone_answers(inside, found, 80, pods)
        taken_out(lab, inside, found, 80, reached[0], UNREADY_SECONDS)
    return found


def soon_enough(pods):
    """A readiness probe that may take longer does not pass by the luck of a moment."""
    probes = [p["spec"]["containers"][0].get("readinessProbe") for p in pods]
    if any(p and p["periodSeconds"] * p["failureThreshold"] >= UNREADY_SECONDS for p in probes):
        hint = "How often is a replica asked, and how many noes does it take?"
        raise Mismatch("A replica that is not ready may get requests for longer than 10 s.", hint=hint)


@check(
    task="do",
    points=2,
    needs=(hanging, readiness),
    timeout=300,
    hints=(
        "Hang a replica yourself (`kubectl exec`, as in *Break it*), and watch `kubectl get pods`.",
        "What is still true of a process that hangs? A probe that asks just that will not see it.",
    ),
)
def liveness(lab, readiness):
    """A replica of `desk` that hangs is restarted within 25 s, and is ready again"""
    one, other = unused(lab, readiness)
    before, page = restarts(listed(lab, "Pod")), f"http://{other.ip}:{other.port}"
    with pod(lab) as inside:
        inside.http(f"{page}/unready", method="POST", data="")  # a good liveness probe does not mind
        inside.http(f"http://{one.ip}:{one.port}/hang", method="POST", data="")
        try:
            restarted(lab, one, before[one.uid], HANG_SECONDS)
            left_alone(lab, other, before[other.uid])
        finally:
            inside.http(f"{page}/ready", method="POST", data="")
    rolled_out(lab, "desk")


def unused(lab, service):
    """Two replicas that were never restarted: after a restart the next one is put off."""
    pods = rolled_out(lab, "desk")
    for uid in [uid for uid, count in restarts(pods).items() if count]:
        pods = replaced(lab, "desk", uid)
    return behind(lab, service, 80, pods, lambda strangers: None)
