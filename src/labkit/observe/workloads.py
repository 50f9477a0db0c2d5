"""What a check asks of the cluster: a Deployment's own Pods, whether its rollout ended, and what keeps it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from kubernetes.utils import parse_quantity

from labkit.core.errors import BrokenEnvironment, LabkitError, Mismatch, Missing, TimedOut
from labkit.core.kube import ask, find
from labkit.lab.lab import Lab
from labkit.wait.conditions import Object, has, is_complete, status_of
from labkit.wait.diagnostics import why
from labkit.wait.loop import Deadline, follow
from labkit.wait.objects import Watched

REVISION = "deployment.kubernetes.io/revision"
PULLING = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
MAKING = ("CreateContainerConfigError", "CreateContainerError")
STARTING = ("RunContainerError", "CrashLoopBackOff")
START_SECONDS, READY_SECONDS = 120.0, 40.0
"""How long the Pods of a rollout may take to start, and then to be ready; on a busy machine, too."""


def read(lab: Lab, kind: str, name: str) -> Object | None:
    """An object of the lab's namespace; None if there is none."""
    resource = find(lab.dynamic, None, kind)
    found = ask(lambda: resource.get(name=name, namespace=lab.namespace))
    return found and found.to_dict()


def there(lab: Lab, kind: str, name: str) -> Object:
    """An object of the lab's namespace.

    Raises:
        Missing: there is none.
    """
    if found := read(lab, kind, name):
        return found
    raise Missing(f"There is no {kind} `{name}`.")


def listed(lab: Lab, kind: str) -> list[Object]:
    """All objects of a kind in the lab's namespace, except those that are being deleted."""
    resource = find(lab.dynamic, None, kind)
    answer = ask(lambda: resource.get(namespace=lab.namespace).to_dict()) or {"items": []}
    return [o for o in answer["items"] if not o["metadata"].get("deletionTimestamp")]


def removed(lab: Lab, kind: str, *names: str) -> None:
    """Removes objects by name, whoever made them, and waits until they are gone: a scene makes them anew."""
    resource = find(lab.dynamic, None, kind)
    present = [o for name in names if (o := read(lab, kind, name))]
    how = {"namespace": lab.namespace, "body": {"gracePeriodSeconds": 1, "propagationPolicy": "Background"}}
    for o in present:
        ask(partial(resource.delete, name=o["metadata"]["name"], **how))
    for o in present:
        lab.wait(o, "gone", timeout=START_SECONDS)


def owner(o: Object) -> str | None:
    """The uid of the controller that keeps an object."""
    return next((r["uid"] for r in o["metadata"].get("ownerReferences") or [] if r.get("controller")), None)


def pods_of(lab: Lab, deployment: Object, among: list[Object] | None = None) -> list[Object]:
    """The Pods of a Deployment's template as it is now: by owner, not by label; none that is being deleted.

    Args:
        lab: whose.
        deployment: as the API server has it.
        among: Pods that were listed already.
    """
    uid, revision = deployment["metadata"]["uid"], deployment["metadata"].get("annotations", {}).get(REVISION)
    ours = [s["metadata"] for s in listed(lab, "ReplicaSet") if owner(s) == uid]
    sets = {m["uid"] for m in ours if m.get("annotations", {}).get(REVISION) == revision}
    found = listed(lab, "Pod") if among is None else among
    kept = [p for p in found if owner(p) in sets and not p["metadata"].get("deletionTimestamp")]
    return sorted(kept, key=lambda p: p["metadata"]["name"])


def rolled_out(lab: Lab, name: str) -> list[Object]:
    """Waits until a Deployment's rollout is complete; returns its Pods.

    Raises:
        Missing: there is no such Deployment.
        Mismatch: it will not be complete as it is: a Pod cannot be pulled, made, started or placed.
        TimedOut: it was not complete in time.
    """
    deployment = lab.wait(there(lab, "Deployment", name), has_seen, timeout=READY_SECONDS).to_dict()
    watched, word = Pods(lab), f"`{name}`"

    def all_are(so: Callable[[Object], bool]) -> Callable[[list[Object]], bool]:
        def test(found: list[Object]) -> bool:
            ours = pods_of(lab, deployment, found)
            refuse(word, ours, found)
            wanted = there(lab, "Deployment", name)["spec"].get("replicas", 1)  # an autoscaler may set it
            return sum(map(so, ours)) == len(ours) == wanted

        return test

    try:
        watched.until(f"A Pod of {word}", "started", all_are(has_started), START_SECONDS)
    except TimedOut as e:
        raise kept_waiting(lab, word, pods_of(lab, deployment)) or e from None
    try:
        watched.until(f"A Pod of {word}", "ready", all_are(has("Ready")), READY_SECONDS)
    except TimedOut as e:
        e.hint = "What is it asked before it counts as ready? `kubectl describe pod` ends with the answer."
        raise
    lab.wait(deployment, is_complete, timeout=READY_SECONDS)
    return pods_of(lab, there(lab, "Deployment", name))


def replaced(lab: Lab, name: str, uid: str) -> list[Object]:
    """Deletes one Pod of a Deployment; returns its Pods when they are as many and ready again.

    Raises:
        Mismatch, TimedOut: they are not.
    """
    pods = find(lab.dynamic, "v1", "Pod")
    one = next(p for p in listed(lab, "Pod") if p["metadata"]["uid"] == uid)
    how = {"namespace": lab.namespace, "body": {"gracePeriodSeconds": 1}}
    ask(lambda: pods.delete(name=one["metadata"]["name"], **how))
    lab.wait({**one, "kind": "Pod", "apiVersion": "v1"}, "gone", timeout=START_SECONDS)
    return rolled_out(lab, name)


