"""A Lab: the SDKs' own clients for one chapter, what they make labelled, and one way to remove it all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

from docker.models.containers import Container
from filelock import FileLock, Timeout
from kubernetes import client
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.resource import ResourceInstance

from labkit.core import labels, paths
from labkit.core.errors import Busy, Usage
from labkit.core.kube import ask, dynamic_client
from labkit.lab import cleanup, manifests, private_engine, sessions
from labkit.lab.clients import LabelledAPI, LabelledDocker, LabelledKube, docker_client, kube_client
from labkit.lab.reset import reset as reset_stem
from labkit.lab.reset import reset_workspace
from labkit.lab.workspace import VARIABLE, Workspace, cleared
from labkit.wait import containers, objects

NAME_LIMIT = 63
"""The longest name of a namespace: a DNS label (RFC 1123)."""

ROLES = ("chapter", "exercise", "proof", "console", "test")


class Use(Enum):
    """Who else may use a stem while a Lab of it is open."""

    ALONE = "alone"
    """Nobody: a chapter, or a learner's own exercise. A lock keeps other processes out; in this process the
    Lab is the stem's only one, and opening it again closes the earlier one."""

    NAMED = "named"
    """Other processes: ``LABKIT_WORKSPACE`` names the place. In this process it is the stem's only Lab."""

    APART = "apart"
    """Anybody: the caller made the place, and many such Labs may be open side by side."""

    @classmethod
    def of(cls, role: str, given: Workspace | None, workspace: Workspace | None) -> Use:
        """How a Lab is used.

        Args:
            role: the Lab's.
            given: the workspace that the caller made, if any.
            workspace: the one that the Lab is at, if any.
        """
        if given is not None:
            return cls.APART
        return cls.ALONE if workspace is None or workspace.own else cls.NAMED


