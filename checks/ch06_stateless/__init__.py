"""What "done" means in the exercise of chapter 6: a database, a session store, a backup that is restored."""

from __future__ import annotations

from functools import partial

from labkit import Mismatch, TimedOut, until
from labkit.observe.containers import http, last_words
from labkit.observe.replacement import behind

IMAGES = ("postgres:17", "redis:8", "web:1.0")
PGDATA = "/var/lib/postgresql/data"
WHY = {
    "layer": "Nothing is mounted, so all that {what} writes is in the container's own layer.",
    "beside": "Something is mounted, and not where {what} writes. Compare the two paths, letter by letter.",
    "anonymous": "A volume without a name belongs to one container; the next one gets another.",
    "tmpfs": "Behind that path is memory.",
}
"""What is said of a place that does not keep data."""


def lost(box, path, what):
    """The failure of data that a new container did not find."""
    place = behind(box, path)
    is_beside = place == "layer" and any(box.attrs["HostConfig"].get(k) for k in ("Binds", "Mounts"))
    hint = WHY.get("beside" if is_beside else place)
    return Mismatch(
        f"A new container made like {box.name} does not find the data.",
        wanted="the same data",
        found=f"behind {path}: {place}",
        hint=hint and hint.format(what=what),
    )


def count(lab, box):
    """How many visits a web container counts, this one included.

    Raises:
        Mismatch: it gives no good answer; the error that it tells is in the message.
    """
    ask = partial(http, lab, box, "http://127.0.0.1:8080/")
    try:
        reply = until(
            lambda: next((r for r in ask() if r.status), None), timeout=15, what=f"{box.name} answers"
        )
    except TimedOut:
        raise TimedOut(f"{box.name} did not answer within 15 s.", evidence=last_words(box)) from None
    if reply.ok:
        return reply.json()["visits"]
    hint = None
    if "Name or service" in reply.body or "resolution" in reply.body:
        hint = "It looks its store up by name. Who knows that name, and on which network?"
    elif "refused" in reply.body:
        hint = "The name leads to a container, and nothing there listens on that port."
    raise Mismatch(f"{box.name} cannot reach its store.", found=reply.body.strip()[:200], hint=hint)
