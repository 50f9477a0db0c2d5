"""What "done" means in the exercise of chapter 5: an image moved, a digest pinned, a build without drift."""

from __future__ import annotations

from labkit import Mismatch, Missing
from labkit.observe.containers import container

IMAGES = ("engine:26.1", "registry:2")
FAR, LEAF = "ch05-far", "localhost:5000/ch05-leaf"
AGAIN = 'start("far") sets it up anew'


def far_engine(lab):
    """The container of the other engine.

    Raises:
        Missing: there is none.
        Mismatch: it does not run.
    """
    try:
        box = container(lab, FAR)
    except Missing:
        raise Missing("The other engine is gone.", wanted=f"a container {FAR}", fix=AGAIN) from None
    if not box.attrs["State"]["Running"]:
        raise Mismatch("The other engine does not run.", found=box.status, fix=f"docker start {FAR}")
    return box
