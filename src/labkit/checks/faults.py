"""Whose fault an exception is: the learner's for a `Failure`, else the lab's, or the check's own."""

from __future__ import annotations

import json
import traceback
from typing import Any

import docker
import requests
import urllib3
import websocket
from kubernetes.client import ApiException
from kubernetes.dynamic.exceptions import DynamicApiError

from labkit.checks.result import ERROR, FAIL
from labkit.core.errors import Failure, LabkitError, Missing, root
from labkit.core.kube import message
from labkit.core.paths import REGISTRY

CONNECTIONS = (
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    websocket.WebSocketException,
    ConnectionError,
    TimeoutError,
)
COURSE_IMAGES = (f"{REGISTRY}/", "debian:trixie-slim")
GONE = "An object went away, or was never there."
AGAIN = "run it again; if it stays so: make doctor"

LONGEST = 500
"""How much is shown of what was wanted or found, in characters."""


def failure(e: Failure) -> dict[str, Any]:
    """A failure's part of a result."""
    return {
        "verdict": FAIL,
        "message": e.message,
        "hint": e.hint,
        "fix": e.fix,
        "wanted": short(e.wanted),
        "found": short(e.found),
        "evidence": getattr(e, "evidence", ""),
    }


def short(value: Any) -> str | None:
    """A text for what was wanted or found; a learner's answer may be long."""
    if value is None:
        return None
    try:
        text = str(root(value) if isinstance(value, BaseException) else value)
    except Exception:  # whatever it is, a learner is told of the check, and not of it
        text = f"a {type(value).__name__}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def explain(e: Exception) -> dict[str, Any]:
    """What any other exception comes to: the lab's fault, or the check's, and seldom the learner's."""
    if isinstance(e, docker.errors.NotFound):
        if any(name in (e.explanation or "") for name in COURSE_IMAGES):
            return fault("An image of the course is not there.", e.explanation, "make up")
        return failure(Missing(GONE, found=e.explanation))
    if isinstance(e, LabkitError):
        return fault(e.message, e.found, e.fix)
    if isinstance(e, docker.errors.APIError):
        return fault("The engine refused a question.", e.explanation or e)
    if isinstance(e, ApiException | DynamicApiError):
        if is_gone(e):
            return failure(Missing(GONE, found=message(e)))
        unwell = not e.status or e.status >= 500
        return fault(f"The cluster {'did not answer' if unwell else 'refused'} a question.", message(e))
    if isinstance(e, CONNECTIONS):
        return fault("The lab did not answer.", e)
    if isinstance(e, docker.errors.DockerException):
        return fault("The engine could not do what the check asked for.", e)
    where = "".join(traceback.format_exception(e)[-3:])
    return {"verdict": ERROR, "message": "The check itself broke.", "evidence": where, "fix": AGAIN}


def fault(message: str, found: Any, fix: str | None = None) -> dict[str, Any]:
    """A part of a result that blames the lab."""
    return {"verdict": ERROR, "message": message, "found": short(found), "fix": fix or AGAIN}


def is_gone(e: ApiException) -> bool:
    """Whether the cluster says that one object is not there; a kind that is not there is another matter."""
    try:
        return e.status == 404 and bool(json.loads(e.body or "")["details"]["name"])
    except (TypeError, KeyError, ValueError):
        return False
