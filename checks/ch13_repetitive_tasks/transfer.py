"""Transfer: no request lost."""

from __future__ import annotations

from labkit import Mismatch
from labkit.checks import check, scene
from labkit.observe.containers import pod
from labkit.observe.rollouts import answers_on, cut_short, only_these, out_of_order, restart_under_load
from labkit.observe.services import behind
from labkit.observe.workloads import rolled_out, there

from . import LINGER, anew, service


@scene(lambda random: {})
def counter(lab, facts):
    """a `counter` of two replicas with a readiness probe, which loses requests at each rollout"""
    anew(lab, "counter")
    service(lab, "counter", GRACE=1)
    lab.wait("deployment/counter", "complete", timeout=120)


@check(
    task="transfer",
    points=3,
    needs=counter,
    timeout=400,
    hints=(
        "A Pod that is told to end, and a list of addresses that still has it: which of them must wait?",
        "Two roads lead there: one in the app (its documentation is the head of images/web/web.py), "
        "one in the Pod's `lifecycle`.",
    ),
)
def lossless(lab):
    """A rollout of `counter` loses no request, and a Pod that is deleted goes on answering for 3 s"""
    pods = rolled_out(lab, "counter")
    found = there(lab, "Service", "counter")
    one = behind(lab, found, 80, pods, lambda strangers: None)[0]
    with pod(lab) as inside:
        lingers(lab, inside, one)
        only_these(lab, found, 80, rolled_out(lab, "counter"))
        sent, lost = restart_under_load(lab, inside, "counter", "http://counter/")
    if lost:
        hint = out_of_order(there(lab, "Deployment", "counter"))
        raise Mismatch("Requests were lost during a rollout.", found=f"{lost} of {sent}", hint=hint)


def lingers(lab, inside, one):
    """A Pod that is deleted, with its own grace period, answers on for a while."""
    if answers_on(lab, inside, one, "/healthz", LINGER) < LINGER:
        wanted, hint = "answers for 3 s", cut_short(there(lab, "Deployment", "counter"), LINGER)
        raise Mismatch("A Pod that is being deleted soon stops answering.", wanted=wanted, hint=hint)
