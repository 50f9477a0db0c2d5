"""What "done" means in the exercise of chapter 5: an image moved, a digest pinned, a build without drift."""

from __future__ import annotations

import secrets
from random import Random

from labkit import Mismatch, Missing
from labkit.checks import Function, check, scene
from labkit.observe.builds import Twice
from labkit.observe.containers import container, image, shell
from labkit.observe.inspections import described, pairs
from labkit.observe.other_machine import answers, archive, build, inspected, packed, put, run, says

IMAGES = ("engine:26.1", "registry:2")
BASE, HELPER = "debian:trixie-slim", "localhost:5001/python:3.13"
FAR, LEAF = "ch05-far", "localhost:5000/ch05-leaf"
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "indigo", "juniper")
SPICES = ("cumin", "sumac", "fennel", "nigella", "saffron", "anise")
DAYS = ("Monday", "Friday")
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


# --- do: an image that crosses


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


# --- transfer: a reference that cannot be moved


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


# --- repair: a build that does not drift


def spices(random: Random):
    """Three packages, their versions on Monday, and the two of them that have newer ones on Friday."""
    names = sorted(random.sample(SPICES, 3))
    monday = {name: f"{random.randint(1, 4)}.{random.randint(1, 8)}" for name in names}
    newer, prices = random.sample(names, 2), random.sample(range(10, 60), 5)
    return {"names": names, "monday": monday, "newer": newer, "prices": prices}


def offered(facts, prices):
    """The packages that the archive offers on Monday, and those on Friday."""
    monday = [
        (name, facts["monday"][name], price) for name, price in zip(facts["names"], prices, strict=False)
    ]
    added = zip(facts["newer"], prices[3:], strict=True)
    return monday, monday + [(name, f"{facts['monday'][name]}.1", price) for name, price in added]


def dockerfile(names):
    """The Dockerfile with which the repair begins."""
    install = f"RUN apt-get update && apt-get install --yes {' '.join(names)}"
    total = " + ".join(f"$(cat /{name})" for name in names)
    return f"FROM ch05-base:1\n{install}\nRUN date > /baked\nCMD echo $(( {total} ))\n"


@scene(spices)
def drift(lab, facts):
    """one Dockerfile, built twice on `ch05-far`: the images `ch05-menu:monday` and `ch05-menu:friday`"""
    box = far_engine(lab)
    base = b"".join(lab.docker.images.get(BASE).save(named=True))
    sources = (
        "rm -f /etc/apt/sources.list.d/* && echo 'deb [trusted=yes] http://index ./' > /etc/apt/sources.list"
    )
    put(box, "base", {"base.tar": base, "Dockerfile": f"FROM {BASE}\nRUN {sources}\n".encode()})
    run(box, "cd /root/base && docker load --input base.tar && docker build --tag ch05-base:1 - < Dockerfile")
    for day, packages in zip(DAYS, offered(facts, facts["prices"]), strict=True):
        address, name = (
            ("127.0.0.2", "ch05-far-monday") if day == "Monday" else ("127.0.0.1", "ch05-far-index")
        )
        served = archive(lab, box, address, packages, name, HELPER)
        status, said = build(box, dockerfile(facts["names"]), f"ch05-menu:{day.lower()}", address)
        if status:
            raise RuntimeError(said[-600:])
        if day == "Monday":
            served.remove(force=True)


def twice(lab, facts, answer):
    """The Dockerfile, built on both days at prices nobody can know, and the sum it should compute."""
    prices = secrets.SystemRandom().sample(range(100, 900), 5)
    worlds = dict(zip(DAYS, offered(facts, prices), strict=True))
    return Twice(lab, far_engine(lab), answer, worlds, HELPER), str(sum(prices[:3]))


REPAIR = {"task": "repair", "points": 2, "timeout": 120}


@check(
    needs=(far, drift),
    hints=(
        "Ask both images which versions they have: `dpkg-query --show` lists packages.",
        "apt takes a version after an equals sign. Which of the packages may change next week?",
    ),
    **REPAIR,
)
def steady(lab, drift, answer):
    """The Dockerfile computes what Monday's image computes, whatever the archive offers besides"""
    built, total = twice(lab, drift, answer)
    with built:
        for n, day in enumerate(DAYS):
            if (said := built.said(n)) != total:
                hint = "The prices are in the packages: the archive of this check has its own."
                if day == "Friday":
                    hint = "On Monday it was right. Which package is free to change?"
                message = f"{day}'s build computes another sum."
                raise Mismatch(message, wanted=total, found=said[-200:], hint=hint)


@check(
    needs=(far, drift, steady),
    hints=(
        "Which files differ between two builds, and which of them does the program need?",
        "A first stage may be as untidy as it likes, if only the result is copied out of it.",
    ),
    **REPAIR,
)
def identical(lab, drift, answer):
    """Two builds of the Dockerfile, on Monday and on Friday, are equal bit for bit"""
    built, total = twice(lab, drift, answer)
    with built:
        if built.said(1) != total:
            raise Mismatch("This Dockerfile computes another sum than the one before.")
        built.differ()
