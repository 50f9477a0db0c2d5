"""Calls to the cluster's API server: bounded in time, failures told apart, kinds found by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import urllib3
from kubernetes.client import ApiClient, ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import (
    DynamicApiError,
    NotFoundError,
    ResourceNotFoundError,
    ResourceNotUniqueError,
)

from labkit.core.errors import ClusterUnavailable, Usage

T = TypeVar("T")
BROKEN = (urllib3.exceptions.HTTPError, OSError, json.JSONDecodeError)
"""What a connection that breaks, or an answer that breaks off, raises."""

CONNECT = 5.0
"""Seconds for a connection to the API server."""

ANSWER_SECONDS = 60.0
"""Seconds for an answer, where no `answer_within` says otherwise."""

UNWELL = (401, 408, 429)
"""Statuses below 500 that speak of the server, not of the request (401: another cluster took its place)."""

_answer: ContextVar[float] = ContextVar("answer", default=ANSWER_SECONDS)


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """In this block, a call to the API server may take so many seconds."""
    token = _answer.set(seconds)
    try:
        yield
    finally:
        _answer.reset(token)


def timeouts() -> tuple[float, float]:
    """Seconds for connecting and for an answer, as urllib3 takes them."""
    seconds = _answer.get()
    return min(CONNECT, seconds), seconds


def dynamic_client(kube: ApiClient) -> DynamicClient:
    """The SDK's dynamic client; which kinds there are is asked for once, and kept in memory.

    Its own cache is a file named by the server's address: another cluster on the same port would find it. A
    path that cannot be written leaves it in memory (0.1 s a process).

    Raises:
        ClusterUnavailable: the API server does not answer, or something else does.
    """
    dynamic = ask(lambda: DynamicClient(kube, cache_file="/dev/null/none"))
    if dynamic is None:
        raise ClusterUnavailable("What answers in the cluster's place is no API server.", fix="make up")
    return dynamic


def ask(call: Callable[[], T]) -> T | None:
    """Calls the API server; None if the object is not there.

    Raises:
        ClusterUnavailable: it does not answer, or is unwell.
        Usage: it refuses; its reason is in the error.
    """
    try:
        return call()
    except (ApiException, DynamicApiError) as e:
        if isinstance(e, NotFoundError) or e.status == 404:
            return None
        reason = message(e)
        if not e.status or e.status >= 500 or e.status in UNWELL:
            raise ClusterUnavailable(
                "The cluster's API server is unwell.", found=reason, fix="make up"
            ) from None
        raise Usage("The cluster's API server refuses.", found=reason) from None
    except BROKEN as e:
        raise ClusterUnavailable(
            "The cluster's API server does not answer.", found=e, fix="make up"
        ) from None


def message(e: ApiException) -> str:
    """What the API server says is wrong (the ``message`` of the Status that it answers with)."""
    try:
        return str(json.loads(e.body or "")["message"])
    except (TypeError, KeyError, ValueError):
        return f"{e.status} {e.reason}"


def find(dynamic: DynamicClient, api_version: str | None, kind: str) -> Any:
    """The resource behind a kind; without a version, the preferred one of the first group that has it.

    Raises:
        Usage: the cluster has no such kind.
        ClusterUnavailable: the API server does not answer.
    """

    def search() -> Any:
        if api_version:
            return dynamic.resources.get(kind=kind, api_version=api_version)
        resources = dynamic.resources.search(kind=kind, preferred=True)
        return next((r for r in resources if r.kind == kind), None)

    try:
        resource = ask(search)
    except (ResourceNotFoundError, ResourceNotUniqueError):
        resource = None
    if resource is None:
        named = f"{kind} of {api_version}" if api_version else kind
        raise Usage(f"The cluster has no kind {named}.", fix="kubectl api-resources lists them")
    return resource
