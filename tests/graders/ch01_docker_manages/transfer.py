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


@right("picture", "by the docker command, with a longer mount")
def picture_cli(lab):
    build(lab, f'FROM {BASE}\nCMD ["sleep", "infinity"]\n')
    cli(
        lab,
        "docker network create ch01-lane\n"
        "docker run --detach --init --name ch01-clock --network ch01-lane "
        "--mount type=volume,source=ch01-shelf,target=/shelf/ ch01-clock:2.0\n"
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


@wrong("built", "sleeps for an hour, and no longer")
def built_hour(lab):
    build(lab, f'FROM {BASE}\nENTRYPOINT ["sleep"]\nCMD ["3600"]\n')


@wrong("built", "a clock that ends after twenty ticks")
def built_twenty(lab):
    build(lab, f"FROM {BASE}\nCMD for i in $(seq 20); do date; sleep 1; done\n")


@wrong("built", "under a timeout")
def built_timeout(lab):
    build(lab, f'FROM {BASE}\nCMD ["timeout", "20", "tail", "-f", "/dev/null"]\n')


@right("built", "a program that must be the first process itself")
def built_first(lab):
    build(lab, f'FROM {BASE}\nCMD ["sh", "-c", "[ $$ = 1 ] && exec sleep infinity"]\n')


@right("built", "waits for a file that never grows")
def built_tail(lab):
    build(lab, f'FROM {BASE}\nUSER 1000\nWORKDIR /tmp\nCMD ["tail", "-f", "/dev/null"]\n')


@right("built", "a loop whose condition is the sleep")
def built_while(lab):
    build(lab, f'FROM {BASE}\nENTRYPOINT ["bash", "-c", "while sleep 2; do date; done"]\n')


@right("built", "from a container")
def built_commit(lab):
    box = lab.docker.containers.create(BASE, "true")
    box.commit("ch01-clock", "2.0", changes='CMD ["sleep", "2147483647"]')


@wrong("picture", "the machine's files, too")
def picture_root(lab):
    picture(lab, clock={"volumes": ["ch01-shelf:/shelf", "/:/machine"]})


@wrong("picture", "a second volume, without a name")
def picture_second_volume(lab):
    picture(lab, clock={"volumes": ["ch01-shelf:/shelf", "/data"]})


@wrong("picture", "a third container on the network")
def picture_third(lab):
    picture(lab)
    lab.docker.containers.run(BASE, "sleep infinity", name="ch01-third", detach=True, network="ch01-lane")


@wrong("picture", "a third container that shares the volume")
def picture_shared_volume(lab):
    picture(lab)
    lab.docker.containers.create(BASE, "true", name="ch01-third", volumes=["ch01-shelf:/v"])


@wrong("picture", "a third container, of the same image")
def picture_third_of_image(lab):
    picture(lab)
    lab.docker.containers.create("ch01-clock:2.0", name="ch01-clock-2")


@wrong("picture", "a third container in the network of the clock")
def picture_third_inside(lab):
    picture(lab)
    lab.docker.containers.run(
        BASE, "sleep infinity", name="ch01-third", detach=True, network_mode="container:ch01-clock"
    )


@wrong("picture", "the spare one in the network of the clock")
def picture_spare_inside(lab):
    picture(lab, spare={"network_mode": "container:ch01-clock"})


@wrong("picture", "the spare one on a network of its own")
def picture_spare_network(lab):
    lab.docker.networks.create("ch01-other")
    picture(lab, spare={"network": "ch01-other"})


@wrong("picture", "the clock on a second network")
def picture_clock_network(lab):
    picture(lab)
    lab.docker.networks.create("ch01-other").connect("ch01-clock")


@wrong("picture", "the clock privileged")
def picture_privileged(lab):
    picture(lab, clock={"privileged": True})


@wrong("picture", "the clock among the machine's processes")
def picture_host_processes(lab):
    picture(lab, clock={"pid_mode": "host"})


@wrong("picture", "the clock with a port of the machine")
def picture_port(lab):
    picture(lab, clock={"ports": {"80/tcp": None}})


@wrong("picture", "the clock with a device of the machine")
def picture_device(lab):
    picture(lab, clock={"devices": ["/dev/null:/dev/machine"]})


@wrong("picture", "the spare one privileged, for later")
def picture_spare_privileged(lab):
    picture(lab, spare={"privileged": True})


@wrong("picture", "a volume that is a folder of the machine")
def picture_disguised(lab):
    lab.docker.volumes.create("ch01-shelf", driver_opts={"type": "none", "o": "rbind", "device": "/srv"})
    picture(lab)


@wrong("picture", "the clock with a command that takes a minute")
def picture_minute(lab):
    picture(lab, clock={"command": ["sleep", "60"]})


@wrong("picture", "the clock started anew for ever, every half a minute")
def picture_restarts(lab):
    picture(lab, clock={"command": ["sh", "-c", "sleep 30; date"], "restart_policy": {"Name": "always"}})


@right("picture", "restarted by the engine if need be, with a limit and a name inside")
def picture_policy(lab):
    options = {"restart_policy": {"Name": "unless-stopped"}, "mem_limit": "64m", "hostname": "clock"}
    picture(lab, clock={**options, "volumes": ["ch01-shelf:/shelf"], "environment": {"TZ": "UTC"}})


@right("picture", "an inner network and a labelled volume, the spare one on none")
def picture_inner(lab):
    lab.docker.networks.create("ch01-other", internal=True)
    picture(lab, spare={"network_mode": "none"})


@right("picture", "with the image's command written out")
def picture_written_out(lab):
    picture(lab, clock={"command": ["sleep", "infinity"], "cap_drop": ["ALL"], "read_only": True})


@right("picture", "by the low-level client, step by step")
def picture_low_level(lab):
    api = lab.docker.api
    build(lab, f'FROM {BASE}\nCMD ["sleep", "infinity"]\n')
    api.create_network("ch01-lane", internal=True)
    api.create_volume("ch01-shelf", labels={"note": "x"})
    host = api.create_host_config(binds=["ch01-shelf:/shelf:rw"], network_mode="ch01-lane")
    for name, options in (("ch01-clock", {"host_config": host, "volumes": ["/shelf"]}), ("ch01-spare", {})):
        api.create_container("ch01-clock:2.0", name=name, **options)
    api.start("ch01-clock")
