"""Do: an image that crosses."""

from __future__ import annotations

import secrets
from random import Random

from labkit import Mismatch, Missing
from labkit.checks import Function, check, scene
from labkit.observe.containers import image

from . import FAR, LEAF, far_engine
from .engine import answers, inspected, packed, put, run, says
from .inspections import described, pairs

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "indigo", "juniper")


def teas(random: Random):
    """Words that images print: the tea, its old version, and three of the leaf, of which one was tested."""
    tea, old, *leaves = random.sample(WORDS, 5)
    return {"tea": tea, "old": old, "leaves": leaves, "tested": random.randrange(2)}


@scene(teas)
def far(lab, facts):
    """another engine in the container `ch05-far`, with a registry of its own; two images `ch05-tea` here"""
    processor = lab.docker.version()["Arch"]
    for tag, word in (("0.9", facts["old"]), ("1.0", facts["tea"])):
        context = packed(says(processor, word))
        lab.docker.images.build(fileobj=context, custom_context=True, tag=f"ch05-tea:{tag}")
    disk = lab.docker.volumes.create("ch05-far-disk")
    options = {"detach": True, "privileged": True, "volumes": [f"{disk.name}:/var/lib/docker"]}
    box = lab.docker.containers.run("localhost:5001/engine:26.1", name=FAR, hostname=FAR, **options)
    lab.wait(box, "healthy", timeout=120)
    shared = {"name": "ch05-far-store", "network_mode": f"container:{box.id}", "detach": True}
    lab.docker.containers.run("localhost:5001/registry:2", **shared)
    answers(box, "http://localhost:5000/v2/")
    for day, word in enumerate(facts["leaves"]):
        put(box, f"leaf{day}", says(processor, word))
        run(box, f"docker build --tag {LEAF}:1.0 /root/leaf{day} && docker push {LEAF}:1.0")
        if day == facts["tested"]:
            run(box, f"docker run --name ch05-tested {LEAF}:1.0")


@check(
    task="do",
    points=2,
    needs=far,
    hints=(
        "`docker exec --interactive ch05-far docker load` reads an archive from its standard input.",
        "Which command writes that archive, and of what: a container or an image?",
    ),
)
def moved(lab, far):
    """The container `ch05-tea` on `ch05-far` runs the very image `ch05-tea:1.0` that is here"""
    box, here = far_engine(lab), image(lab, "ch05-tea:1.0").attrs
    made = inspected(box, "container", "ch05-tea")
    if made is None:
        hint = "The image is there. A container that was started with --rm is removed when it ends."
        if inspected(box, "image", "ch05-tea:1.0") is None:
            hint = "Not even an image ch05-tea:1.0 is there."
        raise Missing(f"There is no container ch05-tea on {FAR}.", hint=hint)
    if (there := inspected(box, "image", made["Image"])) is None:
        raise Missing("The image of the container ch05-tea is gone.")
    compare(here, there, image(lab, "ch05-tea:0.9").attrs)
    if made["State"]["Status"] == "created":
        raise Mismatch("The container ch05-tea was never started.", wanted="its word", found="created")
    if (said := run(box, "docker logs ch05-tea")) != far["tea"]:
        raise Mismatch("The container ch05-tea has not said the word of its image.", found=said)


def compare(here, there, old):
    """Holds the far image against the one here."""
    if same(here, there):
        return
    if same(old, there):
        raise Mismatch("The container runs ch05-tea:0.9.", wanted="ch05-tea:1.0", hint="Look at the tag.")
    if here["RootFS"] == there["RootFS"]:
        hint = "A commit makes a new image of a container. Was it asked for?"
        if (there.get("Comment") or "").startswith("buildkit"):
            hint = "Built again, it gets another time of creation, and the config holds that."
        raise Mismatch("The layers are equal, the configs are not.", hint=hint)
    hint = "The same file, built or copied again, gets another time, and so its layer another digest."
    if (there.get("Comment") or "").startswith("Imported"):
        hint = "`docker export` takes the files of a container; its config stays behind."
    raise Mismatch("The image on the other engine has other layers.", wanted="equal digests", hint=hint)


def same(one, other):
    """Whether two inspections are of one image, whichever digest each engine takes for its id."""
    names = ("Cmd", "Entrypoint", "Env", "Labels", "User", "WorkingDir", "ExposedPorts", "Volumes")
    settings = [[i["Config"].get(name) or None for name in names] for i in (one, other)]
    fields = ("Os", "Architecture", "RootFS", "Created")
    return settings[0] == settings[1] and all(one[f] == other[f] for f in fields)


WHY = {
    "the same image, under another name": "Names and their dates are the engine's, not the image's.",
    "another image under the same tag": "A tag says nothing about bytes, nor does a size.",
    "equal layers under another config": "Are the layers all that an image has?",
    "a rebuild, equal but for its time": "The config holds the time of creation, too.",
}


@check(
    task="do",
    points=2,
    hints=(
        "Go through the fields: which are of the image, and which of the engine that was asked?",
        "Of which bytes is the config's digest, and what do those bytes name in turn?",
    ),
)
def same_bytes(answer):
    """`same_bytes(here, there)` says whether two inspections are of the same bytes"""
    if not isinstance(answer, Function):
        raise Mismatch("The answer is no function.", wanted="a function of two dicts", found=answer)
    seed, other = secrets.token_hex(8), secrets.token_hex(8)
    for what, there, wanted in pairs(seed, other):
        said = answer(described(seed), there)
        if type(said) is not bool:
            raise Mismatch("The function did not say True or False.", found=said)
        if said != wanted:
            raise Mismatch(f"It is wrong about {what}.", wanted=wanted, found=said, hint=WHY.get(what))
