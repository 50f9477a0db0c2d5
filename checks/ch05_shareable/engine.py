"""An engine in a container, as exercises have it for their other machine: by exec, never by a port.

It needs nothing of the host, so that it is the same on a learner's engine and on a private one.
"""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

from docker.models.containers import Container

from labkit import CommandFailed, until
from labkit.observe.containers import shell

EPOCH = 1700000000
"""The time of the sources, in builds that shall be reproducible."""

EVERY = "find . -xdev -type f ! -path './etc/host[sn]*' ! -path ./etc/resolv.conf ! -path ./.dockerenv"
SERVE = """
import json, os, subprocess, sys
address, packages = json.loads(sys.argv[1])
os.environ["SOURCE_DATE_EPOCH"] = sys.argv[2]
os.makedirs("/srv/packages"); os.chdir("/srv/packages")
listed = ""
for name, version, text in packages:
    os.makedirs(f"/srv/{name}/DEBIAN", exist_ok=True)
    about = f"Package: {name}\\nVersion: {version}\\nArchitecture: all\\nMaintainer: nobody\\n"
    about += f"Description: {name}\\n"
    open(f"/srv/{name}/DEBIAN/control", "w").write(about)
    open(f"/srv/{name}/{name}", "w").write(f"{text}\\n")
    os.utime(f"/srv/{name}/{name}", (int(sys.argv[2]),) * 2)
    deb = f"{name}_{version}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", f"/srv/{name}", deb], check=True)
    digest = subprocess.check_output(["sha256sum", deb], text=True).split()[0]
    listed += f"{about}Filename: ./{deb}\\nSize: {os.path.getsize(deb)}\\nSHA256: {digest}\\n\\n"
open("Packages", "w").write(listed)
os.execvp("python3", ["python3", "-m", "http.server", "80", "--bind", address])
"""


def run(box: Container, line: str) -> str:
    """Runs a line of shell that must succeed; returns what it printed.

    Raises:
        CommandFailed: it did not.
    """
    status, said = shell(box, line)
    if status:
        raise CommandFailed("A command on the other engine failed.", wanted=line[:200], found=said[-600:])
    return said


def inspected(box: Container, kind: str, name: str) -> dict[str, Any] | None:
    """What the engine says of an image or a container; None if it has none of that name."""
    status, said = shell(box, f"docker inspect --type {kind} {name} 2>/dev/null")
    return json.loads(said)[0] if status == 0 else None


def packed(files: dict[str, bytes], folder: str = ".") -> io.BytesIO:
    """An archive of {name: bytes}, as builds and copies take it."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(f"{folder}/{path}")
            entry.size, entry.mode = len(data), 0o755
            archive.addfile(entry, io.BytesIO(data))
    raw.seek(0)
    return raw


def put(box: Container, folder: str, files: dict[str, bytes]) -> None:
    """Writes files into a folder of /root on the machine."""
    box.put_archive("/root", packed(files, folder).getvalue())


def answers(box: Container, url: str, timeout: float = 60) -> None:
    """Waits until a page is served inside the machine."""
    asked = ["curl", "--silent", "--fail", "--output", "/dev/null", url]
    until(lambda: box.exec_run(asked).exit_code == 0, timeout=timeout, what=f"{url} answers")


def says(processor: str, word: str) -> dict[str, bytes]:
    """The context of a build: a Linux program of a few bytes that prints a word, on nothing.

    Args:
        processor: amd64 or arm64, as the engine calls it.
        word: at most 31 letters.
    """
    text = f"{word}\n".encode()
    number, code = {
        "amd64": (62, f"b801000000bf01000000488d3510000000ba{len(text):02x}0000000f05b83c00000031ff0f05"),
        "arm64": (
            183,
            f"200080d2e1000010{(len(text) << 5 | 2).to_bytes(2, 'little').hex()}80d2"
            "080880d2010000d4000080d2a80b80d2010000d4",
        ),
    }[processor]
    text = bytes.fromhex(code) + text
    entry, headers, nought, start, size, page = (
        n.to_bytes(8, "little") for n in (0x400078, 64, 0, 0x400000, 120 + len(text), 4096)
    )
    head = b"\x7fELF\2\1\1".ljust(16, b"\0") + bytes((2, 0, number, 0, 1, 0, 0, 0)) + entry + headers + nought
    head += bytes((0, 0, 0, 0, 64, 0, 56, 0, 1, 0, 0, 0, 0, 0, 0, 0))
    load = bytes((1, 0, 0, 0, 5, 0, 0, 0)) + nought + start * 2 + size * 2 + page
    return {"say": head + load + text, "Dockerfile": b'FROM scratch\nCOPY say /\nCMD ["/say"]\n'}


def archive(lab: Any, box: Container, address: str, packages: list[Any], name: str, image: str) -> Container:
    """A Debian package archive, in a container that shares the machine's network.

    Args:
        lab: whose.
        box: the machine.
        address: of its loopback network, such as ``127.0.0.2``, so that several can be there.
        packages: name, version and text of each; a package is one file, ``/name``, with that text.
        name: the container's.
        image: with python3 and dpkg-deb.
    """
    command = ["python3", "-c", SERVE, json.dumps([address, packages]), str(EPOCH)]
    options = {"network_mode": f"container:{box.id}", "init": True, "detach": True}
    made = lab.docker.containers.run(image, command, name=name, **options)
    answers(box, f"http://{address}/Packages")
    return made


def build(box: Container, dockerfile: str, tag: str, address: str) -> tuple[int, str]:
    """Builds without a cache, where the name ``index`` leads to an archive; returns status and output.

    The Dockerfile stays on the machine, below /root in a folder of the image's name.
    """
    folder = tag.split(":")[0]
    put(box, folder, {"Dockerfile": dockerfile.encode()})
    where = f"--network host --add-host index:{address} --build-arg SOURCE_DATE_EPOCH={EPOCH}"
    return shell(box, f"docker build --no-cache {where} --tag {tag} /root/{folder}")


def files(box: Container, tag: str) -> dict[str, str]:
    """Path and digest of every file of an image that has a shell."""
    said = run(box, f'docker run --rm {tag} sh -c "cd / && {EVERY} -exec sha256sum {{}} +"')
    return {row[67:]: row[:64] for row in said.splitlines()}