def has_seen(deployment: Object) -> bool:
    """Whether its controller has seen it as it is now."""
    return deployment["status"]["observedGeneration"] >= deployment["metadata"]["generation"]


def has_started(pod: Object) -> bool:
    """Whether all its containers run."""
    states = status_of(pod).get("containerStatuses") or []
    return bool(states) and all((s.get("state") or {}).get("running") is not None for s in states)


def refuse(word: str, ours: list[Object], all_pods: list[Object]) -> None:
    """Says so at once where waiting would change nothing.

    Args:
        word: whose Pods they are.
        ours: the Pods in question.
        all_pods: all of the namespace: while one of them goes, there may soon be room.

    Raises:
        Mismatch: a Pod is in a state that it will not leave by itself.
    """
    leaving = any(p["metadata"].get("deletionTimestamp") for p in all_pods)
    for pod in ours:
        said = why(pod)
        for reasons, what, hint in STUCK:
            if said.split(":")[0] in reasons and not (reasons == ("Unschedulable",) and leaving):
                raise Mismatch(f"A Pod of {word} {what}.", found=said[:300], hint=hint)


STUCK = (
    (PULLING, "cannot get its image", "A registry has names and tags to the letter."),
    (MAKING, "cannot be made", "`kubectl describe pod` says at its end what is missing."),
    (STARTING, "does not stay up", "`kubectl logs` has its last words, `kubectl describe pod` how it ended."),
    (("Unschedulable",), "finds no node", "What do its requests come to, and what is free on a node?"),
)
"""Reasons of a Pod that does not come up by itself, what that is in words, and where to look."""


def kept_waiting(lab: Lab, word: str, pods: list[Object]) -> LabkitError | None:
    """Whose fault it is that Pods have not started on their nodes: a missing object's, or the lab's.

    Args:
        lab: whose.
        word: whose Pods they are.
        pods: as they are now.
    """
    waiting = {p["metadata"]["name"] for p in pods if not has_started(p) and p["spec"].get("nodeName")}
    for event in listed(lab, "Event"):
        if event["involvedObject"].get("name") in waiting and event.get("reason") == "FailedMount":
            _, what, hint = STUCK[1]
            return Mismatch(f"A Pod of {word} {what}.", found=event.get("message"), hint=hint)
    if waiting:
        state = f"{len(waiting)} Pods wait for their node"
        return BrokenEnvironment("The cluster is too slow.", found=state, fix="run it again")
    return None


class Pods(Watched):
    """All Pods of a lab's namespace, as the API server tells of them."""

    def __init__(self, lab: Lab):
        self.resource, self.query = find(lab.dynamic, "v1", "Pod"), {"namespace": lab.namespace}
        self.items, self.version = {}, ""

    def state(self) -> Object:
        """The Pods as a list, with ``items``."""
        return {"kind": "PodList", "items": list(self.items.values())}

    def until(self, subject: str, word: str, test: Callable[[list[Object]], bool], timeout: float) -> None:
        """Waits for a condition of the Pods.

        Raises:
            TimedOut: with what keeps them.
        """
        follow(
            subject,
            word,
            lambda pods: test(pods["items"] if pods else []),
            self.look,
            self.stream,
            self.reasons,
            Deadline(timeout),
        )

    def reasons(self, pods: Object | None) -> str:
        """What keeps the Pods from being ready, a line each."""
        items = pods["items"] if pods else []
        return "\n".join(f"pod {p['metadata']['name']}: {why(p)}" for p in items if why(p))


def image_ids(pod: Object) -> set[str]:
    """The images that its containers really run, whatever their names."""
    return {status["imageID"] for status in status_of(pod).get("containerStatuses") or []}


def stated(pod: Object, kind: str, what: str) -> Decimal | None:
    """What its containers state together, or it as a whole, which comes first; None if nothing.

    Args:
        pod: as the API server has it, with the defaults of its namespace.
        kind: requests or limits.
        what: cpu or memory.
    """
    for parts in ([pod["spec"]], pod["spec"]["containers"]):
        resources = [(part.get("resources") or {}).get(kind) or {} for part in parts]
        if values := [parse_quantity(one[what]) for one in resources if what in one]:
            return sum(values, Decimal(0))
    return None


def same(what: str, wanted: str, found: Decimal | None, hint: str | None = None) -> None:
    """Holds a quantity of a replica against what was asked for, however both are spelled.

    Args:
        what: the quantity in words.
        wanted: what was asked for, such as ``128Mi``.
        found: what is stated; None if nothing.
        hint: where to look if it is another.

    Raises:
        Mismatch: it is another, or none.
    """
    if found is None:
        raise Mismatch(f"A replica has no {what}.", wanted=wanted)
    if found != parse_quantity(wanted):
        raise Mismatch(f"A replica has another {what}.", wanted=wanted, found=found, hint=hint)


def restarts(pods: list[Object]) -> dict[str, int]:
    """How often the containers of each Pod were started again, by the Pod's uid."""
    return {
        pod["metadata"]["uid"]: sum(s["restartCount"] for s in status_of(pod).get("containerStatuses") or [])
        for pod in pods
    }
