"""Repair: each answer is to one fault, which it sets up first."""

from __future__ import annotations

import json

from kubernetes import client

from checks.ch12_scalability.repair import peak
from labkit.checks import right, wrong

from . import kubectl


def broken(lab, fault):
    """Sets the scene with this fault, whichever was drawn."""
    with lab.scene(peak.name):
        peak.build(lab, {"fault": fault})
    lab.wait("deployment/crowd", "Available", timeout=120)


@wrong("scales", "no request of CPU: nothing done")
def scales_request(lab):
    broken(lab, "request")


@wrong("scales", "another target: nothing done")
def scales_target(lab):
    broken(lab, "target")


@wrong("scales", "no room between fewest and most: nothing done")
def scales_most(lab):
    broken(lab, "most")


@wrong("scales", "a measure that nobody takes: nothing done")
def scales_metric(lab):
    broken(lab, "metric")


@wrong("scales", "no room on a node: the number is set by hand")
def scales_memory(lab):
    broken(lab, "memory")
    kubectl(lab, "scale deployment/till --replicas 3")


@wrong("scales", "no request of CPU: half a CPU is requested")
def scales_half(lab):
    broken(lab, "request")
    kubectl(lab, "set resources deployment/till --requests cpu=500m")


@wrong("scales", "no request of CPU: hardly any is requested")
def scales_hardly(lab):
    broken(lab, "request")
    kubectl(lab, "set resources deployment/till --requests cpu=1m")


@wrong("scales", "no room between: the fewest are raised, too")
def scales_fewest(lab):
    broken(lab, "most")
    patch = {"spec": {"minReplicas": 2, "maxReplicas": 3}}
    kubectl(lab, f"patch hpa till --patch '{json.dumps(patch)}'")


@wrong("scales", "no room between: ten are allowed")
def scales_ten(lab):
    broken(lab, "most")
    kubectl(lab, 'patch hpa till --patch \'{"spec": {"maxReplicas": 10}}\'')


@wrong("scales", "another target: the autoscaler is deleted, the number set by hand")
def scales_by_hand(lab):
    broken(lab, "target")
    kubectl(lab, "delete hpa till")
    kubectl(lab, "scale deployment/till --replicas 3")


@wrong("scales", "a measure that nobody takes: a second autoscaler is added")
def scales_two(lab):
    broken(lab, "metric")
    kubectl(lab, "autoscale deployment/till --name till-cpu --min 1 --max 3 --cpu 60%")


@wrong("scales", "a measure that nobody takes: CPU, with a target of 5 %")
def scales_five(lab):
    broken(lab, "metric")
    kubectl(lab, "delete hpa till")
    kubectl(lab, "autoscale deployment/till --min 1 --max 3 --cpu 5%")


@wrong("scales", "any fault: the crowd is sent away")
def scales_crowd(lab):
    broken(lab, "most")
    kubectl(lab, 'patch hpa till --patch \'{"spec": {"maxReplicas": 3}}\'')
    kubectl(lab, "scale deployment/crowd --replicas 0")
    lab.wait("deployment/crowd", lambda now: not now["status"].get("readyReplicas"))


@right("scales", "no request of CPU: the chapter's numbers")
def scales_limit(lab):
    broken(lab, "request")
    kubectl(lab, "set resources deployment/till --requests cpu=50m --limits cpu=100m")


@right("scales", "another target: patched by the SDK")
def scales_patched(lab):
    broken(lab, "target")
    scaling = client.AutoscalingV2Api(lab.kube).patch_namespaced_horizontal_pod_autoscaler
    scaling("till", lab.namespace, {"spec": {"scaleTargetRef": {"name": "till"}}})


@right("scales", "no room between: a JSON patch")
def scales_json_patch(lab):
    broken(lab, "most")
    change = [{"op": "replace", "path": "/spec/maxReplicas", "value": 3}]
    kubectl(lab, f"patch hpa till --type json --patch '{json.dumps(change)}'")


@right("scales", "a measure that nobody takes: deleted, and made anew under another name")
def scales_anew(lab):
    broken(lab, "metric")
    kubectl(lab, "delete hpa till")
    kubectl(lab, "autoscale deployment/till --name for-the-till --max 3 --cpu 12m")


@right("scales", "no room on a node: a smaller request of memory")
def scales_smaller(lab):
    broken(lab, "memory")
    kubectl(lab, "set resources deployment/till --requests memory=32Mi,cpu=20m")
