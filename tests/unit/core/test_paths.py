"""Where the lab keeps its things, and the labels that say whose an object is."""

from __future__ import annotations

import getpass
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from labkit.core import labels, paths
from labkit.core.errors import Usage


@pytest.fixture(autouse=True)
def _own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "new"))
    monkeypatch.delenv("LABKIT_CLUSTER", raising=False)


def test_the_folder_is_made(tmp_path):
    assert paths.home() == tmp_path / "new"
    assert paths.home().is_dir()


def test_the_folder_is_the_users_own_cache_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv("LABKIT_HOME")
    monkeypatch.setattr(paths.platformdirs, "user_cache_dir", lambda name, appauthor: str(tmp_path / name))
    assert paths.home() == tmp_path / "containers-proven"


def test_all_who_ask_first_at_the_same_time_get_one_id(monkeypatch, tmp_path):
    for number in range(20):
        monkeypatch.setenv("LABKIT_HOME", str(tmp_path / str(number)))
        start = threading.Barrier(8)

        def ask(_, start=start):
            start.wait()
            return paths.lab_id()

        with ThreadPoolExecutor(8) as pool:
            ids = set(pool.map(ask, range(8)))
        assert len(ids) == 1
        assert re.fullmatch("[0-9a-f]{8}", ids.pop())


def test_an_id_that_was_lost_half_way_is_made_anew():
    (paths.home() / "lab-id").touch()  # killed between making the file and writing to it
    assert re.fullmatch("[0-9a-f]{8}", paths.lab_id())


def test_a_lab_keeps_its_id_and_another_home_has_another(monkeypatch, tmp_path):
    assert paths.lab_id() == paths.lab_id()
    first = paths.lab_id()
    monkeypatch.setenv("LABKIT_HOME", str(tmp_path / "other"))
    assert paths.lab_id() != first


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("anna", "anna"),
        ("Anna.Müller", "anna-m-ller"),
        ("DOMAIN\\bob", "domain-bob"),
        ("_", "user"),
        ("x" * 40, "x" * 20),
        ("x" * 19 + "-y", "x" * 19),
    ],
)
def test_a_users_name_fits_a_dns_label(monkeypatch, name, expected):
    monkeypatch.setattr(getpass, "getuser", lambda: name)
    assert paths.user() == expected
    assert re.fullmatch("[a-z0-9]([a-z0-9-]*[a-z0-9])?", paths.user())


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_a_number_without_a_name_is_the_name(monkeypatch, error):
    def no_name():
        raise error("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", no_name)
    monkeypatch.setattr(paths.os, "getuid", lambda: 12345)
    assert paths.cluster_name() == "proven-12345"


def test_without_a_home_folder_one_is_asked_for(monkeypatch):
    monkeypatch.delenv("LABKIT_HOME")
    monkeypatch.setattr(paths.platformdirs, "user_cache_dir", lambda *_, **__: "~/.cache/containers-proven")
    with pytest.raises(Usage, match="LABKIT_HOME"):
        paths.home()


def test_cluster_and_kubeconfig(monkeypatch):
    assert paths.cluster_name() == f"proven-{paths.user()}"
    monkeypatch.setenv("LABKIT_CLUSTER", "mine")
    assert paths.cluster_name() == "mine"
    assert paths.kubeconfig() == paths.home() / "mine.kubeconfig"


def test_labels():
    assert labels.labels("ch01_x", "chapter", "abc") == {
        "labkit.lab": paths.lab_id(),
        "labkit.stem": "ch01_x",
        "labkit.role": "chapter",
        "labkit.session": "abc",
    }
    assert labels.LABEL in labels.labels()


def test_the_repository_is_where_the_package_is():
    assert (paths.repo() / "src/labkit/core/paths.py").samefile(paths.__file__)
