"""Repair: a check that sees a hang."""

from __future__ import annotations

from labkit.checks import cli, right, wrong

from . import WEB, run

SECOND = 1_000_000_000


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
