"""Answers to the exercise of chapter 4, wrong and right."""

from __future__ import annotations

import io

from labkit.checks import cli, right, wrong

WEB = "localhost:5001/web:1.0"
SECOND = 1_000_000_000
ALWAYS = {"restart_policy": {"Name": "always"}}


def run(lab, name, **options):
    """Starts a container of the web app."""
    image = options.pop("image", WEB)
    return lab.docker.containers.run(image, name=name, detach=True, **options)


# --- do: a stop within a second


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


# --- transfer: two apart


def two(lab, front=None, store=None):
    """Both containers, with changes."""
    lab.docker.networks.create("ch04-market")
    options = {"network": "ch04-market", **ALWAYS}
    run(lab, "ch04-front", **{"environment": {"GREETING": "front"}, **options, **(front or {})})
    settings = {"GREETING": "store", "PORT": "8081"}
    run(lab, "ch04-store", **{"environment": settings, **options, **(store or {})})


BOTH = "GREETING=store PORT=8081 python3 web.py & GREETING=front exec python3 web.py"


@wrong("split", "the store is on no network of its own")
def split_bridge(lab):
    two(lab, store={"network": "bridge"})


@wrong("split", "the store joins the front's network")
def split_joined(lab):
    two(lab, store={"network": None, "network_mode": "container:ch04-front"})


@wrong("split", "the front still runs both")
def split_front_both(lab):
    two(lab, front={"entrypoint": ["sh", "-c", BOTH], "environment": {}})


@wrong("split", "both on port 8080, as two containers may")
def split_same_port(lab):
    two(lab, store={"environment": {"GREETING": "store"}})


@wrong("split", "the greeting is forgotten")
def split_greeting(lab):
    two(lab, store={"environment": {"PORT": "8081"}})


@right("split", "by the docker command, connected afterwards")
def split_cli(lab):
    cli(
        lab,
        f"docker run --detach --name ch04-front --env GREETING=front {WEB}\n"
        f"docker run --detach --name ch04-store --env GREETING=store --env PORT=8081 {WEB}\n"
        "docker network create ch04-market\n"
        "docker network connect ch04-market ch04-front\n"
        "docker network connect ch04-market ch04-store",
    )


@right("split", "settings in the script, a subnet of its own")
def split_script(lab):
    two(
        lab,
        front={"environment": {}, "entrypoint": ["sh", "-c", "GREETING=front exec python3 web.py"]},
        store={"environment": {}, "entrypoint": ["sh", "-c", "GREETING=store PORT=8081 exec python3 web.py"]},
    )


@wrong("mended", "no restart policy")
def mended_no_policy(lab):
    two(lab, front={"restart_policy": None}, store={"restart_policy": None})


@wrong("mended", "a policy for the store alone")
def mended_one_policy(lab):
    two(lab, front={"restart_policy": None})


@wrong("mended", "a shell that stays in front")
def mended_shell(lab):
    two(lab, store={"entrypoint": ["sh", "-c", "python3 web.py & exec sleep infinity"]})


@right("mended", "on failure, at most five times")
def mended_on_failure(lab):
    policy = {"restart_policy": {"Name": "on-failure", "MaximumRetryCount": 5}}
    two(lab, front=policy, store=policy)


@right("mended", "policies given afterwards, with init")
def mended_update(lab):
    two(lab, front={"init": True, "restart_policy": None}, store={"init": True, "restart_policy": None})
    cli(lab, "docker update --restart unless-stopped ch04-front ch04-store")


# --- repair: a check that sees a hang


def anew(lab, facts, health, **settings):
    """The desk with another health check."""
    lab.docker.containers.get("ch04-desk").remove(force=True)
    env = {"PORT": str(facts["port"]), "GREETING": facts["greeting"], **settings}
    run(lab, "ch04-desk", environment=env, healthcheck=health)


def asking(port, timeout=", timeout=1", retries=2):
    """A health check that sends a request."""
    line = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{port}/healthz'{timeout})"
    test = {"test": ["CMD", "python3", "-c", line], "interval": SECOND, "retries": retries}
    return {**test, "timeout": 3 * SECOND} if timeout else test


@wrong("noticed", "restarts the hanging one and leaves the check")
def noticed_restart(lab, frozen):
    lab.docker.containers.get("ch04-desk").restart(timeout=0)


@wrong("noticed", "nothing answers yet")
def noticed_untouched(lab, frozen):
    pass


@wrong("noticed", "no check at all")
def noticed_none(lab, frozen):
    anew(lab, frozen, {"test": ["NONE"]})


@wrong("noticed", "the image's own check, at its own pace")
def noticed_image(lab, frozen):
    anew(lab, frozen, None)


@wrong("noticed", "a request that may take half a minute")
def noticed_no_limit(lab, frozen):
    anew(lab, frozen, {**asking(frozen["port"], timeout=""), "timeout": 30 * SECOND})


@wrong("noticed", "a request to the default port")
def noticed_port(lab, frozen):
    anew(lab, frozen, asking(8080))


@wrong("noticed", "curl, which the image does not have")
def noticed_curl(lab, frozen):
    test = f"curl --fail --max-time 1 http://127.0.0.1:{frozen['port']}/healthz"
    anew(lab, frozen, {"test": ["CMD-SHELL", test], "interval": SECOND, "retries": 1})


@wrong("noticed", "once every half minute, as it is by default")
def noticed_slow(lab, frozen):
    anew(lab, frozen, {**asking(frozen["port"]), "interval": 30 * SECOND})


@wrong("noticed", "the greeting is lost")
def noticed_greeting(lab, frozen):
    anew(lab, frozen, asking(frozen["port"]), GREETING="hello")


@right("noticed", "the image's own check, once a second, by the docker command")
def noticed_cli(lab, frozen):
    cli(
        lab,
        "docker rm --force ch04-desk\n"
        f"docker run --detach --name ch04-desk --env PORT={frozen['port']} "
        f"--env GREETING={frozen['greeting']} --health-interval 1s --health-retries 2 {WEB}",
    )


@right("noticed", "bash alone: a request and a reading with a time limit")
def noticed_bash(lab, frozen):
    line = (
        f"exec 3<>/dev/tcp/127.0.0.1/{frozen['port']}; printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3; "
        "read -r -t 1 -u 3 line && [[ $line == *' 200 '* ]]"
    )
    health = {"test": ["CMD", "bash", "-c", line], "interval": SECOND, "timeout": 2 * SECOND, "retries": 1}
    anew(lab, frozen, health)


@right("noticed", "a request in Python, the engine's limit stops a check that hangs")
def noticed_engine_limit(lab, frozen):
    anew(lab, frozen, {**asking(frozen["port"], timeout=""), "timeout": SECOND, "retries": 1})
