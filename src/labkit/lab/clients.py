"""Docker and Kubernetes clients as their SDKs have them, except that what they create is labelled."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from typing import Any

import requests
from kubernetes import client, config

from labkit.core.endpoint import EngineAPI, EngineClient, at, choose
from labkit.core.errors import ClusterUnavailable, Mismatch
from labkit.core.kube import timeouts
from labkit.core.paths import kubeconfig

FOLLOWS = re.compile(r"[?&](watch|follow)=(true|1)", re.I)
"""An address whose answer goes on: its silences are no fault."""

BUILT = "labkit.built"
"""The label of images alone: the name that a Lab built them under. It tells apart what inherits it."""


class LabelledAPI(EngineAPI):
    """docker-py's low-level client; every object it creates carries ``own_labels``.

    Containers inherit the labels of their image, and these win over them, so that a container belongs to the
    Lab that made it and not to the one that built its image.
    """

    own_labels: dict[str, str]
    url: str
    """Where the engine is."""

    most_output: int | None = None
    """How much a command in a container may print to a reader of all of it, in bytes; None: no bound."""

    def _read_from_socket(
        self, response: requests.Response, stream: bool, tty: bool = True, demux: bool = False
    ) -> Any:
        """As docker-py's, through the reader that has read the response's head.

        docker-py goes on reading from the bare socket and so loses what arrived together with the head: the
        output of a quick command (docker-py issues 2042 and 3332; seen in 1 of 300 calls here).
        """
        self._raise_for_status(response)  # type: ignore[attr-defined]  # docker-py's own
        parts = frames(response, tty, demux)
        if stream:
            return parts
        pieces = list(within(parts, self.most_output))
        if not demux:
            return b"".join(pieces)
        return tuple(b"".join(piece[i] for piece in pieces if piece[i]) or None for i in (0, 1))

    def create_container_from_config(
        self, config: Any, name: str | None = None, platform: str | None = None
    ) -> Any:
        """As docker-py's, labelled."""
        config = {**config, "Labels": {**(config.get("Labels") or {}), **self.own_labels, BUILT: ""}}
        return super().create_container_from_config(config, name, platform)  # type: ignore[no-untyped-call]

    def create_network(self, name: str, *args: Any, labels: Any = None, **kwargs: Any) -> Any:
        """As docker-py's, labelled."""
        kwargs["labels"] = {**(labels or {}), **self.own_labels}
        return super().create_network(name, *args, **kwargs)

    def create_volume(
        self, name: str | None = None, driver: str | None = None, driver_opts: Any = None, labels: Any = None
    ) -> Any:
        """As docker-py's, labelled."""
        return super().create_volume(name, driver, driver_opts, {**(labels or {}), **self.own_labels})

    def build(
        self, path: str | None = None, tag: str | None = None, *args: Any, labels: Any = None, **kwargs: Any
    ) -> Any:
        """As docker-py's, labelled; the containers of its steps go as with the docker command.

        docker-py would keep them, and nobody could tell whose they are: they carry no label.
        """
        kwargs = {"rm": True, "forcerm": True, **kwargs}
        kwargs["labels"] = {**(labels or {}), **self.own_labels, BUILT: full_name(tag)}
        return super().build(path, tag, *args, **kwargs)

    def commit(
        self,
        container: Any,
        repository: str | None = None,
        tag: str | None = None,
        *args: Any,
        changes: Any = None,
        **kwargs: Any,
    ) -> Any:
        """As docker-py's, labelled."""
        lines = [changes] if isinstance(changes, str) else list(changes or [])
        labels = {**self.own_labels, BUILT: full_name(repository, tag)}
        lines += [f'LABEL {name}="{value}"' for name, value in labels.items()]
        kwargs["changes"] = lines
        return super().commit(container, repository, tag, *args, **kwargs)


