"""Answers to the exercise of chapter 13, wrong and right."""

from __future__ import annotations

import json
import os
import shlex
import subprocess


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
