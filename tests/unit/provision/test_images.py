"""The course's images: their files, what makes one stale, and the order of building. No Docker needed."""

import os
import re
import threading

import pytest

from labkit.core import engine
from labkit.core.errors import CommandFailed, NotOurs, Usage
from labkit.core.paths import repo
from labkit.provision import base_image, image_table, images
from labkit.provision.image_table import IMAGES, Image, files_hash, hashes, with_parents

FOLDERS = sorted({i.folder for i in IMAGES.values()})
ROOT_ALLOWED = {"base", "python", "engine"}


@pytest.mark.parametrize("folder", FOLDERS)
class TestDockerfiles:
    def text(self, folder):
        return (repo() / "images" / folder / "Dockerfile").read_text()

    def test_says_what_it_is_and_stands_on_our_base(self, folder):
        lines = self.text(folder).splitlines()
        assert lines[0].startswith("# ")
        assert "FROM ${BASE}" in lines
        assert sum(line.startswith("FROM") for line in lines) == 1

    def test_the_default_base_is_the_one_in_the_table(self, folder):
        default = re.search(r"^ARG BASE=(\S+)$", self.text(folder), re.M)[1]
        parents = {i.parent for i in IMAGES.values() if i.folder == folder}
        assert {IMAGES[p].reference if p else base_image.SOURCE for p in parents} == {default}

    def test_no_latest_no_volume_no_shell_form(self, folder):
        text = self.text(folder)
        assert "latest" not in text
        assert not re.search(r"^(VOLUME|ADD|MAINTAINER)\b", text, re.M)
        assert not re.search(r"^\s*(ENTRYPOINT|CMD) (?!\[)", text, re.M)
        assert not re.search(r"HEALTHCHECK.* CMD (?!\[)", text)

    def test_every_package_list_is_thrown_away_in_its_own_layer(self, folder):
        for step in re.findall(r"^RUN (?:.*\\\n)*.*$", self.text(folder), re.M):
            if "apt-get" in step:
                assert "--no-install-recommends" in step
                assert "rm -rf /var/lib/apt/lists/*" in step

    def test_services_have_a_user_by_number(self, folder):
        found = re.search(r"^USER (\d+):\d+$", self.text(folder), re.M)
        assert bool(found) != (folder in ROOT_ALLOWED)
        assert not found or int(found[1]) > 0

    def test_what_is_copied_has_a_mode_of_its_own(self, folder):
        """A checkout may lose the x, or keep files from everyone else."""
        assert not re.search(r"^COPY (?!--chmod=)", self.text(folder), re.M)

    def test_it_is_small(self, folder):
        for path in (repo() / "images" / folder).iterdir():
            assert len(path.read_text().splitlines()) <= 150, path


def test_every_folder_is_in_the_table():
    assert sorted(p.name for p in (repo() / "images").iterdir() if p.is_dir()) == FOLDERS


def test_names_are_full_and_have_a_version():
    assert "localhost:5001/web:2.0" in images.names()
    assert all(re.fullmatch(r"localhost:5001/[a-z]+:[\w.]+", n) and "latest" not in n for n in images.names())


def test_parents_come_first_and_are_included():
    assert [i.name for i in with_parents(["web:1.0"])] == ["base:trixie", "python:3.13", "web:1.0"]
    assert [i.name for i in with_parents(["localhost:5001/redis:8"])] == ["base:trixie", "redis:8"]
    assert {i.name for i in with_parents()} == set(IMAGES)


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(Usage, match=r"web:3\.0(.|\n)*postgres:17"):
        with_parents(["web:3.0"])


class TestHash:
    def test_it_follows_names_contents_and_modes_but_not_times(self, tmp_path):
        file = tmp_path / "Dockerfile"
        file.write_text("FROM x")
        seen = [files_hash(tmp_path)]
        os.utime(file, (1, 1))
        assert files_hash(tmp_path) == seen[0]
        file.chmod(0o755)
        seen.append(files_hash(tmp_path))
        file.write_text("FROM y")
        seen.append(files_hash(tmp_path))
        (tmp_path / "more").write_text("")
        seen.append(files_hash(tmp_path))
        assert len(set(seen)) == 4

    def test_a_file_and_its_contents_cannot_be_taken_for_two_files(self, tmp_path):
        one, two = tmp_path / "one", tmp_path / "two"
        one.mkdir()
        two.mkdir()
        (one / "a").write_bytes(b"xb\0-\x001\0y")
        (two / "a").write_bytes(b"x")
        (two / "b").write_bytes(b"y")
        assert files_hash(one) != files_hash(two)

    def test_versions_of_one_folder_differ(self):
        found = hashes("sha256:1", "none")
        assert found["web:1.0"] != found["web:2.0"]
        assert len(set(found.values())) == len(IMAGES)

    @pytest.mark.parametrize("change", [("sha256:2", "none"), ("sha256:1", "abc")])
    def test_another_source_or_ca_changes_all(self, change):
        before, after = hashes("sha256:1", "none"), hashes(*change)
        assert not set(before.values()) & set(after.values())

    def test_a_changed_parent_changes_what_stands_on_it_alone(self, monkeypatch):
        before = hashes("sha256:1", "none")
        changed = Image("python:3.13", "python", args=("NEW=1",))
        monkeypatch.setitem(image_table.IMAGES, "python:3.13", changed)
        after = hashes("sha256:1", "none")
        assert {n for n in before if before[n] != after[n]} == {
            "python:3.13",
            "web:1.0",
            "web:2.0",
            "worker:1.0",
        }


