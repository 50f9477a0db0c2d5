"""Which Docker engine: the one that somebody named, else the one that answers at a usual place.

`choose` alone decides it, for every verb, for notebooks, grading and tests. As with docker's own command,
``DOCKER_HOST`` goes before ``DOCKER_CONTEXT``, and that before the context chosen by ``docker context use``;
TLS is asked for by ``DOCKER_TLS_VERIFY``, or by the context's files. An engine that is named is used, or
refused with the reason; another one is never taken in its stead.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import socket
import ssl
import stat
import urllib.parse
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException
from docker.tls import TLSConfig

from labkit.core.errors import EngineAbsent, EngineForbidden, EngineUnavailable, root

OLDEST_API = "1.43"
"""The oldest Docker API the chapters are run against (Docker 24)."""

PROBE_SECONDS = 5.0
"""How long an engine may take for a sign of life."""

PEM = ("ca.pem", "cert.pem", "key.pem")
"""What docker calls the files of a TLS connection."""

SCHEMES = ("unix", "tcp", "http", "https", "npipe")
UPDATE = "update Docker: https://docs.docker.com/engine/install/"
JOIN_GROUP = "sudo usermod -aG docker $USER, then log in again (or: newgrp docker)"


class EngineAPI(docker.APIClient):
    """docker-py's low-level client, which the environment does not lead elsewhere."""

    @property
    def trust_env(self) -> bool:
        """Never: with REQUESTS_CA_BUNDLE set, requests would ignore the authority that a TLS engine named."""
        return False

    @trust_env.setter
    def trust_env(self, value: bool) -> None:
        pass


class EngineClient(docker.DockerClient):
    """docker-py's client over an `EngineAPI`.

    Args:
        api: the low-level client.
    """

    def __init__(self, api: EngineAPI):  # docker-py's own would open a second low-level client
        self.api = api


class State(StrEnum):
    """What is found where an engine may be."""

    USABLE = "usable"
    ABSENT = "absent"
    """Nobody listens there."""
    SILENT = "silent"
    """Somebody may listen, and gives no answer in time."""
    DENIED = "denied"
    UNFIT = "unfit"
    """What is there answers, and cannot be used."""


@dataclass(frozen=True)
class Answer:
    """What came of asking an endpoint for a sign of life.

    Attributes:
        state: whether it can be used.
        why: the reason if not, in a few words.
        fix: what helps, where that is known.
        api: its API's version, such as ``1.45``, where it can be used.
    """

    state: State
    why: str = ""
    fix: str = ""
    api: str = ""


@dataclass(frozen=True)
class Endpoint:
    """Where an engine is reached, and how.

    Attributes:
        url: as in ``DOCKER_HOST``.
        named_by: what the user named it with, such as ``DOCKER_HOST``; empty for a usual place.
        certificates: the folder with `PEM`; None without TLS.
        verify: whether the engine's certificate is held against the CA's.
        api: the API's version that it has; empty before it has been asked.
    """

    url: str
    named_by: str = ""
    certificates: Path | None = None
    verify: bool = True
    api: str = ""

    def options(self) -> dict[str, Any]:
        """How `EngineAPI` reaches it.

        Raises:
            docker.errors.TLSParameterError: a file of its certificates is not there.
        """
        options: dict[str, Any] = {"base_url": self.url, "version": self.api or "auto"}
        if self.certificates:
            ca, cert, key = (str(self.certificates / name) for name in PEM)
            pair = (cert, key) if os.path.exists(cert) or os.path.exists(key) else None
            options["tls"] = TLSConfig(
                client_cert=pair, ca_cert=ca if self.verify else None, verify=self.verify
            )
        return options

    def variables(self) -> dict[str, str]:
        """With which variables docker's own command reaches it, whatever the user's say."""
        ours = {"DOCKER_HOST": self.url}
        if self.certificates:
            ours |= {"DOCKER_CERT_PATH": str(self.certificates)}
            ours |= {"DOCKER_TLS_VERIFY" if self.verify else "DOCKER_TLS": "1"}
        # an empty one counts as unset, for the command and for the SDK
        stale = ("DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_CERT_PATH", "DOCKER_CONTEXT")
        return {name: "" for name in stale if os.environ.get(name)} | ours

    def __str__(self) -> str:
        return f"{self.url} ({self.named_by})" if self.named_by else self.url


# --- what is named


