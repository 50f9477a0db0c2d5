"""Repair: each answer is to one fault, which it sets up first."""

from __future__ import annotations

from checks.ch13_repetitive_tasks.repair import stuck
from labkit.checks import hand_in, right, wrong

from . import http, kubectl, patch


def broken(lab, facts, fault):
    """Sets the scene with this fault, whichever was drawn."""
    with lab.scene(stuck.name):
        stuck.build(lab, {**facts, "fault": fault})


SAID = {
    "image": "localhost:5001/web:2.O",
    "port": "eighty",
    "probe": "/ready",
    "request": "1k",
    "key": "salutation",
}


@wrong("cause", "the version")
def cause_version(lab, stuck):
    hand_in(lab, "cause", "2.0")


@wrong("cause", "all of the template")
def cause_all(lab, stuck):
    hand_in(lab, "cause", " ".join(SAID.values()))


@right("cause", "the value alone")
def cause_value(lab, stuck):
    hand_in(lab, "cause", SAID[stuck["fault"]])


@right("cause", "with its field")
def cause_field(lab, stuck):
    hand_in(lab, "cause", {"the field": SAID[stuck["fault"]]})


@wrong("recovered", "an image that is not there: deletes the Pod that is stuck")
def recovered_delete(lab, stuck):
    broken(lab, stuck, "image")
    stuck_pods = "get pods --selector app=shop --field-selector status.phase=Pending --output name"
    kubectl(lab, f"delete --wait=false {kubectl(lab, stuck_pods).strip()}")


@wrong("recovered", "a probe that fails: takes the probe away")
def recovered_no_probe(lab, stuck):
    broken(lab, stuck, "probe")
    patch(lab, "shop", {"readinessProbe": None})


@wrong("recovered", "a probe that fails: mends it, so that 2.0 goes out")
def recovered_forward(lab, stuck):
    broken(lab, stuck, "probe")
    patch(lab, "shop", {"readinessProbe": http("/readyz", periodSeconds=1)})


@wrong("recovered", "a crash: pauses the rollout")
def recovered_pause(lab, stuck):
    broken(lab, stuck, "port")
    kubectl(lab, "rollout pause deployment shop")


@wrong("recovered", "a key that is missing: back to the first version")
def recovered_first(lab, stuck):
    broken(lab, stuck, "key")
    kubectl(lab, "rollout undo deployment shop --to-revision 1")


@wrong("recovered", "no room: one replica less")
def recovered_smaller(lab, stuck):
    broken(lab, stuck, "request")
    kubectl(lab, "rollout undo deployment shop")
    kubectl(lab, "scale deployment shop --replicas 1")


@wrong("recovered", "a new number on the first template, without its settings")
def recovered_number(lab, stuck):
    broken(lab, stuck, "image")
    env = [{"name": "VERSION", "value": "1.1"}, {"name": "GREETING", "value": "hi", "valueFrom": None}]
    patch(lab, "shop", {"image": "localhost:5001/web:1.0", "env": env})


@wrong("recovered", "another image that says it is version 1.1")
def recovered_image(lab, stuck):
    broken(lab, stuck, "image")
    patch(lab, "shop", {"image": "localhost:5001/web:2.0", "env": [{"name": "VERSION", "value": "1.1"}]})


@wrong("recovered", "a probe that fails: asks for the sign of life from now on")
def recovered_healthz(lab, stuck):
    broken(lab, stuck, "probe")
    alive = {"readinessProbe": http("/healthz"), "env": [{"name": "VERSION", "value": "1.1"}]}
    patch(lab, "shop", alive)


@wrong("recovered", "no room: requests nothing any more")
def recovered_request(lab, stuck):
    broken(lab, stuck, "request")
    patch(lab, "shop", {"resources": {"requests": None}, "env": [{"name": "VERSION", "value": "1.1"}]})


@right("recovered", "undo")
def recovered_undo(lab, stuck):
    kubectl(lab, "rollout undo deployment shop")


@right("recovered", "undo to its number")
def recovered_revision(lab, stuck):
    broken(lab, stuck, "key")
    kubectl(lab, "rollout undo deployment shop --to-revision 2")


@right("recovered", "mends what was wrong, and sets the version back")
def recovered_by_hand(lab, stuck):
    broken(lab, stuck, "image")
    patch(lab, "shop", {"image": "localhost:5001/web:1.0", "env": [{"name": "VERSION", "value": "1.1"}]})