class Docker:
    """An engine that has certain images and notes what is built."""

    def __init__(self, monkeypatch, up_to_date=()):
        self.there = {base_image.SOURCE: {"Id": "sha256:0", "Labels": None}}
        self.built, self.failing, self.removed = [], set(), []
        self.wanted = hashes("sha256:0", "none")
        for name in up_to_date:
            self.has(name, self.wanted[name])
        monkeypatch.setattr(engine, "client", lambda *a, **k: self)
        monkeypatch.setattr(engine, "docker_cmd", lambda: ["docker"])
        monkeypatch.setattr(engine, "cli_env", dict)
        monkeypatch.setattr(images, "present", lambda client: self.there)
        monkeypatch.setattr(images, "run", self.run)
        monkeypatch.setattr(images, "forget", lambda client, ids: self.removed.extend(ids))
        monkeypatch.setattr(base_image, "ca_bundle", lambda: None)

    def has(self, name, hash_, **labels):
        self.there[IMAGES[name].reference] = {
            "Id": f"sha256:{name}",
            "Labels": {"labkit.image": name, "labkit.hash": hash_, **labels},
        }

    def run(self, argv, env):
        name = argv[argv.index("--tag") + 1].removeprefix("localhost:5001/")
        if name in self.failing:
            raise CommandFailed("`docker` ended with status 1.", found="E: no such package")
        self.built.append(name)


@pytest.fixture
def told():
    return []


def test_all_there_nothing_is_built(monkeypatch, told):
    docker = Docker(monkeypatch, up_to_date=IMAGES)
    assert images.ensure(report=lambda *a: told.append(a)) == []
    assert docker.built == []
    assert {(name, "current", 0.0) for name in IMAGES} == set(told)


def test_nothing_there_all_is_built_parents_first(monkeypatch, told):
    docker = Docker(monkeypatch)
    images.ensure(report=lambda *a: told.append(a))
    assert set(docker.built) == set(IMAGES)
    for image in IMAGES.values():
        if image.parent:
            assert docker.built.index(image.parent) < docker.built.index(image.name)
    assert [state for name, state, _ in told if name == "web:1.0"] == ["building", "built"]


def test_only_what_was_asked_for_and_its_parents(monkeypatch):
    docker = Docker(monkeypatch, up_to_date=["base:trixie"])
    assert images.ensure(["web:1.0"]) == ["python:3.13", "web:1.0"]
    assert docker.built == ["python:3.13", "web:1.0"]


def test_a_stale_one_is_built_and_the_old_one_forgotten(monkeypatch):
    docker = Docker(monkeypatch, up_to_date=IMAGES)
    docker.has("redis:8", "old")
    assert images.ensure() == ["redis:8"]
    assert docker.removed == ["sha256:redis:8"]


def test_a_foreign_image_of_our_name_is_left_alone(monkeypatch):
    docker = Docker(monkeypatch, up_to_date=IMAGES)
    docker.there["localhost:5001/web:1.0"]["Labels"] = None
    with pytest.raises(NotOurs, match="docker tag localhost:5001/web:1"):
        images.ensure()
    assert docker.built == []


def test_a_failed_build_tells_its_last_lines_and_stops_what_stands_on_it(monkeypatch, told):
    docker = Docker(monkeypatch, up_to_date=["base:trixie"])
    docker.failing = {"python:3.13"}
    with pytest.raises(CommandFailed, match=r"python:3\.13 was not built(.|\n)*no such package"):
        images.ensure(report=lambda *a: told.append(a))
    assert not {"web:1.0", "web:2.0", "worker:1.0"} & set(docker.built)
    assert [state for name, state, _ in told if name == "python:3.13"] == ["building", "failed"]


def test_the_callback_is_never_called_twice_at_once(monkeypatch):
    Docker(monkeypatch)
    inside = threading.Lock()

    def report(*_):
        assert inside.acquire(blocking=False)
        inside.release()

    images.ensure(report=report)


class TestCommand:
    def command(self, monkeypatch, name="web:1.0", ca=None):
        monkeypatch.setattr(engine, "docker_cmd", lambda: ["docker"])
        return images.build_command(IMAGES[name], "abc", ca)

    def test_labels_arguments_and_builder(self, monkeypatch):
        text = " ".join(self.command(monkeypatch))
        assert text.startswith("docker buildx build --builder default ")
        assert "--build-arg BASE=localhost:5001/python:3.13 --build-arg VERSION=1.0" in text
        assert "--label labkit.image=web:1.0 --label labkit.hash=abc --label labkit.image-of=" in text
        assert "labkit.lab=" not in text

    def test_proxies_are_passed_by_name_so_that_no_password_is_shown(self, monkeypatch):
        monkeypatch.setenv("HTTPS_PROXY", "http://me:hush@proxy")
        command = self.command(monkeypatch)
        assert "HTTPS_PROXY" in command
        assert not any("hush" in c for c in command)

    def test_the_bundle_goes_into_the_base_alone(self, monkeypatch, tmp_path):
        (tmp_path / "ca.pem").write_text("x")
        assert "--secret" not in self.command(monkeypatch, ca=tmp_path / "ca.pem")
        command = self.command(monkeypatch, "base:trixie", tmp_path / "ca.pem")
        assert f'id=ca,"src={tmp_path}/ca.pem"' in command
        assert f"CA={base_image.ca_hash(tmp_path / 'ca.pem')}" in command
