"""A line of shell in a real container and on the host of a private engine."""

from __future__ import annotations

import pytest

from labkit import CommandFailed, Lab, output_of, succeeds

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
BASE = "debian:trixie-slim"


@pytest.fixture(scope="module")
def lab():
    with Lab("ch90_commands_test", role="test") as made:
        yield made


@pytest.fixture(scope="module")
def box(lab):
    options = {"name": "ch90-box", "user": "1000", "detach": True, "init": True}
    return lab.docker.containers.run(BASE, "sleep infinity", **options)


def test_a_line_is_run_in_the_container_as_its_user_or_another(box):
    assert output_of(box, "id --user; cat /proc/1/comm >&2") == "1000\ndocker-init"
    assert output_of(box, "id --user", user="root") == "0"
    assert succeeds(box, "test -w /root", user="root")
    assert not succeeds(box, "test -w /root")


def test_what_fails_and_what_cannot_be_run_is_told(box):
    with pytest.raises(CommandFailed, match=r"status 1(.|\n)*No such file"):
        output_of(box, "cat /nowhere")
    with pytest.raises(CommandFailed, match="status 127"):
        succeeds(box, "no-such-program")


def test_the_host_of_a_private_engine_sees_the_files_of_its_containers(lab):
    with lab.engine("commands") as engine:
        made = engine.docker.volumes.create("ch90-volume").attrs["Mountpoint"]
        assert output_of(engine, f"echo hello > {made}/note; cat {made}/note") == "hello"
        assert succeeds(engine, "docker volume inspect ch90-volume")
        assert not succeeds(engine, "docker volume inspect ch90-none")