def owner_uid() -> int:
    """The user for whom the engine runs: the one who called sudo, if that is how we became root."""
    return int(os.environ.get("SUDO_UID") or os.getuid()) if hasattr(os, "getuid") else 0


def own_folder() -> Path:
    """Where the course's own engine keeps its socket and pid file (below /run: gone after a reboot)."""
    return Path("/run/containers-proven") / str(owner_uid())


def own_host() -> str:
    """The URL of the course's own engine, running or not."""
    return f"unix://{own_folder() / 'docker.sock'}"


def usual() -> list[Endpoint]:
    """Where an engine is looked for when none is named: docker's own socket, then the course's."""
    default = "npipe:////./pipe/docker_engine" if os.name == "nt" else "unix:///var/run/docker.sock"
    return [Endpoint(default), Endpoint(own_host())]


def config_folder() -> Path:
    """Where docker's command keeps its settings and contexts."""
    return Path(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))


def config() -> dict[str, Any]:
    """What is in docker's ``config.json``; empty where there is none, or it cannot be read."""
    try:
        settings = json.loads((config_folder() / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}


def named() -> Endpoint | None:
    """The engine that the user has named, or None.

    Raises:
        EngineUnavailable: a context is named that is not there, or cannot be read.
    """
    if url := os.environ.get("DOCKER_HOST"):
        if url == own_host():  # `labkit env` has named it: it is ours to start
            return None
        wants_tls = bool(os.environ.get("DOCKER_TLS_VERIFY") or os.environ.get("DOCKER_TLS"))
        if not wants_tls or not url.startswith(("tcp:", "http")):
            return Endpoint(url, "DOCKER_HOST")
        folder = Path(os.environ.get("DOCKER_CERT_PATH") or config_folder())
        return Endpoint(url, "DOCKER_HOST", folder, verify=bool(os.environ.get("DOCKER_TLS_VERIFY")))
    if name := os.environ.get("DOCKER_CONTEXT"):
        return context(name, f"DOCKER_CONTEXT={name}")
    if name := config().get("currentContext"):
        return context(str(name), f"the docker context {name}")
    return None


def context(name: str, named_by: str) -> Endpoint | None:
    """The engine of one of docker's contexts; None for ``default``, which names none.

    Args:
        name: the context's.
        named_by: how it was named, for the reader.

    Raises:
        EngineUnavailable: there is no such context, or its file cannot be read.
    """
    if name == "default":
        return None
    key = hashlib.sha256(name.encode()).hexdigest()
    file = config_folder() / "contexts" / "meta" / key / "meta.json"
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))["Endpoints"]["docker"]
        url, verify = settings["Host"], not settings.get("SkipTLSVerify")
    except (OSError, ValueError, LookupError, TypeError) as e:
        raise EngineUnavailable(
            f"{named_by} names an engine, and there is no such context.",
            wanted=f"a context {name} in {config_folder() / 'contexts'}",
            found=f"{type(e).__name__}: {e}",
            fix="docker context use default, and: unset DOCKER_CONTEXT",
        ) from None
    folder = config_folder() / "contexts" / "tls" / key / "docker"
    has_tls = url.startswith(("tcp:", "http")) and (folder.is_dir() or not verify)
    return Endpoint(url, named_by, folder if has_tls else None, verify)


# --- asking


def ask(endpoint: Endpoint, seconds: float = PROBE_SECONDS) -> Answer:
    """Asks one endpoint for a sign of life; changes nothing there.

    Args:
        endpoint: where.
        seconds: how long it may take.
    """
    if found := hindrance(endpoint):
        return found
    # asked without a version in the path: an engine may accept newer ones only, or older ones
    options = endpoint.options() | {"version": OLDEST_API}
    try:
        with EngineAPI(**options, timeout=seconds) as client:  # type: ignore[arg-type]  # seconds may have a fraction
            return judged(client.version(api_version=False))
    except Exception as e:  # whatever keeps it from answering is the answer
        return reason(endpoint, e, seconds)


