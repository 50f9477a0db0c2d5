"""Do: probes."""

from __future__ import annotations

from labkit.checks import right, wrong

from . import http, patch

ALIVE = http("/healthz", initialDelaySeconds=5, timeoutSeconds=2)


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
