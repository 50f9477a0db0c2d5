"""Transfer: the manifest as it should be, and what each answer changes in it."""

from __future__ import annotations

import json

from kubernetes import client

from labkit.checks import right, wrong

from . import WEB, by_hand, kubectl, runbook

BOX = {
    "name": "web",
    "image": WEB,
    "env": [{"name": "GREETING", "value": "welcome"}, {"name": "MODE", "value": "prod"}],
    "resources": {"requests": {"cpu": "20m"}, "limits": {"memory": "128Mi"}},
    "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1},
}
LABELS = {"app": "shop", "made": "by-deployment"}


def deployment(labels=LABELS, spec=None, **box):
    """The Deployment, with changes to its container, its labels or its spec; None takes a field away."""
    changed = {k: v for k, v in {**BOX, **box}.items() if v is not None}
    pod = {"terminationGracePeriodSeconds": 1, "containers": [changed]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    told = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template, **(spec or {})}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}, "spec": told}


def service(selector=LABELS, ports=({"port": 80, "targetPort": 8080},), **spec):
    """The Service, with changes."""
    told = {"selector": selector, "ports": list(ports), **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": told}


def apply(lab, *objects):
    """Applies objects."""
    kubectl(lab, "apply --filename -", *objects)


@wrong("shop", "does not say how many")
def shop_one(lab):
    made = deployment()
    del made["spec"]["replicas"]
    apply(lab, made)


@wrong("shop", "writes a ReplicaSet")
def shop_replicaset(lab):
    apply(lab, {**deployment(), "kind": "ReplicaSet"})


@wrong("shop", "mistypes the tag")
def shop_tag(lab):
    apply(lab, deployment(image="localhost:5001/web:1"))


@wrong("shop", "takes the version of the odd one out")
def shop_version(lab):
    apply(lab, deployment(image="localhost:5001/web:2.0"))


@wrong("shop", "limits memory to 128M")
def shop_thousands(lab):
    apply(lab, deployment(resources={"requests": {"cpu": "20m"}, "limits": {"memory": "128M"}}))


@wrong("shop", "limits memory to 128m")
def shop_thousandths(lab):
    apply(lab, deployment(resources={"requests": {"cpu": "20m"}, "limits": {"memory": "128m"}}))


@wrong("shop", "leaves the request out")
def shop_no_request(lab):
    apply(lab, deployment(resources={"limits": {"memory": "128Mi"}}))


@wrong("shop", "requests twenty CPUs")
def shop_twenty(lab):
    apply(lab, deployment(resources={"requests": {"cpu": 20}, "limits": {"memory": "128Mi"}}))


@wrong("shop", "asks for readiness on the Service's port")
def shop_never_ready(lab):
    apply(lab, deployment(readinessProbe={"httpGet": {"path": "/readyz", "port": 80}, "periodSeconds": 1}))


@wrong("shop", "gives a command that the image does not have")
def shop_command(lab):
    apply(lab, deployment(command=["web"]))


@right("shop", "by the SDK's typed objects")
def shop_typed(lab):
    probe = client.V1Probe(http_get=client.V1HTTPGetAction(path="/readyz", port="http"), period_seconds=1)
    box = client.V1Container(
        name="anything",
        image=WEB,
        env=[client.V1EnvVar(name="MODE", value="prod"), client.V1EnvVar(name="GREETING", value="welcome")],
        ports=[client.V1ContainerPort(container_port=8080, name="http")],
        resources=client.V1ResourceRequirements(requests={"cpu": "0.02"}, limits={"memory": "134217728"}),
        readiness_probe=probe,
    )
    labels = {"app": "shop", "team": "blue", "tier": "front"}
    expressions = [{"key": "team", "operator": "In", "values": ["blue", "green"]}]
    spec = client.V1DeploymentSpec(
        replicas=3,
        selector=client.V1LabelSelector(match_expressions=expressions),
        template=client.V1PodTemplateSpec(
            metadata=client.V1ObjectMeta(labels=labels), spec=client.V1PodSpec(containers=[box])
        ),
    )
    body = client.V1Deployment(metadata=client.V1ObjectMeta(name="shop"), spec=spec)
    client.AppsV1Api(lab.kube).create_namespaced_deployment(lab.namespace, body)


@right("shop", "with an autoscaler, the image by its digest")
def shop_autoscaled(lab, fleet):
    digest = runbook(by_hand(lab).values())["image"]
    made = deployment(image=digest)
    del made["spec"]["replicas"]
    apply(lab, made)
    kubectl(lab, "autoscale deployment/shop --min 3 --max 6 --cpu 80%")


@wrong("reached", "selects by a label that those made by hand have, too, and sends to a port by its name")
def reached_by_hand(lab):
    ports = [{"port": 80, "targetPort": "http"}]
    made = deployment(ports=[{"name": "http", "containerPort": 8080}])
    apply(lab, made, service(selector={"app": "shop"}, ports=ports))


@wrong("reached", "copies the example and keeps its selector")
def reached_news(lab):
    lab.wait(lab.apply("news.yaml")[0], "complete", timeout=120)
    apply(lab, deployment(), service(selector={"app": "news"}))


@wrong("reached", "has a slip in the selector")
def reached_nobody(lab):
    apply(lab, deployment(), service(selector={"app": "shop", "made": "by-deploy"}))


@wrong("reached", "sends to the port on which it listens")
def reached_port(lab):
    apply(lab, deployment(), service(ports=[{"port": 80}]))


@wrong("reached", "listens where the application does")
def reached_8080(lab):
    apply(lab, deployment(), service(ports=[{"port": 8080}]))


@wrong("reached", "forgets a variable")
def reached_mode(lab):
    apply(lab, deployment(env=BOX["env"][:1]), service())


@wrong("reached", "copies a greeting from a Pod that has drifted")
def reached_greeting(lab):
    env = [{"name": "GREETING", "value": "welcom"}, {"name": "MODE", "value": "prod"}]
    apply(lab, deployment(env=env), service())


@wrong("reached", "lets a client stay with one replica")
def reached_affinity(lab):
    apply(lab, deployment(), service(sessionAffinity="ClientIP"))


@wrong("reached", "leaves a Pod of a first try behind")
def reached_leftover(lab):
    pod = {"metadata": {"name": "shop", "labels": LABELS}, "spec": {"containers": [BOX]}}
    apply(lab, {"apiVersion": "v1", "kind": "Pod", **pod}, deployment(), service())
    kubectl(lab, "wait pod/shop --for condition=Ready --timeout 120s")


@right("reached", "by kubectl alone, one command after another")
def reached_kubectl(lab):
    kubectl(lab, f"create deployment shop --image {WEB} --replicas 3")
    labels = {
        "metadata": {"labels": {"app": "shop", "is": "new"}},
        "spec": {"terminationGracePeriodSeconds": 1},
    }
    change = json.dumps({"spec": {"selector": {"matchLabels": {"app": "shop"}}, "template": labels}})
    kubectl(lab, f"patch deployment shop --patch '{change}'")
    kubectl(lab, "set env deployment/shop GREETING=welcome MODE=prod")
    kubectl(lab, "set resources deployment/shop --requests cpu=20m --limits memory=128Mi")
    kubectl(lab, "create service clusterip shop --tcp 80:8080")
    kubectl(lab, "set selector service/shop is=new")


@wrong("kept", "asks nobody whether it is ready")
def kept_unasked(lab):
    apply(lab, deployment(readinessProbe=None), service())


@wrong("kept", "asks /healthz")
def kept_healthz(lab):
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1}
    apply(lab, deployment(readinessProbe=probe), service())


