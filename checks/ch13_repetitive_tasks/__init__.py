"""What "done" means in the exercise of chapter 13: probes, a rollout without a loss, a release undone."""

from __future__ import annotations

import json

from labkit.checks import REGISTRY
from labkit.observe import ask, find

CLUSTER = True
WEB = f"{REGISTRY}/web"
HANG_SECONDS, UNREADY_SECONDS, LINGER = 25, 10, 2.2  # of three seconds that are asked for
READY = {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1}


def service(lab, name, **changes):
    """Applies a service's manifest and waits for its rollout, where there is to be one."""
    gaps = {
        "IMAGE": f"{WEB}:1.0",
        "VERSION": "1.0",
        "PORT": "8080",
        "KEY": "greeting",
        "CPU": "10m",
        "GRACE": 30,
    }
    gaps |= {"READINESS": json.dumps(READY), "GREETING": "hello", "NAME": name, **changes}
    lab.apply("task.yaml", force=True, **gaps)


def anew(lab, name):
    """Removes a Deployment that somebody may have changed, and waits until it is gone."""
    delete = find(lab.dynamic, None, "Deployment").delete
    if ask(lambda: delete(name=name, namespace=lab.namespace, propagation_policy="Foreground")):
        lab.wait(f"deployment/{name}", "gone", timeout=60)