def hindrance(endpoint: Endpoint) -> Answer | None:
    """What keeps an endpoint from being asked at all."""
    scheme, _, rest = endpoint.url.partition("://")
    if scheme == "ssh":
        forward = f"ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock {rest}"
        fix = f"{forward} &  and: export DOCKER_HOST=unix:///tmp/docker.sock"
        return Answer(State.UNFIT, "engines are not reached over ssh", fix)
    if scheme not in SCHEMES or not rest:
        return Answer(State.UNFIT, "no URL of an engine (unix://, tcp://)")
    if scheme == "unix":
        return socket_hindrance(Path(rest))
    if folder := endpoint.certificates:
        # docker's command reads ca.pem even where it shall verify nothing
        needed = [name for name in PEM[:1] if not (folder / name).is_file()]
        has = [(folder / name).is_file() for name in PEM[1:]]
        needed += [name for name, there in zip(PEM[1:], has, strict=True) if any(has) and not there]
        if needed:
            why = f"TLS is asked for, and {folder} has no {', '.join(needed)}"
            return Answer(
                State.UNFIT, why, "export DOCKER_CERT_PATH=<the folder with ca.pem, cert.pem, key.pem>"
            )
    return None


def socket_hindrance(path: Path) -> Answer | None:
    """What keeps a Unix socket from being asked."""
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return Answer(State.ABSENT, f"{path} is not a socket")
    except (FileNotFoundError, NotADirectoryError):
        return Answer(State.ABSENT, "no such socket")
    except PermissionError:
        return Answer(State.DENIED, "permission denied", JOIN_GROUP)
    return None


def judged(version: dict[str, Any]) -> Answer:
    """Whether what answered is an engine that the course can use.

    Args:
        version: its answer to ``GET /version``.
    """
    components = [str(part.get("Name", "")) for part in version.get("Components") or []]
    if any("podman" in name.lower() for name in components):
        why = f"it is Podman {version.get('Version', '')}, and the course is about Docker's engine"
        return Answer(State.UNFIT, why, "start a Docker engine and name it in DOCKER_HOST")
    api = str(version.get("ApiVersion", ""))
    if not api:
        return Answer(State.UNFIT, "what answers there is no Docker engine")
    if numbers(api) < numbers(OLDEST_API):
        why = f"Docker {version.get('Version')} has API {api}, and {OLDEST_API} (Docker 24) is needed"
        return Answer(State.UNFIT, why, UPDATE)
    return Answer(State.USABLE, api=api)


def numbers(version: str) -> tuple[int, ...]:
    """A version in a form that can be compared."""
    return tuple(int(part) for part in version.split("."))


def reason(endpoint: Endpoint, error: Exception, seconds: float) -> Answer:
    """Why there was no answer, or none that can be used."""
    chain = causes(error)
    cause = next((e for e in chain if isinstance(e, ssl.SSLError)), root(error))
    if isinstance(cause, PermissionError):
        return Answer(State.DENIED, "permission denied", JOIN_GROUP)
    if isinstance(cause, TimeoutError) or any(isinstance(e, requests.exceptions.Timeout) for e in chain):
        return Answer(State.SILENT, f"no answer within {seconds:g} s")
    if isinstance(cause, ssl.SSLCertVerificationError):
        why = f"its certificate is not trusted ({cause.verify_message or cause.reason})"
        return Answer(State.UNFIT, why, "export DOCKER_CERT_PATH=<the folder with this engine's ca.pem>")
    if endpoint.certificates and isinstance(cause, ssl.SSLError):
        return Answer(State.UNFIT, *tls_reason(cause))
    if not endpoint.certificates and speaks_tls(endpoint.url, seconds):
        fix = "export DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=<the folder with ca.pem, cert.pem, key.pem>"
        return Answer(State.UNFIT, "it speaks TLS, and no certificates are named", fix)
    if isinstance(cause, socket.gaierror):
        return Answer(State.ABSENT, f"its name is not known ({cause.strerror})")
    nobody = (errno.ECONNREFUSED, errno.ENOENT, errno.EHOSTUNREACH, errno.ENETUNREACH)
    if isinstance(cause, OSError) and cause.errno in nobody:
        return Answer(State.ABSENT, "nobody listens there")
    for e in chain:
        if isinstance(e, requests.exceptions.HTTPError) and e.response is not None:
            explained = [a.explanation for a in chain if isinstance(a, APIError) and a.explanation]
            said = explained[0] if explained else e.response.text[:200].strip()
            return Answer(State.UNFIT, f"HTTP {e.response.status_code}: {said}")
    detail = error if isinstance(error, DockerException) and error.__cause__ is None else cause
    return Answer(State.UNFIT, f"what answers there is no Docker engine ({type(detail).__name__})")


