"""The base image: pulled where a registry answers, else bootstrapped from Debian's packages.

Everything the course builds stands on `SOURCE`; what the machine's network needs in addition (the
certificates of a company proxy) is added to it as `localhost:5001/base:trixie` (`labkit.provision.images`).
"""

from __future__ import annotations

import filecmp
import hashlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from labkit.core import engine
from labkit.core.errors import ImageUnavailable, Unsupported
from labkit.core.paths import home, lab_id
from labkit.core.process import run
from labkit.provision import pull
from labkit.provision.debian_root import SUITE, need_mmdebstrap, sudo

SOURCE = "debian:trixie-slim"
Say = Callable[[str], None]
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


def kept_bundle() -> Path:
    """Where the bundle is kept that was named last; removed by hand, or by ``labkit down --all``."""
    return home() / "ca-bundle.pem"


def ca_bundle() -> Path | None:
    """The CA bundle that this machine's programs are told to use, or None.

    The first of `CA_VARIABLES` that names a file counts. It is kept for a shell in which none does: with
    tools that set them on and off (conda), each `up` would build all images anew.
    """
    kept = kept_bundle()
    named = (os.environ.get(name) for name in CA_VARIABLES)
    bundle = next((Path(n) for n in named if n and Path(n).is_file()), None)
    if bundle is None:
        return kept if kept.is_file() else None
    if not kept.is_file() or not filecmp.cmp(bundle, kept, shallow=False):
        whole = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(bundle, whole)
        whole.replace(kept)
    return bundle


def ca_hash(bundle: Path | None) -> str:
    """Names the contents of a CA bundle: 12 hex digits, or ``none``."""
    return hashlib.sha256(bundle.read_bytes()).hexdigest()[:12] if bundle else "none"


def source(client: docker.DockerClient, say: Say = lambda _: None) -> str:
    """Makes sure that the engine has `SOURCE`, and returns its id.

    Args:
        client: the engine's.
        say: told why, where it cannot be pulled.

    Raises:
        ImageUnavailable: it can neither be pulled nor bootstrapped on this machine.
    """
    try:
        return id_of(client)
    except ImageNotFound:
        pass
    if why := pull.pull(client, SOURCE):
        say(f"cannot be pulled ({why}): made from Debian's packages")
        bootstrap(why)
    elif (pulled := pull.source_of(SOURCE)) != SOURCE:
        client.images.get(pulled).tag(*SOURCE.split(":"))
        client.images.remove(pulled, noprune=True)
    return id_of(client)


def id_of(client: docker.DockerClient) -> str:
    """The id of `SOURCE` in an engine.

    Raises:
        docker.errors.ImageNotFound: the engine does not have it.
    """
    return client.images.get(SOURCE).id or ""


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
            fix=f"docker pull {SOURCE}  (a proxy: configure the engine for it; a mirror: LABKIT_MIRROR)",
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
