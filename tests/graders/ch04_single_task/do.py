"""Do: a stop within a second."""

from __future__ import annotations

import io

from labkit.checks import cli, right, wrong

from . import WEB, run


def clerk(lab, script, shell="sh", **options):
    """The clerk, by a script."""
    return run(lab, "ch04-clerk", entrypoint=[shell, "-c", script], **options)


AS_GIVEN = "echo opening; python3 web.py; true"


@wrong("prompt", "as given")
def prompt_as_given(lab):
    clerk(lab, AS_GIVEN)


@wrong("prompt", "as given, with --init")
def prompt_init(lab):
    clerk(lab, AS_GIVEN, init=True)


@wrong("prompt", "a grace period of one second")
def prompt_stop_timeout(lab):
    cli(lab, f"docker run --detach --name ch04-clerk --stop-timeout 1 --entrypoint sh {WEB} -c '{AS_GIVEN}'")


@wrong("prompt", "SIGKILL as the stop signal")
def prompt_kill(lab):
    clerk(lab, AS_GIVEN, stop_signal="SIGKILL")


@wrong("prompt", "the exec form, without the first line")
def prompt_silent(lab):
    run(lab, "ch04-clerk")


@wrong("prompt", "a trap that passes the signal on and does not wait")
def prompt_no_wait(lab):
    clerk(lab, 'echo opening; python3 web.py & trap "kill $!" TERM; wait')


@wrong("prompt", "a trap that ends the shell, and the server with it")
def prompt_exit(lab):
    clerk(lab, 'echo opening; python3 web.py & trap "exit 0" TERM; wait')


@wrong("prompt", "on another port")
def prompt_port(lab):
    clerk(lab, "echo opening; exec python3 web.py", environment={"PORT": "8000"})


@right("prompt", "a trap that passes the signal on and waits")
def prompt_trap(lab):
    clerk(lab, 'echo opening; python3 web.py & trap "kill $!" TERM; wait; wait')


@right("prompt", "an image with a script, by the docker command")
def prompt_image(lab):
    lines = f"FROM {WEB}\nENTRYPOINT echo opening && exec python3 web.py\n"
    lab.docker.images.build(fileobj=io.BytesIO(lines.encode()), tag="ch04-clerk:1.0")
    cli(lab, "docker run --detach --name ch04-clerk --restart unless-stopped ch04-clerk:1.0")


@right("prompt", "in Python, as process 1's own child of docker-init")
def prompt_python(lab):
    line = "print('opening', flush=True); import os; os.execvp('python3', ['python3', 'web.py'])"
    run(lab, "ch04-clerk", entrypoint=["python3", "-c", line], init=True)
