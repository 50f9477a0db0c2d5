"""ConfigMaps that tests wait on."""

from __future__ import annotations

from kubernetes import client


def marker(lab, name):
    """A ConfigMap to wait on."""
    client.CoreV1Api(lab.kube).create_namespaced_config_map(lab.namespace, {"metadata": {"name": name}})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": lab.namespace}}


def setter(lab, name):
    """Writes to the ConfigMap when it is called."""
    core, body = client.CoreV1Api(lab.kube), {"data": {"now": "yes"}}
    return lambda: core.patch_namespaced_config_map(name, lab.namespace, body)


def is_set(found):
    return (found.get("data") or {}).get("now") == "yes"
