"""Transfer: pinned."""

from __future__ import annotations

from labkit.checks import right, wrong

from . import LEAF, on_far


def tested(lab):
    """The id of the image that was tested."""
    return on_far(lab, "docker inspect --format '{{.Image}}' ch05-tested")


def reference(lab, image):
    """What the registry calls an image, by digest."""
    return on_far(lab, f"docker image inspect --format '{{{{index .RepoDigests 0}}}}' {image}")


@wrong("pinned", "by the tag")
def pinned_tag(lab, far):
    on_far(lab, f"docker run --name ch05-pinned {LEAF}:1.0")


@wrong("pinned", "by the image's id")
def pinned_id(lab, far):
    on_far(lab, f"docker run --name ch05-pinned {tested(lab)}")


@wrong("pinned", "by a tag of its own, pushed")
def pinned_own_tag(lab, far):
    on_far(lab, f"docker tag {tested(lab)} {LEAF}:tested && docker push {LEAF}:tested")
    on_far(lab, f"docker run --name ch05-pinned {LEAF}:tested")


@wrong("pinned", "by the digest that the tag has today")
def pinned_today(lab, far):
    on_far(lab, f"docker run --name ch05-pinned {reference(lab, f'{LEAF}:1.0')}")


@wrong("pinned", "renames the container that was tested")
def pinned_renamed(lab, far):
    on_far(lab, f"docker tag {tested(lab)} {LEAF}:1.0 && docker rename ch05-tested ch05-pinned")


@wrong("pinned", "removes what was tested")
def pinned_removed(lab, far):
    name = reference(lab, tested(lab))
    on_far(lab, f"docker rm ch05-tested && docker run --name ch05-pinned {name}")


@right("pinned", "by the digest of the manifest")
def pinned_digest(lab, far):
    on_far(lab, f"docker run --name ch05-pinned {reference(lab, tested(lab))}")


@wrong("pinned", "by tag and digest, created only")
def pinned_created(lab, far):
    digest = reference(lab, tested(lab)).split("@")[1]
    on_far(lab, f"docker create --name ch05-pinned {LEAF}:1.0@{digest}")


@right("pinned", "by tag and digest")
def pinned_both(lab, far):
    digest = reference(lab, tested(lab)).split("@")[1]
    on_far(lab, f"docker run --name ch05-pinned {LEAF}:1.0@{digest}")


@right("pinned", "pushed to a repository of its own, by its digest there")
def pinned_elsewhere(lab, far):
    kept = "localhost:5000/ch05-kept"
    on_far(lab, f"docker tag {tested(lab)} {kept}:1 && docker push {kept}:1")
    digest = reference(lab, tested(lab)).split("@")[1]
    on_far(lab, f"docker run --name ch05-pinned {kept}@{digest}")