def causes(error: BaseException) -> list[BaseException]:
    """An error and all that it comes from, those included that urllib3 only names (``reason``, ``args``)."""
    chain = [error]
    for e in chain:
        inner = [e.__cause__, e.__context__, getattr(e, "reason", None), *e.args]
        chain += [i for i in inner if isinstance(i, BaseException) and i not in chain]
    return chain


def tls_reason(error: ssl.SSLError) -> tuple[str, str]:
    """What a failed TLS connection came from, and what helps."""
    words = (error.reason or str(error)).lower().replace("_", " ")
    if "wrong version" in words or "record layer" in words:
        return "TLS is asked for, and it speaks plain HTTP", "unset DOCKER_TLS_VERIFY DOCKER_TLS"
    return f"TLS failed ({words})", "look at the files in DOCKER_CERT_PATH"


def speaks_tls(url: str, seconds: float) -> bool:
    """Whether a TLS handshake gets an answer of TLS; nothing is sent after it."""
    place = urllib.parse.urlsplit(url)
    if place.scheme not in ("tcp", "http", "https") or not place.hostname:
        return False
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with socket.create_connection((place.hostname, place.port or 2375), seconds) as plain:
            context.wrap_socket(plain, server_hostname=place.hostname).close()
    except ssl.SSLError as e:  # an alert is an answer of TLS, too
        return "ALERT" in (e.reason or "").upper()
    except OSError:
        return False
    return True


# --- deciding


def at(url: str) -> Endpoint:
    """The endpoint with a URL that is known: with TLS where the user has named that very engine so."""
    try:
        place = named()
    except EngineUnavailable:
        place = None
    return place if place and place.url == url else Endpoint(url)


def choose() -> Endpoint:
    """The engine that the course uses.

    Raises:
        EngineAbsent: none is named, and none answers.
        EngineForbidden: one is there, and this user may not use its socket.
        EngineUnavailable: one is named, or answers, and cannot be used; says which and why.
    """
    if place := named():
        answer = ask(place)
        if answer.state is State.USABLE:
            return replace(place, api=answer.api)
        raise refused(place, answer)
    own_is_named = os.environ.get("DOCKER_HOST") == own_host()
    answers: dict[Endpoint, Answer] = {}
    for place in [Endpoint(own_host())] if own_is_named else usual():
        answers[place] = ask(place)
        if answers[place].state is State.USABLE:
            return replace(place, api=answers[place].api)
    raise none_usable(answers)


def refused(place: Endpoint, answer: Answer) -> EngineUnavailable:
    """The error for an engine that was named and cannot be used."""
    if answer.state is State.DENIED:
        return forbidden(place)
    means = "docker context use default" if "context" in place.named_by else "unset DOCKER_HOST"
    means = "unset DOCKER_CONTEXT" if place.named_by.startswith("DOCKER_CONTEXT") else means
    other = f"to use another engine: {means}"
    return EngineUnavailable(
        f"{place.named_by} names a Docker engine that cannot be used.",
        wanted="a Docker engine that answers",
        found=f"{place}: {answer.why}",
        fix=f"{answer.fix}; {other}" if answer.fix else f"start that engine; {other}",
    )


def forbidden(place: Endpoint) -> EngineForbidden:
    """The error for an engine whose socket may not be opened."""
    return EngineForbidden(
        "A Docker daemon is there, but this user may not use its socket.",
        wanted=f"read and write access to {place}",
        found="permission denied",
        fix=JOIN_GROUP,
    )


def none_usable(answers: dict[Endpoint, Answer]) -> EngineUnavailable:
    """The error where none is named, and none at the usual places can be used.

    The course's own engine, silent, counts as none: to `up` it is one to start, or to start again.
    """
    tried = "; ".join(f"{place}: {answer.why}" for place, answer in answers.items())
    for place, answer in answers.items():
        if answer.state is State.DENIED:
            return forbidden(place)
    for place, answer in answers.items():
        hangs = answer.state is State.SILENT and place.url != own_host()
        if answer.state is State.UNFIT or hangs:
            return EngineUnavailable(
                "A Docker engine is there that cannot be used.",
                wanted="a Docker engine that answers",
                found=tried,
                fix=f"{answer.fix or 'stop or restart it'}; or, for the course's own engine: "
                f"export DOCKER_HOST={own_host()}, then: make up",
            )
    return EngineAbsent("No Docker daemon answers.", wanted="a Docker engine", found=tried, fix="make up")
