"""Answers to the exercise of chapter 12, wrong and right."""

from __future__ import annotations

import json
import os
import shlex
import subprocess

import yaml
from kubernetes.utils import parse_quantity

WEB = "localhost:5001/web:1.0"


def kubectl(lab, line, *objects):
    """Runs kubectl in the namespace of this workspace; objects are what ``-f -`` reads."""
    words = ["kubectl", "--namespace", lab.namespace, *shlex.split(line)]
    given = yaml.safe_dump_all(objects) if objects else None
    options = {"env": os.environ | lab.workspace.env(), "capture_output": True, "text": True}
    done = subprocess.run(words, input=given, **options)
    assert not done.returncode, done.stderr
    return done.stdout


def by_hand(lab):
    """The Pods made by hand, by name, as JSON."""
    found = json.loads(kubectl(lab, "get pods --selector made=by-hand --output json"))["items"]
    return {pod["metadata"]["name"]: pod for pod in found}


def settings(pod):
    """The five settings of a Pod, each in a form that can be compared."""
    box, status = pod["spec"]["containers"][0], pod["status"]["containerStatuses"][0]
    env = {v["name"]: v["value"] for v in box["env"]}
    return {
        "image": status["imageID"],
        "GREETING": env.get("GREETING"),
        "MODE": env.get("MODE"),
        "memory": parse_quantity(box["resources"]["limits"]["memory"]),
        "readiness": "readinessProbe" in box,
    }


def runbook(pods):
    """The settings as they should be; the image's bytes are those of a Pod that has the right name."""
    ids = {p["spec"]["containers"][0]["image"]: p["status"]["containerStatuses"][0]["imageID"] for p in pods}
    words = {"GREETING": "welcome", "MODE": "prod", "memory": parse_quantity("128Mi"), "readiness": True}
    return {"image": ids[WEB], **words}