@wrong("kept", "leaves the intervals at their defaults")
def kept_defaults(lab):
    apply(lab, deployment(readinessProbe={"httpGet": {"path": "/readyz", "port": 8080}}), service())


@wrong("kept", "asks for life in place of readiness")
def kept_liveness(lab):
    apply(lab, deployment(readinessProbe=None, livenessProbe=BOX["readinessProbe"]), service())


@wrong("kept", "publishes addresses that are not ready")
def kept_published(lab):
    apply(lab, deployment(), service(publishNotReadyAddresses=True))


@right("kept", "another port, a command as the question, settings from a ConfigMap, named ports")
def kept_other(lab):
    ask = "import urllib.request as r; r.urlopen('http://127.0.0.1:9000/readyz')"
    settings = {"GREETING": "welcome", "MODE": "prod", "PORT": "9000"}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop"}, "data": settings}
    box = {
        "env": None,
        "envFrom": [{"configMapRef": {"name": "shop"}}],
        "ports": [{"name": "web", "containerPort": 9000}],
        "readinessProbe": {
            "exec": {"command": ["python3", "-c", ask]},
            "periodSeconds": 2,
            "failureThreshold": 1,
        },
    }
    box["readinessProbe"]["timeoutSeconds"] = 2
    ports = [{"name": "http", "port": 80, "targetPort": "web"}, {"name": "again", "port": 9000}]
    apply(lab, config, deployment(**box), service(ports=ports, type="NodePort"))
