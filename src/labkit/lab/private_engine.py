"""Another Docker engine in a container: the "other machine", and where faults, proofs and page blocks run.

It is reached over TLS with certificates that it makes at its start, on a port of 127.0.0.1 only: whoever
reaches an engine's API owns its machine.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, cast

import requests
from docker.errors import DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.tls import TLSConfig

from labkit.core.errors import CommandFailed, EngineUnavailable, ImageUnavailable, TimedOut, Usage
from labkit.core.paths import REGISTRY
from labkit.lab.clients import LabelledDocker, docker_client
from labkit.lab.workspace import Engine
from labkit.wait import containers
from labkit.wait.until import until

IMAGE = f"{REGISTRY}/engine:26.1"
PORT = "2376/tcp"
START_SECONDS = 60
LOAD_SECONDS = 120
"""How long one piece of an image may take between two engines."""

CHUNK = 2**20
"""Bytes of a piece."""


class Owner(Protocol):
    """What a private engine needs of its Lab: the client, and what its things are called."""

    docker: LabelledDocker
    labels: dict[str, str]
    session: str

    @property
    def prefix(self) -> str:
        """What its names begin with, such as ``ch01-``."""
        ...


class PrivateEngine:
    """An empty engine of its own; a with-block, or `start` and `stop`.

    Args:
        lab: whose it is.
        name: a word; the container's name ends in it.
        cpus: how many CPUs all of its containers may use together; None sets no limit.
        memory: likewise for memory, such as ``"512m"``.
        disk: size of its disk, which is then memory, such as ``"400m"``; None gives it a volume.
        args: further options of dockerd.
    """

    def __init__(
        self,
        lab: Owner,
        name: str,
        *,
        cpus: float | None = None,
        memory: str | None = None,
        disk: str | None = None,
        args: Sequence[str] = (),
    ):
        self.lab, self.name = lab, f"{lab.prefix}{name}-{lab.session}"
        # memory and swap in one: otherwise as much again may be swapped out, and nobody feels the limit
        bounds = {"mem_limit": memory, "memswap_limit": memory}
        self._limits: dict[str, Any] = {"nano_cpus": int(cpus * 1e9) if cpus else None, **bounds}
        self._disk, self._args = disk, args
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._container: Container | None = None
        self._docker: LabelledDocker | None = None

    def __enter__(self) -> PrivateEngine:
        return self.start()

    @property
    def container(self) -> Container:
        """The container that it runs in.

        Raises:
            Usage: it has not been started, or was stopped.
        """
        if self._container is None:
            raise self._not_started()
        return self._container

    @property
    def docker(self) -> LabelledDocker:
        """Its client; what it creates is labelled as the Lab's.

        Raises:
            Usage: it has not been started, or was stopped.
        """
        if self._docker is None:
            raise self._not_started()
        return self._docker

    def _not_started(self) -> Usage:
        return Usage(
            f"The private engine {self.name} does not run.",
            fix="use it in a with-block, or start it",
        )

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> PrivateEngine:
        """Starts it and waits until it answers; one that does not is removed again.

        Raises:
            ImageUnavailable: the engine's image has not been built.
            EngineUnavailable: it ended, or did not answer in time; its last words are in the error.
        """
        try:
            self._run()
            self._answer()
        except BaseException:
            self.stop()
            raise
        return self

    def _run(self) -> None:
        """Creates its disk and starts its container."""
        at = "/var/lib/docker"
        if self._disk:
            storage: dict[str, Any] = {"tmpfs": {at: f"size={self._disk}"}}
        else:
            self.lab.docker.volumes.create(self.name)
            storage = {"volumes": {self.name: {"bind": at, "mode": "rw"}}}
        try:
            self._container = self.lab.docker.containers.run(
                IMAGE,
                name=self.name,
                hostname=self.name,
                detach=True,
                privileged=True,
                ports=cast(Any, {PORT: ("127.0.0.1", None)}),  # any free port
                environment={"DOCKERD_ARGS": " ".join(self._args)},
                **storage,
                **self._limits,
            )
        except ImageNotFound:
            raise ImageUnavailable(
                "The image of the other engine is not there.", wanted=IMAGE, fix="make up"
            ) from None

    def _answer(self) -> None:
        """Waits until it answers over TLS."""
        ended = False
        try:
            started = containers.wait(self.container, healthy_or_ended, START_SECONDS)
            ended = containers.is_exited(started)
            if not ended:
                self._docker = docker_client(self.lab.labels, self.docker_host, tls=self.tls())
                not_yet = (requests.exceptions.RequestException, DockerException)
                until(self._docker.ping, timeout=START_SECONDS, what=f"{self.name} answers", ignore=not_yet)
        except TimedOut as e:
            raise EngineUnavailable(
                "The other engine did not start.", found=e.evidence, fix="make doctor"
            ) from None
        if ended:
            log = self.container.logs(tail=5).decode(errors="replace").strip()
            raise EngineUnavailable("The other engine ended at once.", found=log, fix="see its ``args``")

    @property
    def docker_host(self) -> str:
        """Its URL, for ``DOCKER_HOST``.

        Raises:
            Usage: it has not been started, or was stopped.
        """
        self.container.reload()
        published = self.container.ports[PORT] or []
        return f"tcp://127.0.0.1:{published[0]['HostPort']}"

    @property
    def certificates(self) -> Path:
        """A folder with ca.pem, cert.pem and key.pem, for ``DOCKER_CERT_PATH``."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="labkit-")
            data, _ = self.container.get_archive("/certs/client/.")
            with tarfile.open(fileobj=io.BytesIO(b"".join(data))) as tar:
                tar.extractall(self._folder.name, filter="data")
        return Path(self._folder.name)

    def tls(self) -> TLSConfig:
        """The client's side of the connection."""
        return tls(self.certificates)

    @property
    def env(self) -> dict[str, str]:
        """Variables with which the docker CLI talks to it."""
        certificates = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(self.certificates)}
        return {"DOCKER_HOST": self.docker_host, **certificates}

    def exec(self, argv: Sequence[str] | str) -> tuple[int, str]:
        """Runs a command on the other machine; returns its exit status and what it printed, errors included.

        Args:
            argv: program and arguments, or a line for the shell.
        """
        result = self.container.exec_run(["sh", "-c", argv] if isinstance(argv, str) else list(argv))
        return cast(int, result.exit_code), cast(bytes, result.output).decode(errors="replace")

    def load(self, *names: str) -> None:
        """Copies images from the course's engine, under their names; what they share travels once.

        Raises:
            ImageUnavailable: the course's engine does not have one of them.
            CommandFailed: it does not fit, or the other engine failed.
        """
        for name in names:
            try:
                self.lab.docker.images.get(name)
            except ImageNotFound:
                raise ImageUnavailable(f"There is no image {name}.", fix="make up") from None
        if not names:
            return
        api = self.lab.docker.api  # docker-py saves only one image at a time
        url, times = f"{api.base_url}/v{api.api_version}/images/get", (LOAD_SECONDS, LOAD_SECONDS)
        try:
            with api.get(url, params={"names": names}, stream=True, timeout=times) as archive:
                archive.raise_for_status()
                self.docker.images.load(archive.iter_content(CHUNK))  # type: ignore[arg-type]  # or an iterable of bytes
        except (requests.exceptions.RequestException, DockerException) as e:
            # A full engine hangs up in the middle: what its disk says is the better half of the message.
            _, room = self.exec("df -h --output=avail,size /var/lib/docker | tail -n 1")
            raise CommandFailed(
                f"{', '.join(names)} could not be copied to {self.name}.",
                found=f"its disk: {' free of '.join(room.split())}; {e}",
                fix="give it more disk, or fewer images",
            ) from None

    def close_clients(self) -> None:
        """Lets go of the connection and of the certificates."""
        if self._docker:
            self._docker.close()
            self._docker = None
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def stop(self) -> None:
        """Removes it with everything on it; that it is gone already is fine."""
        self.close_clients()
        with suppress(NotFound):
            if self._container is not None:
                self._container.remove(force=True, v=True)
        with suppress(NotFound):
            if not self._disk:
                self.lab.docker.volumes.get(self.name).remove(force=True)
        self._container = None


def reached(engine: Engine) -> dict[str, Any]:
    """How `labkit.lab.clients.docker_client` reaches an engine of a workspace: its ``url`` and ``tls``."""
    return {"url": engine.url, "tls": tls(Path(engine.certificates))}


def healthy_or_ended(container: Container) -> bool:
    """Whether there is nothing more to wait for."""
    return containers.is_healthy(container) or containers.is_exited(container)


def tls(folder: Path) -> TLSConfig:
    """The client's side of a connection, from a folder with ca.pem, cert.pem and key.pem."""
    pair = (str(folder / "cert.pem"), str(folder / "key.pem"))
    return TLSConfig(client_cert=pair, ca_cert=str(folder / "ca.pem"), verify=True)
