"""The base image: pulled where a registry answers, else bootstrapped from Debian's packages.

Everything the course builds stands on `SOURCE`; what the machine's network needs in addition (the
certificates of a company proxy) is added to it as `localhost:5001/base:trixie` (`labkit.provision.images`).
"""

from __future__ import annotations

import hashlib
import os
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from requests.exceptions import RequestException

from labkit.core import engine
from labkit.core.errors import ImageUnavailable, Unsupported
from labkit.core.paths import home, lab_id
from labkit.core.process import run
from labkit.provision.debian_root import SUITE, need_mmdebstrap, sudo

SOURCE = "debian:trixie-slim"
NAME = "base:trixie"
"""The course's own base, on top of it."""

Say = Callable[[str], None]
ASK_SECONDS = 8
"""How long the registry may take to say that it has the image; the download itself has no limit."""

CA_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")

SLIM = (
    "/usr/share/man/*",
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/lintian/*",
)
"""What the pulled slim image leaves out, so that both have the same files."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def ca_bundle() -> Path | None:
    """The CA bundle that this machine's programs are told to use, or None.

    The first of `CA_VARIABLES` that names a file counts.
    """
    named = (os.environ.get(name) for name in CA_VARIABLES)
    return next((Path(n) for n in named if n and Path(n).is_file()), None)


def ca_hash(bundle: Path | None) -> str:
    """Names the contents of a CA bundle: 12 hex digits, or ``none``."""
    return hashlib.sha256(bundle.read_bytes()).hexdigest()[:12] if bundle else "none"


def ensure(say: Say = lambda _: None) -> str:
    """Makes sure that the engine has the base of all course images, and returns its name.

    Args:
        say: told in a line what is being done.

    Raises:
        ImageUnavailable: `SOURCE` can neither be pulled nor bootstrapped on this machine.
        CommandFailed: the build on top of it failed.
    """
    from labkit.provision import images

    images.ensure([NAME], report=lambda name, state, _: say(f"{name} {state}"))
    return images.IMAGES[NAME].reference


def source(client: docker.DockerClient, say: Say = lambda _: None) -> str:
    """Makes sure that the engine has `SOURCE`, and returns its id.

    Args:
        client: the engine's.
        say: told why, where it cannot be pulled.

    Raises:
        ImageUnavailable: it can neither be pulled nor bootstrapped on this machine.
    """
    try:
        return client.images.get(SOURCE).id
    except ImageNotFound:
        pass
    why = pull(client)
    if why:
        say(f"cannot be pulled ({why}): made from Debian's packages")
        bootstrap(why)
    return client.images.get(SOURCE).id


def pull(client: docker.DockerClient) -> str | None:
    """Pulls `SOURCE`: None when that worked, else the reason in one line.

    The registry is first only asked about the image, with a time limit, so that a machine without a way to
    it learns that in seconds, and a slow line may still take its time for the download.
    """
    usual, client.api.timeout = client.api.timeout, ASK_SECONDS
    try:
        client.images.get_registry_data(SOURCE)
        client.api.timeout = usual
        client.images.pull(*SOURCE.split(":"))
    except APIError as e:
        return str(e.explanation or e).strip().rpartition(": ")[2]
    except (RequestException, DockerException) as e:
        return f"no answer within {ASK_SECONDS} s" if "timed out" in str(e).lower() else type(e).__name__
    finally:
        client.api.timeout = usual
    return None


def bootstrap(why: str) -> None:
    """Makes `SOURCE` with mmdebstrap, labelled ``labkit.base=bootstrapped``.

    Args:
        why: the reason why it was not pulled, for the error.
    """
    try:
        need_mmdebstrap()
        root = sudo()
    except (Unsupported, FileNotFoundError) as e:
        raise ImageUnavailable(
            f"{SOURCE} can neither be pulled nor bootstrapped here.",
            wanted="a registry that answers, or Debian or Ubuntu with root or sudo",
            found=f"{why}; {getattr(e, 'message', e)}",
            fix=f"docker pull {SOURCE}  (behind a proxy or a mirror: configure the engine for it)",
        ) from e
    labels = {"labkit.base": "bootstrapped", "labkit.image": SOURCE, "labkit.image-of": lab_id()}
    changes = [
        f"ENV PATH={PATH}",
        'CMD ["bash"]',
        *(f"LABEL {k}={shlex.quote(v)}" for k, v in labels.items()),
    ]
    keep = "path-include=/usr/share/doc/*/copyright"
    excludes = [f"--dpkgopt={o}" for o in (*(f"path-exclude={p}" for p in SLIM), keep)]
    with tempfile.TemporaryDirectory(dir=home()) as folder:
        tar = Path(folder, "base.tar")
        run(
            [*root, "mmdebstrap", "--quiet", "--variant=minbase", *excludes, SUITE, tar],
            fix="check that this machine reaches its Debian mirror",
        )
        options = [o for c in changes for o in ("--change", c)]
        run([*engine.docker_cmd(), "import", *options, tar, SOURCE], env=engine.cli_env())
