"""Answers to the exercise of chapter 13, wrong and right."""

from __future__ import annotations

import json
import os
import shlex
import subprocess

from labkit.checks import hand_in, loader, right, wrong

STEM = "ch13_repetitive_tasks"


def kubectl(lab, line):
    """Runs kubectl in the namespace of this workspace."""
    words = ["kubectl", "--namespace", lab.namespace, *shlex.split(line)]
    done = subprocess.run(words, env=os.environ | lab.workspace.env(), capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return done.stdout


def patch(lab, name, container=None, pod=None, **spec):
    """Patches a Deployment's container, Pod template, or itself."""
    template = {"spec": {"containers": [{"name": "web", **(container or {})}], **(pod or {})}}
    change = json.dumps({"spec": {"template": template, **spec}})
    kubectl(lab, f"patch deployment {name} --patch {shlex.quote(change)}")
    if not spec.get("paused"):
        kubectl(lab, f"rollout status deployment {name} --timeout 120s")


def http(path, **how):
    """A probe by HTTP."""
    return {"httpGet": {"path": path, "port": 8080}, "periodSeconds": 2, **how}


ALIVE = http("/healthz", initialDelaySeconds=5, timeoutSeconds=2)


# --- do: probes


def probes(lab, ready=None, alive=None):
    """Gives `desk` its probes."""
    patch(lab, "desk", {"readinessProbe": ready, "livenessProbe": alive})


@wrong("readiness", "a liveness probe alone")
def readiness_none(lab):
    probes(lab, alive=ALIVE)


@wrong("readiness", "asks for the sign of life")
def readiness_healthz(lab):
    probes(lab, ready=http("/healthz"), alive=ALIVE)


@wrong("readiness", "asks a bit too seldom, with the default number of noes")
def readiness_slow(lab):
    probes(lab, ready=http("/readyz", periodSeconds=4), alive=ALIVE)


@wrong("readiness", "the liveness probe asks the same")
def readiness_restarts(lab):
    probes(lab, ready=http("/readyz"), alive=http("/readyz", initialDelaySeconds=5, failureThreshold=1))


@right("readiness", "by a command in the container")
def readiness_exec(lab):
    code = "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/readyz', timeout=1)"
    command = {"command": ["python3", "-c", code]}
    probes(lab, ready={"exec": command, "periodSeconds": 2, "timeoutSeconds": 5, "failureThreshold": 1})


@right("readiness", "by HTTP, one no is enough")
def readiness_http(lab):
    probes(lab, ready=http("/readyz", failureThreshold=1))


@wrong("liveness", "a readiness probe alone")
def liveness_none(lab):
    probes(lab, ready=http("/readyz"))


@wrong("liveness", "asks whether the port is open")
def liveness_tcp(lab):
    tcp = {"tcpSocket": {"port": 8080}, "periodSeconds": 2, "initialDelaySeconds": 5}
    probes(lab, ready=http("/readyz"), alive=tcp)


@wrong("liveness", "asks whether there is a process")
def liveness_process(lab):
    command = {"command": ["sh", "-c", "kill -0 1"]}
    probes(lab, ready=http("/readyz"), alive={"exec": command, "periodSeconds": 2})


@wrong("liveness", "with the defaults, which may take 31 s")
def liveness_slow(lab):
    probes(lab, ready=http("/readyz"), alive={"httpGet": http("/healthz")["httpGet"]})


@wrong("liveness", "asks what the readiness probe asks")
def liveness_readyz(lab):
    probes(lab, ready=http("/readyz"), alive=http("/readyz", periodSeconds=5))


@right("liveness", "by HTTP, at the sign of life")
def liveness_http(lab):
    probes(lab, ready=http("/readyz"), alive=ALIVE)


@right("liveness", "behind a startup probe, at another page that must answer")
def liveness_startup(lab):
    box = {"readinessProbe": http("/readyz"), "livenessProbe": http("/version", timeoutSeconds=2)}
    patch(lab, "desk", {**box, "startupProbe": http("/healthz", failureThreshold=30)})


# --- transfer: no request lost


@wrong("lossless", "nothing but the readiness probe")
def lossless_nothing(lab):
    kubectl(lab, "rollout restart deployment counter")
    kubectl(lab, "rollout status deployment counter --timeout 120s")


GRACE = {"terminationGracePeriodSeconds": 30}


@wrong("lossless", "a preStop that is longer than the grace period")
def lossless_killed(lab):
    patch(lab, "counter", {"lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}}})


@wrong("lossless", "too short a pause")
def lossless_short(lab):
    patch(lab, "counter", {"lifecycle": {"preStop": {"exec": {"command": ["sleep", "0.2"]}}}}, GRACE)


@wrong("lossless", "drains, and all at once")
def lossless_recreate(lab):
    drain = {"env": [{"name": "DRAIN_SECONDS", "value": "5"}]}
    patch(lab, "counter", drain, GRACE, strategy={"type": "Recreate", "rollingUpdate": None})


@wrong("lossless", "drains, and asks nobody whether it is ready")
def lossless_unasked(lab):
    patch(lab, "counter", {"env": [{"name": "DRAIN_SECONDS", "value": "5"}], "readinessProbe": None}, GRACE)


@wrong("lossless", "drains, and may miss all replicas")
def lossless_unavailable(lab):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%", "maxSurge": 0}}
    patch(lab, "counter", {"env": [{"name": "DRAIN_SECONDS", "value": "2.5"}]}, GRACE, strategy=rolling)


@right("lossless", "the app drains")
def lossless_drain(lab):
    kubectl(lab, "set env deployment/counter DRAIN_SECONDS=4")
    patch(lab, "counter", pod=GRACE)


@right("lossless", "a preStop sleep of the kubelet's")
def lossless_sleep(lab):
    patch(lab, "counter", {"lifecycle": {"preStop": {"sleep": {"seconds": 4}}}}, GRACE)


@right("lossless", "a preStop command, and no Pod missing")
def lossless_command(lab):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 2}}
    pause = {"lifecycle": {"preStop": {"exec": {"command": ["sleep", "4"]}}}}
    patch(lab, "counter", pause, GRACE, strategy=rolling)


# --- repair: each answer is to one fault, which it sets up first


def broken(lab, facts, fault):
    """Sets the scene with this fault, whichever was drawn."""
    scene = loader.load(STEM).scenes["stuck"]
    with lab.scene(scene.name):
        scene.build(lab, {**facts, "fault": fault})


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
