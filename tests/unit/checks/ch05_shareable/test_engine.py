"""The other machine's helpers, without Docker: what is run there, and what is sent there."""

from __future__ import annotations

import io
import platform
import subprocess
import tarfile

import pytest

from checks.ch05_shareable import engine
from labkit import CommandFailed
from labkit.observe.containers import END


class Box:
    """A machine that answers each line of shell as it is told to."""

    def __init__(self, **answers):
        self.answers, self.lines, self.archives = answers, [], []

    def exec_run(self, command, user=""):
        self.lines.append(command[-1])
        status, said = next((v for k, v in self.answers.items() if k in command[-1]), (0, b""))
        return status, said + f"{END}\n".encode()  # as `shell` asks for it

    def put_archive(self, where, data):
        self.archives.append((where, data))


def test_a_line_that_fails_is_told_with_what_it_printed():
    box = Box(load=(1, b"no such file\n"))
    with pytest.raises(CommandFailed, match="no such file"):
        engine.run(box, "docker load")


def test_what_the_engine_does_not_have_is_none():
    box = Box(there=(0, b'[{"Id": "sha256:1"}]'), gone=(1, b""))
    assert engine.inspected(box, "image", "there") == {"Id": "sha256:1"}
    assert engine.inspected(box, "image", "gone") is None


def test_files_are_sent_into_a_folder():
    box = Box()
    engine.put(box, "shop", {"Dockerfile": b"FROM scratch\n"})
    (where, data) = box.archives[0]
    assert where == "/root"
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == ["shop/Dockerfile"]
        assert archive.extractfile("shop/Dockerfile").read() == b"FROM scratch\n"


def test_a_build_sees_the_archive_and_the_time_of_the_sources():
    box = Box()
    assert engine.build(box, "FROM scratch\n", "shop:1.0", "127.0.0.2") == (0, "")
    assert "--add-host index:127.0.0.2" in box.lines[-1]
    assert f"SOURCE_DATE_EPOCH={engine.EPOCH}" in box.lines[-1]
    assert box.lines[-1].endswith("--tag shop:1.0 /root/shop")


def test_path_and_digest_of_each_file():
    box = Box(sha256sum=(0, f"{'a' * 64}  ./etc/motd\n{'b' * 64}  ./shop\n".encode()))
    assert engine.files(box, "shop:1.0") == {"/etc/motd": "a" * 64, "/shop": "b" * 64}


@pytest.mark.parametrize(("processor", "number"), [("amd64", 62), ("arm64", 183)])
def test_a_program_is_for_the_processor_that_it_names(processor, number):
    program = engine.says(processor, "hello")["say"]
    assert program[:4] == b"\x7fELF"
    assert int.from_bytes(program[18:20], "little") == number


@pytest.mark.skipif(platform.system() != "Linux", reason="a Linux program")
def test_the_program_of_this_processor_says_its_word(tmp_path):
    here = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    path = tmp_path / "say"
    path.write_bytes(engine.says(here, "good morning")["say"])
    path.chmod(0o755)
    assert subprocess.check_output([path]) == b"good morning\n"
