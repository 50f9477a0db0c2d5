"""Repair: the autoscaler."""

from __future__ import annotations

import json

from kubernetes import client
from kubernetes.utils import parse_quantity

from labkit import Mismatch, Missing
from labkit.checks import check, scene
from labkit.observe import ask
from labkit.observe.autoscaling import between, cpu_target, scaler_of, scales_up
from labkit.observe.workloads import read, removed, rolled_out, stated, there

TARGET, IDLE = parse_quantity("0.6"), parse_quantity("2m")
FAULTS = ("request", "target", "most", "metric", "memory")


@scene(lambda random: {"fault": random.choice(FAULTS)})
def peak(lab, facts):
    """a `till` with an autoscaler, and a `crowd` that keeps it busy"""
    removed(lab, "HorizontalPodAutoscaler", "till")
    removed(lab, "Deployment", "till", "crowd")
    fault, nodes = facts["fault"], ask(client.CoreV1Api(lab.kube).list_node).items
    room = int(max(parse_quantity(n.status.allocatable["memory"]) for n in nodes))
    requests = {"memory": str(room * 6 // 10) if fault == "memory" else "32Mi"}
    requests |= {} if fault == "request" else {"cpu": "20m"}
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}
    queue = {"metric": {"name": "queue-length"}, "target": {"type": "AverageValue", "averageValue": "2"}}
    metric = {"type": "Pods", "pods": queue} if fault == "metric" else {"type": "Resource", "resource": cpu}
    aim, most = "till-web" if fault == "target" else "till", 1 if fault == "most" else 3
    gaps = {"REQUESTS": json.dumps(requests), "TARGET": aim, "MOST": most, "METRIC": json.dumps(metric)}
    lab.apply("till.yaml", force=True, **gaps)
    lab.apply("crowd.yaml", force=True)


@check(
    task="repair",
    points=3,
    needs=peak,
    timeout=300,
    hints=(
        "`kubectl get hpa` and `kubectl get pods` show where it stops: at reading, wishing or placing.",
        "`kubectl describe hpa till` says under Conditions what the autoscaler could not do, "
        "`kubectl describe pod` under Events what a Pod waits for.",
    ),
)
def scales(lab):
    """Under the crowd `till` has more than one ready replica, because its autoscaler wants it so"""
    there(lab, "Deployment", "till")
    if not (read(lab, "Deployment", "crowd") or {"spec": {}})["spec"].get("replicas"):
        raise Missing("The crowd is not there.", fix='start("peak") sets up all of it anew')
    rolled_out(lab, "crowd")
    scaler = scaler_of(lab, "till")
    between(scaler, 1, 3)
    request = min((stated(p, "requests", "cpu") or 0 for p in rolled_out(lab, "till")), default=0)
    target = cpu_target(scaler, request or None)
    if abs(target - TARGET) > parse_quantity("0.01"):
        hint = "The plan was right. What is wrong is something that the plan does not say."
        raise Mismatch("The target is not that of the plan.", wanted="60 %", found=f"{target:.0%}", hint=hint)
    if request * target < IDLE:
        hint = (
            "What does a replica use when nobody asks it (`kubectl top pods`), and would it ever be let go?"
        )
        raise Mismatch(
            "With this request an idle replica is above the target, too.", found=request, hint=hint
        )
    scales_up(lab, "till", scaler, target)
