"""A Lab: the SDKs' own clients for one chapter, what they make labelled, and one way to remove it all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import docker
from filelock import FileLock, Timeout
from kubernetes import client
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.resource import ResourceInstance

from labkit.core import labels, paths
from labkit.core.errors import Busy, Usage
from labkit.core.kube import ask, dynamic_client
from labkit.lab import cleanup, private_engine, sessions
from labkit.lab import manifests as manifests
from labkit.lab.clients import LabelledKube, docker_client, kube_client
from labkit.lab.reset import reset as reset_stem
from labkit.lab.reset import reset_workspace
from labkit.lab.workspace import VARIABLE, Workspace, cleared
from labkit.wait import containers, objects

NAME_LIMIT = 63
"""The longest name of a namespace: a DNS label (RFC 1123)."""

ROLES = ("chapter", "exercise", "proof", "console", "test")


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

    Raises:
        Usage: there is no such stem or role.
        Busy: another process holds this stem.
        EngineUnavailable: no Docker daemon answers.
    """

    _open: dict[str, Lab] = {}  # noqa: RUF012  one per process and stem, shared on purpose

    def __init__(self, stem: str, role: str = "chapter", workspace: Workspace | None = None):
        if not stem.isidentifier() or "_" not in stem:
            raise Usage(f"{stem!r} is no stem.", wanted="a chapter such as ch01_docker_manages")
        if role not in ROLES:
            raise Usage(f"{role!r} is no role.", wanted=", ".join(ROLES))
        shared = workspace is None
        self.workspace = Workspace.here(stem) if shared and role == "exercise" else workspace
        self.stem, self.role = stem, role
        self.session = self.workspace.session if self.workspace else secrets.token_hex(3)
        self.labels = labels.labels(stem, role, self.session)
        if shared and (earlier := Lab._open.pop(stem, None)):
            earlier.leave() if earlier.role == "exercise" else earlier.close()  # the first cell was run again
        self._lock = take_lock(stem) if shared and (self.workspace is None or self.workspace.own) else None
        self._run = sessions.Run(self.session) if self._lock is None else None
        try:
            self.docker: docker.DockerClient = docker_client(self.labels, **self._engine())
        except BaseException:
            self.leave()
            raise
        self._engines: list[private_engine.PrivateEngine] = []
        self._closed = False
        if shared:
            Lab._open[stem] = self

    def _engine(self) -> dict[str, Any]:
        """How to reach the workspace's engine, where it is not the course's."""
        return (
            private_engine.reached(self.workspace.engine) if self.workspace and self.workspace.engine else {}
        )

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def prefix(self) -> str:
        """What names of this stem begin with, such as ``ch01-``."""
        return cleanup.prefix_of(self.stem)

    @cached_property
    def kube(self) -> LabelledKube:
        """A client for the course's cluster."""
        return kube_client(self.labels, self.workspace.kubeconfig if self.workspace else None)

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
        if (
            ask(lambda: core.read_namespace(name)) is None
        ):  # an exercise's may be there, from an earlier kernel
            ask(lambda: core.create_namespace({"metadata": {"name": name}}))
        account = {"kind": "ServiceAccount", "apiVersion": "v1"}  # without it, Pods would be refused
        account["metadata"] = {"name": "default", "namespace": name}
        objects.wait(self.dynamic, account, lambda found: True, timeout=30)
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

    def wait(self, thing: Any, condition: Any, timeout: float = 60, **options: Any) -> Any:
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
        if isinstance(thing, docker.models.containers.Container):
            return containers.wait(thing, condition, timeout)
        found = manifests.as_object(self, thing)
        return ResourceInstance(
            self.dynamic, objects.wait(self.dynamic, found, condition, timeout, **options)
        )

    def engine(self, name: str, **options: Any) -> private_engine.PrivateEngine:
        """Another Docker engine, empty, in a container of its own: a with-block, or ``start`` and ``stop``.

        Args:
            name: what it is called in listings.
            **options: ``cpus``, ``memory``, ``disk``, ``args``: see `PrivateEngine`.
        """
        made = private_engine.PrivateEngine(self, name, **options)
        self._engines.append(made)
        return made

    def node_label(self, name: str) -> str:
        """A node's name without the cluster's: ``worker``, ``worker2``, ``control-plane``."""
        return name.removeprefix(paths.cluster_name() + "-")

    def owned(self) -> dict[str, list[str]]:
        """What this Lab has made and not yet removed: kind of object → names, sorted."""
        return cleanup.owned(self.docker, self.labels, self.__dict__.get("kube"))

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
            cleanup.remove(self.docker, self.labels, self.__dict__.get("kube"))
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
        cleanup.remove(self.docker, labels, self.__dict__.get("kube"))
        clients = [self.docker.api, self.kube] if "kube" in self.__dict__ else [self.docker.api]
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
        who = holder.read_text().strip() if holder.exists() else "unknown"
        raise Busy(
            f"The lab of {stem} is in use.",
            found=f"process {who}",
            fix="shut that notebook's kernel down (JupyterLab: Kernel, Shut Down), then try again",
        ) from None
    holder.write_text(str(os.getpid()))
    return lock


reset = Lab.reset