def full_name(repository: str | None, tag: str | None = None) -> str:
    """An image's name with its tag, as the engine lists it; ``untagged`` where it gets none."""
    if not repository:
        return "untagged"
    has_tag = ":" in repository.rsplit("/", 1)[-1]  # a colon before the last slash is a registry's port
    return repository if has_tag else f"{repository}:{tag or 'latest'}"


def frames(response: Any, tty: bool, demux: bool) -> Iterator[Any]:
    """What a container wrote, piece by piece (Docker Engine API, "Attach to a container", stream format)."""
    reader = response.raw._fp.fp
    try:
        while True:
            if tty:
                kind, data = 1, reader.read1(4096)
            else:
                header = reader.read(8)
                kind, size = struct.unpack(">BxxxL", header) if len(header) == 8 else (1, 0)
                data = reader.read(size)
            if not data:
                return
            yield ((data, None) if kind == 1 else (None, data)) if demux else data
    finally:
        response.close()


def within(parts: Iterator[Any], most: int | None) -> Iterator[Any]:
    """What a command prints, as long as it is not too much.

    Raises:
        Mismatch: it is.
    """
    total = 0
    for part in parts:
        total += sum(len(p) for p in part if p) if isinstance(part, tuple) else len(part)
        if most is not None and total > most:
            raise Mismatch("A command in a container printed too much.", wanted=f"at most {most} bytes")
        yield part


class LabelledDocker(EngineClient):
    """docker-py's client over a `LabelledAPI`."""

    api: LabelledAPI


def docker_client(labels: dict[str, str], url: str | None = None, **options: Any) -> LabelledDocker:
    """A `docker.DockerClient` whose creations carry these labels.

    Args:
        labels: what is put on everything.
        url: the daemon; None finds the course's.
        **options: as for `docker.APIClient` (``tls``, ``version`` …).

    Raises:
        EngineUnavailable: no URL is given, and no daemon answers.
    """
    endpoint = at(url) if url else choose()
    api = LabelledAPI(**{**endpoint.options(), "timeout": 120, **options})
    api.url, api.own_labels = endpoint.url, labels
    return LabelledDocker(api)


class LabelledKube(client.ApiClient):
    """The Kubernetes client; every object it posts carries ``own_labels`` in its metadata.

    No call lasts for ever: it ends after `labkit.core.kube.ANSWER_SECONDS` without an answer, unless it says
    otherwise or follows something.
    """

    def __init__(self, configuration: client.Configuration, labels: dict[str, str]):
        super().__init__(configuration)
        self.own_labels = labels

    def call_api(
        self,
        method: str,
        url: str,
        header_params: Any = None,
        body: Any = None,
        post_params: Any = None,
        _request_timeout: Any = None,
    ) -> Any:
        """As the SDK's, labelled; only what is created is touched, and not what it contains."""
        if method == "POST" and isinstance(body, dict) and isinstance(body.get("metadata"), dict):
            labels = {**(body["metadata"].get("labels") or {}), **self.own_labels}
            body = {**body, "metadata": {**body["metadata"], "labels": labels}}
        if _request_timeout is None and not FOLLOWS.search(url):
            _request_timeout = timeouts()
        return super().call_api(method, url, header_params, body, post_params, _request_timeout)


def kube_client(labels: dict[str, str], path: str | None = None) -> LabelledKube:
    """A client for the course's cluster, from its own kubeconfig.

    Args:
        labels: what is put on everything.
        path: another kubeconfig.

    Raises:
        ClusterUnavailable: there is no cluster.
    """
    path = path or str(kubeconfig())
    if not os.path.exists(path):
        raise ClusterUnavailable("The course's cluster is not there.", wanted=path, fix="make up")
    configuration = client.Configuration()
    config.load_kube_config(path, client_configuration=configuration)
    configuration.retries = False
    configuration.proxy = None  # the cluster is on this machine, whatever HTTPS_PROXY says
    return LabelledKube(configuration, labels)
