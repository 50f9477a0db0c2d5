"""Do: move an image."""

from __future__ import annotations

import subprocess

from checks.ch05_shareable.engine import put, says
from labkit import docker_cmd
from labkit.checks import hand_in, right, wrong

from . import FAR, on_far


def cli(lab, line):
    """Runs a line of shell with the docker command of this workspace."""
    shown = line.replace("docker ", f"{docker_cmd()[0]} ", 1)
    shown = shown.replace("| docker ", f"| {docker_cmd()[0]} ")
    return subprocess.run(["bash", "-ec", shown], env=lab.workspace.env(), check=True, capture_output=True)


def send(lab, name):
    """Brings an image over as it is."""
    cli(lab, f"docker save {name} | {FAR} load")


@wrong("moved", "runs it here")
def moved_here(lab, far):
    cli(lab, "docker run --name ch05-tea ch05-tea:1.0")


@wrong("moved", "the container is removed at its end")
def moved_rm(lab, far):
    send(lab, "ch05-tea:1.0")
    on_far(lab, "docker run --rm --name ch05-tea ch05-tea:1.0")


@wrong("moved", "created and never started")
def moved_created(lab, far):
    send(lab, "ch05-tea:1.0")
    on_far(lab, "docker create --name ch05-tea ch05-tea:1.0")


@wrong("moved", "the old version, under the new name")
def moved_old(lab, far):
    send(lab, "ch05-tea:0.9")
    on_far(lab, "docker tag ch05-tea:0.9 ch05-tea:1.0 && docker run --name ch05-tea ch05-tea:1.0")


@wrong("moved", "export and import")
def moved_export(lab, far):
    box = lab.docker.containers.create("ch05-tea:1.0", name="ch05-files")
    put(lab.docker.containers.get("ch05-far"), "tea", {"tea.tar": b"".join(box.export())})
    on_far(lab, "docker import --change 'CMD [\"/say\"]' /root/tea/tea.tar ch05-tea:1.0")
    on_far(lab, "docker run --name ch05-tea ch05-tea:1.0")


@wrong("moved", "builds it there from the same file")
def moved_rebuilt(lab, far):
    context = says(lab.docker.version()["Arch"], far["tea"])
    put(lab.docker.containers.get("ch05-far"), "tea", context)
    on_far(lab, "docker build --tag ch05-tea:1.0 /root/tea && docker run --name ch05-tea ch05-tea:1.0")


@wrong("moved", "commits a container and sends that")
def moved_commit(lab, far):
    box = lab.docker.containers.run("ch05-tea:1.0", name="ch05-shown", detach=True)
    lab.wait(box, "exited")
    cli(lab, "docker commit --change 'ENV COMMITTED=yes' ch05-shown ch05-shown:1")
    send(lab, "ch05-shown:1")
    on_far(lab, "docker run --name ch05-tea ch05-shown:1")


@right("moved", "save and load in one pipe")
def moved_pipe(lab, far):
    send(lab, "ch05-tea:1.0")
    on_far(lab, "docker run --name ch05-tea ch05-tea:1.0")


@right("moved", "by docker-py, both versions in one archive, run by its id")
def moved_sdk(lab, far):
    image = lab.docker.images.get("ch05-tea:1.0")
    put(lab.docker.containers.get("ch05-far"), "tea", {"tea.tar": b"".join(image.save())})
    loaded = on_far(lab, "docker load --quiet --input /root/tea/tea.tar").split()[-1]
    on_far(lab, f"docker run --detach --env EXTRA=1 --name ch05-tea {loaded} && docker wait ch05-tea")


@right("moved", "loaded, tagged, pushed and pulled over there")
def moved_registry(lab, far):
    send(lab, "ch05-tea:1.0")
    there = "localhost:5000/ch05-tea:1.0"
    on_far(
        lab, f"docker tag ch05-tea:1.0 {there} && docker push {there} && docker image rm ch05-tea:1.0 {there}"
    )
    on_far(lab, f"docker run --name ch05-tea {there}")


@wrong("same_bytes", "compares the tags")
def same_tags(lab):
    def same_bytes(here, there):
        return here["RepoTags"] == there["RepoTags"]

    hand_in(lab, "same_bytes", same_bytes)


@wrong("same_bytes", "compares everything")
def same_everything(lab):
    def same_bytes(here, there):
        return here == there

    hand_in(lab, "same_bytes", same_bytes)


@wrong("same_bytes", "compares the layers alone")
def same_layers(lab):
    def same_bytes(here, there):
        return here["RootFS"]["Layers"] == there["RootFS"]["Layers"]

    hand_in(lab, "same_bytes", same_bytes)


@wrong("same_bytes", "compares layers and settings")
def same_settings(lab):
    def same_bytes(here, there):
        return all(here[key] == there[key] for key in ("RootFS", "Config"))

    hand_in(lab, "same_bytes", same_bytes)


@wrong("same_bytes", "prints, and returns nothing")
def same_prints(lab):
    def same_bytes(here, there):
        print(here["Id"] == there["Id"])

    hand_in(lab, "same_bytes", same_bytes)


@wrong("same_bytes", "hands in an answer, not a function")
def same_value(lab):
    hand_in(lab, "same_bytes", True)


@right("same_bytes", "by the config's digest")
def same_id(lab):
    def same_bytes(here, there):
        return here["Id"] == there["Id"]

    hand_in(lab, "same_bytes", same_bytes)


@right("same_bytes", "by all that the config is made of")
def same_parts(lab):
    def same_bytes(here, there):
        import json

        def plain(found):
            wanted = ("Created", "Os", "Architecture", "Config", "RootFS")
            return json.dumps({key: found[key] for key in wanted}, sort_keys=True)

        return plain(here) == plain(there)

    hand_in(lab, "same_bytes", same_bytes)
