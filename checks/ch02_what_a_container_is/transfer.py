"""Transfer: a lens."""

from __future__ import annotations

from random import Random

from labkit import Mismatch, until
from labkit.checks import check, scene
from labkit.observe.containers import IMAGE, container, http, running

from . import CROWD, first, machine

PORT = 9000


def closed_plan(random: Random):
    """A word that only this server knows."""
    return {"word": f"{random.choice(CROWD)}-{random.randrange(10**6):06d}"}


@scene(closed_plan)
def closed(lab, facts):
    """`ch02-app`, a server that answers on its own 127.0.0.1, port 9000, and nowhere else"""
    page = f"mkdir /srv/www; echo {facts['word']} > /srv/www/index.html"
    serve = f"exec python3 -m http.server {PORT} --bind 127.0.0.1 --directory /srv/www"
    app = lab.docker.containers.create(IMAGE, ["sh", "-c", f"{page}; {serve}"], name="ch02-app")
    app.start()
    until(lambda: b"Serving" in app.logs(), timeout=30)


@check(
    task="transfer",
    points=3,
    needs=closed,
    timeout=60,
    hints=(
        "Which two namespaces are meant? `docker run` has an option for each.",
        "Both options take `container:` and a name.",
    ),
)
def lens(lab, closed):
    """`ch02-lens` is in the PID and network namespaces of `ch02-app`, and not in the machine's"""
    app = running(lab, "ch02-app")
    looking = container(lab, "ch02-lens")
    state = looking.attrs["State"]
    if not state["Running"]:
        hint = "Its command came to an end. What does the lens run, and for how long?"
        if state["ExitCode"] == 137:
            hint = "When process 1 of a PID namespace ends, all others in it are killed."
        if state["Status"] == "created":
            hint = "It was made and never started."
        raise Mismatch("The lens does not run.", found=f"exit code {state['ExitCode']}", hint=hint)
    processes = machine(lab)
    its, of_app, top = first(processes, looking), first(processes, app), processes[0]
    if of_app["pid"] == top["pid"] or of_app["numbers"][-1] != 1:
        raise Mismatch("ch02-app is no longer process 1 of a list of its own.", hint=TURNED, fix=ANEW)
    if its["pid"] == top["pid"]:
        hint = "With the machine's list it sees the app, and everything else."
        raise Mismatch("The lens has the machine's list of processes.", hint=hint)
    apart = [kind for kind in ("pid", "net") if its[kind] != of_app[kind]]
    if apart:
        wrong = {"pid": "it cannot see the app's processes", "net": "its 127.0.0.1 is another one"}
        told = "; ".join(wrong[kind] for kind in apart)
        raise Mismatch(f"The lens is not in all of the app's two namespaces: {told}.", found=", ".join(apart))
    (reply,) = http(lab, app, f"http://127.0.0.1:{PORT}/")
    if not reply.ok or reply.body.strip() != closed["word"]:
        raise Mismatch("On 127.0.0.1 of the lens another server answers.", found=reply.body[:80], fix=ANEW)


ANEW = 'start("closed") sets it up anew'
TURNED = "The lens joins the app; the app stays as it is."
