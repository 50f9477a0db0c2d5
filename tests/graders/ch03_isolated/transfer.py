"""Transfer: a hardened app."""

from __future__ import annotations

import shlex

from labkit.checks import cli, right, wrong

from . import PYTHON

COUNTER = """
import http.server
class Counter(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("/tmp/visits", "a+") as kept:
            kept.write("x")
            kept.seek(0)
            visits = len(kept.read())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(visits).encode())
http.server.HTTPServer(("", 8080), Counter).serve_forever()
"""
HARD = {
    "user": "10001",
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
    "tmpfs": {"/tmp": ""},
}


def counter(lab, without=(), program=COUNTER, **options):
    """The app, hardened as asked, with changes."""
    given = {name: value for name, value in HARD.items() if name not in without} | options
    return lab.docker.containers.run(
        PYTHON, ["python3", "-c", program], name="ch03-counter", detach=True, init=True, **given
    )


@wrong("hardened", "root")
def hardened_root(lab):
    counter(lab, without=["user"])


@wrong("hardened", "one capability dropped")
def hardened_one(lab):
    counter(lab, cap_drop=["NET_RAW"])


@wrong("hardened", "privileged, as another user")
def hardened_privileged(lab):
    counter(lab, without=["cap_drop"], privileged=True)


@wrong("hardened", "new privileges are possible")
def hardened_new_privileges(lab):
    counter(lab, without=["security_opt"])


@wrong("hardened", "seccomp switched off")
def hardened_seccomp(lab):
    counter(lab, security_opt=["no-new-privileges", "seccomp=unconfined"])


@wrong("hardened", "a writable root")
def hardened_writable(lab):
    counter(lab, without=["read_only"])


@wrong("hardened", "read-only, and nowhere to write")
def hardened_no_tmp(lab):
    counter(lab, without=["tmpfs"])


@wrong("hardened", "the machine's /tmp in place of a tmpfs")
def hardened_bind(lab):
    counter(lab, without=["tmpfs"], volumes=["/tmp:/tmp"])


@wrong("hardened", "the settings of the machine, as a volume")
def hardened_disguised(lab):
    lab.docker.volumes.create("ch03-etc", driver_opts={"type": "none", "o": "bind", "device": "/etc"})
    counter(lab, volumes=["ch03-etc:/opt/settings:ro"])


@wrong("hardened", "a tmpfs where the settings are, too")
def hardened_wide(lab):
    counter(lab, without=["tmpfs"], tmpfs={"/tmp": "", "/etc": ""})


@wrong("hardened", "another app")
def hardened_other(lab):
    page = "import http.server; http.server.test(http.server.SimpleHTTPRequestHandler, port=8080)"
    counter(lab, program=page)


@right("hardened", "by the docker command, as nobody, with a small tmpfs")
def hardened_cli(lab):
    cli(
        lab,
        "docker run --detach --init --name ch03-counter --user nobody --cap-drop all --read-only "
        "--security-opt no-new-privileges:true --tmpfs /tmp:size=1m,mode=1777 --memory 64m "
        f"{PYTHON} python3 -c {shlex.quote(COUNTER)}",
    )


@right("hardened", "a volume at /tmp, on a network of its own")
def hardened_volume(lab):
    lab.docker.networks.create("ch03-lane")
    counter(lab, without=["tmpfs"], volumes=["ch03-tmp:/tmp"], network="ch03-lane")
