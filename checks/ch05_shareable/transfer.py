"""Transfer: a reference that cannot be moved."""

from __future__ import annotations

from labkit import Mismatch, Missing
from labkit.checks import check
from labkit.observe.containers import shell

from . import AGAIN, FAR, far_engine
from .do import far
from .engine import inspected


@check(
    task="transfer",
    points=2,
    needs=far,
    hints=(
        "The container ch05-tested knows which image it was made from. What does a registry call that one?",
        "`docker image inspect` has a field for the digests under which a registry knows an image.",
    ),
)
def pinned(lab, far):
    """`ch05-pinned` on `ch05-far` runs the tested image, by a reference that no push can move"""
    box = far_engine(lab)
    tested, made = (inspected(box, "container", name) for name in ("ch05-tested", "ch05-pinned"))
    if tested is None:
        hint = "It was the only one that knew which image was tested."
        if made and "@" not in made["Config"]["Image"]:
            hint = "A new name does not change the reference that a container was made by."
        raise Missing("The container ch05-tested is gone.", fix=AGAIN, hint=hint)
    if made is None:
        raise Missing(f"There is no container ch05-pinned on {FAR}.")
    if made["State"]["Status"] == "created":
        raise Mismatch("The container ch05-pinned was never started.", wanted="its word", found="created")
    name, _, digest = made["Config"]["Image"].partition("@")
    right = made["Image"] == tested["Image"]
    if not digest:
        found = "the tested image" if right else "another image"
        hint = "Where does the tag point to today?"
        if right:
            hint = "An engine that does not have the image cannot pull it by its id."
            hint = "Whatever tag it is, a push can move it." if ":" in name and "/" in name else hint
        raise Mismatch("The reference has no manifest's digest.", found=f"{name}: {found}", hint=hint)
    if not right:
        wanted = f"the image that says {far['leaves'][far['tested']]}"
        raise Mismatch("The digest is that of another image.", wanted=wanted, found=digest)
    repository = name.removeprefix("localhost:5000/").split(":")[0]
    kind = "Accept: application/vnd.docker.distribution.manifest.v2+json"
    url = f"http://localhost:5000/v2/{repository}/manifests/{digest}"
    status, _ = shell(box, f"curl --silent --fail --header '{kind}' --output /dev/null {url}")
    if status:
        raise Mismatch("The registry has no such manifest.", found=made["Config"]["Image"])
