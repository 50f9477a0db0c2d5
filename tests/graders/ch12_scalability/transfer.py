"""Answers to the exercise of chapter 12, wrong and right."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections import Counter

import yaml
from kubernetes import client
from kubernetes.utils import parse_quantity

from labkit.checks import hand_in, right, wrong
from labkit.checks.loader import load

STEM = "ch12_scalability"
WEB = "localhost:5001/web:1.0"


def kubectl(lab, line, *objects):
    """Runs kubectl in the namespace of this workspace; objects are what ``-f -`` reads."""
    words = ["kubectl", "--namespace", lab.namespace, *shlex.split(line)]
    given = yaml.safe_dump_all(objects) if objects else None
    options = {"env": os.environ | lab.workspace.env(), "capture_output": True, "text": True}
    done = subprocess.run(words, input=given, **options)
    assert not done.returncode, done.stderr
    return done.stdout


# --- do: audit


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


def differences(lab, words=("image", "GREETING", "MODE", "memory", "readiness")):
    """The audit as it should be, or of some words alone."""
    pods = by_hand(lab)
    wanted = runbook(pods.values())
    return {n: [w for w in words if settings(p)[w] != wanted[w]] for n, p in pods.items()}


@wrong("audit", "takes what is Ready for what is right")
def audit_ready(lab, fleet):
    ready = kubectl(lab, "get pods --selector made=by-hand --no-headers").count("1/1")
    hand_in(lab, "audit", {} if ready == 6 else {"shop-1": ["readiness"]})


@wrong("audit", "takes what most have for what is right, as the chapter did")
def audit_majority(lab, fleet):
    found = {name: settings(pod) for name, pod in by_hand(lab).items()}
    usual = {w: Counter(s[w] for s in found.values()).most_common(1)[0][0] for w in found["shop-1"]}
    hand_in(lab, "audit", {n: [w for w in usual if s[w] != usual[w]] for n, s in found.items()})


@wrong("audit", "compares images by name")
def audit_image_names(lab, fleet):
    said = differences(lab)
    for name, pod in by_hand(lab).items():
        if pod["spec"]["containers"][0]["image"] != WEB:
            said[name] = sorted({*said[name], "image"})
    hand_in(lab, "audit", said)


@wrong("audit", "compares amounts of memory by spelling")
def audit_spelling(lab, fleet):
    said = differences(lab)
    for name, pod in by_hand(lab).items():
        if pod["spec"]["containers"][0]["resources"]["limits"]["memory"] != "128Mi":
            said[name] = sorted({*said[name], "memory"})
    hand_in(lab, "audit", said)


@wrong("audit", "compares image and variables, nothing else")
def audit_variables(lab, fleet):
    hand_in(lab, "audit", differences(lab, ("image", "GREETING", "MODE")))


@wrong("audit", "goes through the variables that are there")
def audit_present(lab, fleet):
    hand_in(lab, "audit", differences(lab, ("image", "GREETING", "memory", "readiness")))


@wrong("audit", "forgets that a Pod without a question is Ready")
def audit_no_readiness(lab, fleet):
    hand_in(lab, "audit", differences(lab, ("image", "GREETING", "MODE", "memory")))


@wrong("audit", "repairs what it finds")
def audit_repairs(lab, fleet):
    said = differences(lab)
    name = next(name for name, words in said.items() if "image" in words)
    kubectl(lab, f"set image pod/{name} web={WEB}")
    hand_in(lab, "audit", said)


@wrong("audit", "names what it compared in words of its own")
def audit_words(lab, fleet):
    said = differences(lab)
    own = {name: [w.replace("readiness", "readinessProbe") for w in words] for name, words in said.items()}
    hand_in(lab, "audit", own)


@wrong("audit", "turns it round: the Pods by word")
def audit_by_word(lab, fleet):
    said = differences(lab)
    hand_in(lab, "audit", {"image": [name for name, words in said.items() if "image" in words]})


@right("audit", "by kubectl, Pods without a difference too")
def audit_kubectl(lab, fleet):
    hand_in(lab, "audit", differences(lab))


@right("audit", "by the SDK, one word not in a list, other order, clean Pods left out")
def audit_sdk(lab, fleet):
    core, said = client.CoreV1Api(lab.kube), {}
    pods = core.list_namespaced_pod(lab.namespace, label_selector="app=shop").items
    ids = {p.status.container_statuses[0].image_id for p in pods if p.spec.containers[0].image == WEB}
    for pod in pods:
        box = pod.spec.containers[0]
        env = {v.name: v.value for v in box.env}
        odd = {
            "readiness": box.readiness_probe is None,
            "memory": parse_quantity(box.resources.limits["memory"]) != 2**27,
            "MODE": env.get("MODE") != "prod",
            "GREETING": env.get("GREETING") != "welcome",
            "image": pod.status.container_statuses[0].image_id not in ids,
        }
        words = [word for word, is_odd in odd.items() if is_odd]
        said |= {pod.metadata.name: words[0] if len(words) == 1 else words} if words else {}
    hand_in(lab, "audit", said)


# --- transfer: the manifest as it should be, and what each answer changes in it

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


# --- repair: each answer is to one fault, which it sets up first


def broken(lab, fault):
    """Sets the scene with this fault, whichever was drawn."""
    scene = load(STEM).scenes["peak"]
    with lab.scene(scene.name):
        scene.build(lab, {"fault": fault})
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
