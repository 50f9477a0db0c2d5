"""Transfer: a lens."""

from __future__ import annotations

from labkit.checks import cli, right, wrong

from . import BASE, PYTHON

JOINED = {"pid_mode": "container:ch02-app", "network_mode": "container:ch02-app"}


def lens(lab, image=PYTHON, command="sleep infinity", **options):
    """Starts the lens."""
    return lab.docker.containers.run(image, command, name="ch02-lens", detach=True, **options)


@wrong("lens", "with the machine's list of processes")
def lens_host(lab, closed):
    lens(lab, pid_mode="host", network_mode="container:ch02-app")


@wrong("lens", "joins the list of processes alone")
def lens_pid(lab, closed):
    lens(lab, pid_mode="container:ch02-app")


@wrong("lens", "joins the network alone")
def lens_net(lab, closed):
    lens(lab, network_mode="container:ch02-app")


@wrong("lens", "is plugged into the same network")
def lens_bridge(lab, closed):
    lens(lab, network="bridge")


@wrong("lens", "its command ends at once")
def lens_ends(lab, closed):
    lens(lab, command="true", **JOINED).wait()


@wrong("lens", "restarts the app afterwards")
def lens_restart(lab, closed):
    looking = lens(lab, **JOINED)
    lab.docker.containers.get("ch02-app").restart(timeout=0)
    lab.wait(looking, "exited")


@wrong("lens", "created, and not started")
def lens_created(lab, closed):
    lab.docker.containers.create(PYTHON, "sleep infinity", name="ch02-lens", **JOINED)


@wrong("lens", "makes the app anew, inside of the lens")
def lens_turned(lab, closed):
    lab.docker.containers.get("ch02-app").remove(force=True)
    lens(lab)
    joined = {mode: value.replace("app", "lens") for mode, value in JOINED.items()}
    serve = f"echo {closed['word']} > index.html; exec python3 -m http.server 9000 --bind 127.0.0.1"
    joined |= {"name": "ch02-app", "detach": True, "working_dir": "/srv"}
    lab.docker.containers.run(PYTHON, ["sh", "-c", serve], **joined)


@right("lens", "by the docker command")
def lens_cli(lab, closed):
    cli(
        lab,
        f"docker run --detach --name ch02-lens --pid container:ch02-app "
        f"--network container:ch02-app {BASE} sleep infinity",
    )


@right("lens", "by the app's id, with more rights")
def lens_by_id(lab, closed):
    app = lab.docker.containers.get("ch02-app")
    modes = dict.fromkeys(JOINED, f"container:{app.id}")
    lens(lab, cap_add=["SYS_PTRACE"], ipc_mode="private", **modes)
