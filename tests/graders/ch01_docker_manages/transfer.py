"""Transfer: the picture."""

from __future__ import annotations

import io

from labkit.checks import cli, right, wrong

BASE = "debian:trixie-slim"


def build(lab, dockerfile, tag="ch01-clock:2.0"):
    """Builds an image from the text of a Dockerfile."""
    return lab.docker.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=tag)[0]


@wrong("built", "tags the base image")
def built_tag(lab):
    lab.docker.images.get(BASE).tag("ch01-clock", "2.0")


@wrong("built", "its command ends at once")
def built_ends(lab):
    build(lab, f'FROM {BASE}\nCMD ["date"]\n')


@wrong("built", "its command fails within the second")
def built_ends_soon(lab):
    build(lab, f'FROM {BASE}\nCMD ["sh", "-c", "sleep 0.7; exit 3"]\n')


@wrong("built", "another version")
def built_version(lab):
    build(lab, f'FROM {BASE}\nCMD ["sleep", "infinity"]\n', tag="ch01-clock:2")


@wrong("built", "a command that the image does not have")
def built_no_command(lab):
    build(lab, f'FROM {BASE}\nCMD ["watch", "date"]\n')


@wrong("built", "everything in one layer, on nothing")
def built_scratch(lab):
    box = lab.docker.containers.create(BASE, "true")
    archive = io.BytesIO(b"".join(box.export()))
    lab.docker.api.import_image_from_data(
        archive.getvalue(), repository="ch01-clock", tag="2.0", changes=['CMD ["sleep", "infinity"]']
    )


@right("built", "on an image that stands on the base")
def built_other(lab):
    build(lab, 'FROM localhost:5001/python:3.13\nCMD ["python3", "-c", "import signal; signal.pause()"]\n')


@right("built", "by the docker command, with a label and one step more")
def built_cli(lab):
    text = (
        f'FROM {BASE}\\nLABEL course=yes\\nRUN echo 2 > /version\\nENTRYPOINT ["sleep"]\\nCMD ["infinity"]\\n'
    )
    cli(lab, f"printf '{text}' | docker build --quiet --tag ch01-clock:2.0 -")


@right("built", "a shell loop as the command")
def built_loop(lab):
    build(lab, f"FROM {BASE}\nCMD while true; do date; sleep 5; done\n")


def picture(lab, clock=None, spare=None, run=True, start_spare=False):
    """The whole picture, with changes."""
    build(lab, f'FROM {BASE}\nCMD ["sleep", "infinity"]\n')
    lab.docker.networks.create("ch01-lane")
    lab.docker.volumes.create("ch01-shelf")
    options = {"network": "ch01-lane", "volumes": ["ch01-shelf:/shelf"], "init": True, **(clock or {})}
    first = lab.docker.containers.create("ch01-clock:2.0", name="ch01-clock", **options)
    second = lab.docker.containers.create("ch01-clock:2.0", name="ch01-spare", init=True, **(spare or {}))
    if run:
        first.start()
    if start_spare:
        second.start()
        second.stop(timeout=0)


@wrong("picture", "a folder of the machine in place of the volume")
def picture_bind(lab):
    picture(lab, clock={"volumes": ["/shelf:/shelf"]})


@wrong("picture", "an anonymous volume")
def picture_anonymous(lab):
    picture(lab, clock={"volumes": ["/shelf"]})


@wrong("picture", "another volume")
def picture_other_volume(lab):
    picture(lab, clock={"volumes": ["ch01-shelf2:/shelf"]})


@wrong("picture", "mounted elsewhere")
def picture_elsewhere(lab):
    picture(lab, clock={"volumes": ["ch01-shelf:/data"]})


@wrong("picture", "mounted read-only")
def picture_read_only(lab):
    picture(lab, clock={"volumes": ["ch01-shelf:/shelf:ro"]})


@wrong("picture", "not on the network")
def picture_bridge(lab):
    picture(lab, clock={"network": "bridge"})


@wrong("picture", "both on the network")
def picture_both(lab):
    picture(lab, spare={"network": "ch01-lane"})


@wrong("picture", "the spare one was started, and stopped again")
def picture_started(lab):
    picture(lab, start_spare=True)


@wrong("picture", "the clock was created only")
def picture_created(lab):
    picture(lab, run=False)


@wrong("picture", "made from the image of before it was built anew")
def picture_stale(lab):
    picture(lab)
    build(lab, f'FROM {BASE}\nENV AGAIN=1\nCMD ["sleep", "infinity"]\n')


@right("picture", "by the docker command, with a longer mount and a second network")
def picture_cli(lab):
    build(lab, f'FROM {BASE}\nCMD ["sleep", "infinity"]\n')
    cli(
        lab,
        "docker network create ch01-lane; docker network create ch01-other\n"
        "docker run --detach --init --name ch01-clock --network ch01-lane "
        "--mount type=volume,source=ch01-shelf,target=/shelf/ ch01-clock:2.0\n"
        "docker network connect ch01-other ch01-clock\n"
        "docker create --name ch01-spare --network none ch01-clock:2.0",
    )


@right("picture", "connected afterwards, by the image's id, as another user")
def picture_connected(lab):
    made = build(lab, f'FROM {BASE}\nCMD ["sleep", "infinity"]\n')
    lab.docker.volumes.create("ch01-shelf")
    clock = lab.docker.containers.run(
        made.id, name="ch01-clock", detach=True, init=True, user="1000", volumes=["ch01-shelf:/shelf"]
    )
    lab.docker.networks.create("ch01-lane").connect(clock)
    lab.docker.containers.create(made.id, name="ch01-spare")