class Lab:
    """The lab of one stem.

    ``lab.docker`` is a `docker.DockerClient` and ``lab.kube`` a `kubernetes.client.ApiClient`; code written
    with them works without labkit. What they create carries ``lab.labels``, and `close` removes just that.

    Args:
        stem: the chapter, such as ``ch01_docker_manages``.
        role: chapter, exercise, proof, console or test. What an exercise makes stays when its kernel ends,
            and the next kernel finds it again, until `reset`.
        workspace: where an exercise or a proof runs, for whoever has made one: such Labs share nothing, and
            many may be open side by side. None is the place of this process (`Workspace.here`).
        engine: the ``url`` and the ``version`` of the API of the engine, where another Lab knows them:
            nothing is then asked before its first use.

    Raises:
        Usage: there is no such stem or role.
        Busy: another process holds this stem.
        EngineUnavailable: no Docker daemon answers.
    """

    _open: dict[str, Lab] = {}  # noqa: RUF012  one per process and stem, shared on purpose

    def __init__(
        self,
        stem: str,
        role: str = "chapter",
        workspace: Workspace | None = None,
        engine: Mapping[str, str] | None = None,
    ):
        if not stem.isidentifier() or "_" not in stem:
            raise Usage(f"{stem!r} is no stem.", wanted="a chapter such as ch01_docker_manages")
        if role not in ROLES:
            raise Usage(f"{role!r} is no role.", wanted=", ".join(ROLES))
        self.stem, self.role = stem, role
        self._workspace = Workspace.here(stem) if workspace is None and role == "exercise" else workspace
        self.use = Use.of(role, workspace, self._workspace)
        self.session = self._workspace.session if self._workspace else secrets.token_hex(3)
        self.labels = labels.labels(stem, role, self.session)
        if self.use is not Use.APART and (earlier := Lab._open.pop(stem, None)):
            earlier.leave() if earlier.role == "exercise" else earlier.close()  # the first cell was run again
        self._lock = take_lock(stem) if self.use is Use.ALONE else None
        self._run = None if self.use is Use.ALONE else sessions.Run(self.session)
        self._kube: LabelledKube | None = None
        try:
            self.docker: LabelledDocker = docker_client(self.labels, **{**self._engine(), **(engine or {})})
        except BaseException:
            self.leave()
            raise
        self._engines: list[private_engine.PrivateEngine] = []
        self._closed = False
        if self.use is not Use.APART:
            Lab._open[stem] = self

    def _engine(self) -> dict[str, Any]:
        """How to reach the workspace's engine, where it is not the course's."""
        has_engine = self._workspace and self._workspace.engine
        return private_engine.reached(has_engine) if has_engine else {}

    @property
    def has_workspace(self) -> bool:
        """Whether there is a workspace: an exercise has one, a chapter has none."""
        return self._workspace is not None

    @property
    def workspace(self) -> Workspace:
        """Where the exercise runs, and where its state is kept.

        Raises:
            Usage: this Lab has none, for it is a chapter's.
        """
        if self._workspace is None:
            raise Usage(f"The lab of a {self.role} has no workspace.", wanted='a Lab with role="exercise"')
        return self._workspace

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def prefix(self) -> str:
        """What names of this stem begin with, such as ``ch01-``."""
        return cleanup.prefix_of(self.stem)

    @property
    def kube(self) -> LabelledKube:
        """A client for the course's cluster, opened when it is first asked for.

        Raises:
            ClusterUnavailable: there is no cluster.
        """
        if self._kube is None:
            self._kube = kube_client(self.labels, self._workspace.kubeconfig if self._workspace else None)
        return self._kube

    @cached_property
    def dynamic(self) -> DynamicClient:
        """The SDK's dynamic client, for objects of any kind."""
        return dynamic_client(self.kube)

    @cached_property
    def namespace(self) -> str:
        """This Lab's own namespace, made when it is first asked for.

        Raises:
            ClusterUnavailable: the API server does not answer.
        """
        end = f"-{self.role}-{self.session}"
        name = self.stem.replace("_", "-").lower()[: NAME_LIMIT - len(end)] + end
        core = client.CoreV1Api(self.kube)
        if ask(lambda: core.read_namespace(name)) is None:  # an exercise's is there from an earlier kernel
            ask(lambda: core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name))))
        account = {  # without it, Pods would be refused
            "kind": "ServiceAccount",
            "apiVersion": "v1",
            "metadata": {"name": "default", "namespace": name},
        }
        objects.wait(self.dynamic, account, lambda account: True, timeout=30)
        return name

    def apply(self, manifest: str | Path, *, force: bool = False, **changes: Any) -> Any:
        """Applies a manifest of ``k8s/<stem>/`` (or of a path) to the Lab's namespace, server-side.

        Args:
            manifest: a file name, or a path.
            force: take over fields that somebody else has set; without it that is a conflict.
            **changes: values for ``${NAME}`` in the file.

        Returns:
            The object, or the list of objects, as dynamic resources.

        Raises:
            Usage: there is no such file, or the API server refuses it.
        """
        path = manifests.locate(self.stem, manifest)
        return manifests.apply(self.dynamic, path, self.namespace, changes, force)

    def wait(
        self, thing: Any, condition: str | Callable[[Any], Any], timeout: float = 60, **options: Any
    ) -> Any:
        """Waits until a container or an object of the cluster meets a condition; returns it as it then is.

        Args:
            thing: a docker container, a typed or dynamic Kubernetes object, or ``"deployment/web"``.
            condition: for containers ``running``, ``healthy``, ``exited``, ``removed``; for objects any
                condition type (``Ready``, ``Available`` …), ``complete`` (a rollout, a Job), ``Endpoints``
                (a Service's ready addresses, with ``count``), ``gone``; or a predicate, given the container
                or the object as a dict.
            timeout: seconds.
            **options: ``count`` for ``Endpoints``.

        Raises:
            TimedOut: with the last state, recent events or log lines, and what to look at.
            Missing: the container was removed; Mismatch: the Job has failed. Neither will come true.
            BrokenEnvironment: the engine or the cluster cannot be reached.
        """
        if isinstance(thing, Container):
            return containers.wait(thing, condition, timeout)
        o = objects.wait(self.dynamic, manifests.as_object(self, thing), condition, timeout, **options)
        return ResourceInstance(self.dynamic, o)

    def engine(self, name: str, **options: Any) -> private_engine.PrivateEngine:
        """Another Docker engine, empty, in a container of its own: a with-block, or ``start`` and ``stop``.

        Args:
            name: what it is called in listings.
            **options: ``cpus``, ``memory``, ``disk``, ``args``: see `PrivateEngine`.
        """
        engine = private_engine.PrivateEngine(self, name, **options)
        self._engines.append(engine)
        return engine

    def node_label(self, name: str) -> str:
        """A node's name without the cluster's: ``worker``, ``worker2``, ``control-plane``."""
        return name.removeprefix(paths.cluster_name() + "-")

    def owned(self) -> dict[str, list[str]]:
        """What this Lab has made and not yet removed: kind of object → names, sorted."""
        return cleanup.owned(self.docker, self.labels, self._kube)

    def close(self) -> None:
        """Removes everything this Lab made and lets go of the stem; calling it again does nothing.

        Raises:
            NotOurs: something stays, for somebody else uses it.
            BrokenEnvironment: the engine or the cluster went away; `reset` finds what is left.
        """
        if self._closed:
            return
        try:
            for other in self._engines:
                other.close_clients()
            cleanup.remove(self.docker, self.labels, self._kube)
        finally:
            self.docker.close()
            self.leave()

    def leave(self) -> None:
        """Lets go of the stem; what the Lab made stays."""
        self._closed = True
        if Lab._open.get(self.stem) is self:
            del Lab._open[self.stem]
        if self._lock is not None:
            self._lock.release()
        if self._run is not None:
            self._run.end()

    @contextmanager
    def scene(self, name: str) -> Iterator[None]:
        """What is made in this block belongs to a scene; what an earlier run of it made is removed first.

        Args:
            name: the scene's.
        """
        labels = {**self.labels, "labkit.scene": name}
        cleanup.remove(self.docker, labels, self._kube)
        clients: list[LabelledAPI | LabelledKube] = [self.docker.api]
        if self._kube is not None:
            clients.append(self._kube)
        for one in clients:
            one.own_labels = labels
        try:
            yield
        finally:
            for one in clients:
                one.own_labels = self.labels

    @classmethod
    def opened(cls) -> Lab | None:
        """The Lab that this process opened last and has not closed; None if there is none."""
        return next(reversed(cls._open.values()), None)

    @classmethod
    def reset(cls, stem: str) -> dict[str, list[str]]:
        """Removes what earlier runs of a stem left, killed ones included; see `labkit.lab.reset.reset`.

        At a workspace that ``LABKIT_WORKSPACE`` names, only what was made there is removed.
        """
        if earlier := cls._open.pop(stem, None):
            earlier.leave()
        if os.environ.get(VARIABLE):  # other workspaces of the stem may be in use, by others
            removed = reset_workspace(workspace) if (workspace := Workspace.given()).stem == stem else {}
            cleared(stem)
            return removed
        lock = take_lock(stem)
        try:
            removed = reset_stem(stem)
            cleared(stem)
            return removed
        finally:
            lock.release()


def take_lock(stem: str) -> FileLock:
    """The lock that lets one process at a time work on a stem; the system frees it when the process dies.

    Raises:
        Busy: another process has it.
    """
    folder = paths.home() / "locks"
    folder.mkdir(exist_ok=True)
    lock, holder = FileLock(folder / f"{stem}.lock"), folder / f"{stem}.pid"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        process = holder.read_text().strip() if holder.exists() else "unknown"
        raise Busy(
            f"The lab of {stem} is in use.",
            found=f"process {process}",
            fix="shut that notebook's kernel down (JupyterLab: Kernel, Shut Down), then try again",
        ) from None
    holder.write_text(str(os.getpid()))
    return lock


reset = Lab.reset
