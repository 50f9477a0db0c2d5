"""What a submission installs or removes is nobody else's, and the course's packages come first."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from importlib import metadata

import pytest

from labkit.grading.kernel_environment import KernelEnvironment


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("a folder, with blanks")


@pytest.fixture(scope="module")
def wheel(folder):
    """Makes a wheel of one module that says its version."""

    def make(name, version):
        path, info = folder / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
        record = [f"{name}/__init__.py", *(f"{info}/{part}" for part in ("METADATA", "WHEEL", "RECORD"))]
        wheel = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr(f"{name}/__init__.py", f"__version__ = {version!r}\n")
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            archive.writestr(f"{info}/WHEEL", wheel)
            archive.writestr(f"{info}/RECORD", "".join(f"{part},,\n" for part in record))
        path.write_bytes(content.getvalue())
        return path

    return make


@pytest.fixture(scope="module")
def course(folder, wheel):
    """A folder of the course's packages, one of which may be lost."""
    with zipfile.ZipFile(wheel("labkit_given", "1.0")) as archive:
        archive.extractall(folder / "course")
    return folder / "course"


@pytest.fixture(scope="module")
def environment(folder, course):
    """An environment, and a user's variables that would lead out of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(course)
        made = KernelEnvironment(folder / "environment")
    away = {"PIP_TARGET": str(folder / "away"), "PIP_PREFIX": str(folder / "away"), "PIP_USER": "1"}
    return made, made.variables({**os.environ, **away, "PIP_NO_INDEX": "1"})


def run(environment, *command):
    """What a command says there."""
    made, env = environment
    command = [str(made.python) if word == "python" else str(word) for word in command]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def version_of(environment, module):
    return run(environment, "python", "-c", f"import {module}; print({module}.__version__)").strip()


@pytest.mark.parametrize("pip", [("python", "-m", "pip"), ("sh", "-c", 'pip "$@"', "pip")])
def test_what_is_installed_is_there_and_not_in_the_courses_own(environment, wheel, folder, pip):
    name = f"labkit_told_{len(pip)}"
    said = run(environment, *pip, "install", "--quiet", "--no-deps", wheel(name, "1.0"))
    assert version_of(environment, name) == "1.0", said
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.version(name)
    assert not (folder / "away").exists()


def test_the_courses_own_packages_are_there(environment):
    assert run(environment, "python", "-c", "import labkit; print(labkit.Lab.__name__)").strip() == "Lab"
    assert version_of(environment, "docker") == metadata.version("docker")


def test_another_version_of_a_package_of_the_courses_harms_nobody(environment, wheel, course):
    before = sorted(course.rglob("*"))
    said = run(environment, "python", "-m", "pip", "install", "--no-deps", wheel("labkit_given", "2.0"))
    assert "Successfully installed labkit-given-2.0" in said
    assert version_of(environment, "labkit_given") == "1.0"
    assert [p for p in sorted(course.rglob("*")) if "__pycache__" not in p.parts] == before


def test_the_courses_packages_cannot_be_removed(environment, course):
    for _ in range(2):  # first its own other version, if it has one
        run(environment, "python", "-m", "pip", "uninstall", "--yes", "labkit_given")
    assert version_of(environment, "labkit_given") == "1.0"
    assert (course / "labkit_given-1.0.dist-info/METADATA").exists()


def test_the_users_authorities_are_pips_and_not_those_of_a_private_engine(environment):
    given = {"REQUESTS_CA_BUNDLE": "/ours.pem", "CURL_CA_BUNDLE": "/other.pem", "SSL_CERT_FILE": "/ours.pem"}
    environment, _ = environment
    made = environment.variables(given)
    assert (made["PIP_CERT"], made["SSL_CERT_FILE"]) == ("/ours.pem", "/ours.pem")
    assert made.keys().isdisjoint({"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})
    assert environment.variables({**given, "PIP_CERT": "/pip.pem"})["PIP_CERT"] == "/pip.pem"
    assert "PIP_CERT" not in environment.variables({})
