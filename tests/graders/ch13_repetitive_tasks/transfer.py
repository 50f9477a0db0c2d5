"""Transfer: no request lost."""

from __future__ import annotations

from labkit.checks import right, wrong

from . import kubectl, patch


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
