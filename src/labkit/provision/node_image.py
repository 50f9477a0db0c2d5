"""The kind node image: ``kindest/node`` where it can be pulled, else one built from Go modules.

Either way a thin layer is put on top (``k8s/cluster/lab.Dockerfile``): the lab's label and its registry.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import tarfile
import tempfile
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from labkit.core import engine
from labkit.core.errors import ImageUnavailable
from labkit.core.paths import REGISTRY, cluster_name, home, lab_id, repo
from labkit.core.process import run
from labkit.provision import kubernetes_build, pull

RECIPE = repo() / "k8s/cluster/node/image"
LAB_RECIPE = repo() / "k8s/cluster/lab.Dockerfile"
PULLED = "kindest/node:v1.37.0"
"""The default node image of kind v0.33.0."""

METRICS = "registry.k8s.io/metrics-server/metrics-server"
OWN = "containers-proven.internal"
"""The registry part of names that exist only inside the node image (``.internal`` is nobody's)."""


def pulled(client: docker.DockerClient, say: kubernetes_build.Say = lambda text: None) -> str | None:
    """Pulls ``kindest/node``, unless the engine has it or ``LABKIT_BUILD_NODE`` forbids it.

    Args:
        client: the engine's.
        say: told why, where it cannot be pulled.

    Returns:
        The name under which the engine has it; None where one has to be built.
    """
    if os.environ.get("LABKIT_BUILD_NODE"):
        return None
    name = pull.source_of(PULLED)
    try:
        client.images.get(name)
    except ImageNotFound:
        if why := pull.pull(client, PULLED):
            say(f"cannot be pulled ({why}): built from its sources")
            return None
    return name


def archive(target: Path, images: dict[str, tuple[list[Path], list[str] | None]]) -> None:
    """Writes images of static programs as one ``docker load`` archive; needs no engine.

    Args:
        target: the tar file to write.
        images: name → (files, entrypoint). A ``.tar`` file is taken as the whole root filesystem; any other
            goes to ``/usr/local/bin``.
    """
    listing = []
    with tarfile.open(target, "w") as out, tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        for name, (files, entrypoint) in images.items():
            layer = (
                files[0] if files[0].suffix == ".tar" else program_layer(Path(scratch) / "layer.tar", files)
            )
            with layer.open("rb") as f:
                digest = hashlib.file_digest(f, "sha256").hexdigest()
            config = {
                "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(
                    platform.machine(), platform.machine()
                ),
                "os": "linux",
                "config": {
                    "Env": ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
                    "Entrypoint": entrypoint,
                },
                "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            }
            raw = json.dumps(config, sort_keys=True).encode()
            config_name = hashlib.sha256(raw).hexdigest() + ".json"
            out.add(layer, f"{digest}.tar")
            add(out, config_name, raw)
            listing.append({"Config": config_name, "RepoTags": [name], "Layers": [f"{digest}.tar"]})
        add(out, "manifest.json", json.dumps(listing).encode())


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """Adds a file with these bytes to a tar."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def program_layer(target: Path, files: list[Path]) -> Path:
    """A root filesystem of programs, a /tmp and the CA bundle."""
    with tarfile.open(target, "w") as layer:
        for folder, mode in (("tmp", 0o1777), ("usr/local/bin", 0o755), ("etc/ssl/certs", 0o755)):
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, mode
            layer.addfile(member)
        for path in files:
            layer.add(path, f"usr/local/bin/{path.name}")
        bundle = Path("/etc/ssl/certs/ca-certificates.crt")
        if bundle.exists():
            layer.add(bundle, "etc/ssl/certs/ca-certificates.crt")
    return target


def parts(programs: Path, proxy: Path) -> dict[str, tuple[list[Path], list[str] | None]]:
    """What the node image must hold: the names kubeadm asks for, and the programs behind them."""
    version = kubernetes_build.version("k8s.io/kubernetes")
    asked = run([programs / "kubeadm", "config", "images", "list", "--kubernetes-version", version]).split()
    images = {}
    for name in asked:
        program = name.rsplit("/", 1)[1].split(":")[0]
        files = [programs / p for p in (("etcd", "etcdctl") if program == "etcd" else (program,))]
        entrypoint = [program] if program in ("coredns", "pause") else None
        images[name] = ([proxy], None) if program == "kube-proxy" else (files, entrypoint)
    for name, program in (
        (f"{METRICS}:{kubernetes_build.version('sigs.k8s.io/metrics-server')}", "metrics-server"),
        (f"{OWN}/local-path-provisioner:v0.0.30", "local-path-provisioner"),
        (f"{OWN}/routes:v1", "routes"),
    ):
        images[name] = ([programs / program], [program])
    images[f"{OWN}/shell:v1"] = ([proxy], None)
    return images


def buildx(*arguments: object, say: kubernetes_build.Say = lambda text: None, cwd: Path | None = None) -> str:
    """Runs ``docker buildx build`` on the course's engine.

    The builder is named because the user's own choice may be one that cannot see the engine's images.

    Args:
        *arguments: what follows ``build``.
        say: told what is going on.
        cwd: the folder in which it runs.
    """
    say("building the image")
    return run(
        [*engine.docker_cmd(), "buildx", "build", "--builder", "default", "--quiet", *arguments],
        env=engine.cli_env(),
        cwd=cwd,
        fix="BuildKit is needed (Debian, Ubuntu: apt-get install docker-buildx), then: make up",
    )


def recipe_key() -> str:
    """What a built node image depends on."""
    digest = hashlib.sha256(kubernetes_build.key().encode())
    for path in sorted(RECIPE.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def built(client: docker.DockerClient, base: str, say: kubernetes_build.Say) -> str:
    """Builds the node image, unless the engine has it.

    Raises:
        ImageUnavailable: this is not Linux; an image has to be pulled there.
    """
    name = f"{REGISTRY}/node:{kubernetes_build.version('k8s.io/kubernetes')}-{recipe_key()}"
    try:
        client.images.get(name)
        return name
    except ImageNotFound:
        pass
    if platform.system() != "Linux":
        raise ImageUnavailable(
            f"{PULLED} cannot be pulled, and a node image can be built on Linux only.",
            fix="set LABKIT_MIRROR to a registry that has it, or mend the connection to Docker Hub",
        )
    programs = kubernetes_build.programs(say)
    with tempfile.TemporaryDirectory(dir=home()) as scratch:
        folder = Path(scratch)
        common = ("--build-arg", f"BASE={base}", "--build-context", f"bin={programs}")
        # a path may hold a comma, which `dest` would end
        buildx(*common, "--target=proxy", "--output=type=tar,dest=proxy.tar", RECIPE, say=say, cwd=folder)
        say("packing the control plane's images")
        images = parts(programs, folder / "proxy.tar")
        (folder / "archive").mkdir()
        archive(folder / "archive/images.tar", images)
        pause = next(n for n in images if "/pause:" in n)
        buildx(
            *(*common, "--build-context", f"kind={programs / 'kind-files'}"),
            *("--build-context", f"archive={folder / 'archive'}", "--build-arg", f"PAUSE={pause}"),
            *("--build-arg", f"VERSION={kubernetes_build.version('k8s.io/kubernetes')}"),
            *("--label", f"labkit.image-of={lab_id()}", "--label", f"labkit.image={name.split('/')[-1]}"),
            *("--tag", name, RECIPE),
            say=say,
        )
    return name


def ensure(base: str, say: kubernetes_build.Say = lambda text: None) -> str:
    """The node image of this lab, pulled or built where needed, plus its thin layer.

    Args:
        base: the image that a node image is built on.
        say: told what is going on.

    Returns:
        The image's name.
    """
    client = engine.client()
    below = pulled(client, say)
    kubernetes_build.link(kubernetes_build.tools(say) if below else kubernetes_build.programs(say))
    below = below or built(client, base, say)
    registry = f"{cluster_name()}-registry:5000"
    mark = f"{client.images.get(below).id}{registry}{lab_id()}".encode() + LAB_RECIPE.read_bytes()
    name = f"{REGISTRY}/node:{lab_id()}-{hashlib.sha256(mark).hexdigest()[:12]}"
    try:
        client.images.get(name)
    except ImageNotFound:
        arguments = {
            "IMAGE": name.split("/")[-1],
            "NODE": below,
            "LAB": lab_id(),
            "REGISTRY_NAME": REGISTRY,
            "REGISTRY_HOST": registry,
        }
        given = [w for k, v in arguments.items() for w in ("--build-arg", f"{k}={v}")]
        with tempfile.TemporaryDirectory(dir=home()) as empty:  # snap's docker has a /tmp of its own
            buildx(*given, "--tag", name, "--file", LAB_RECIPE, empty, say=say)
    return name
