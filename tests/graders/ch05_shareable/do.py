"""Answers to the exercise of chapter 5, wrong and right."""

from __future__ import annotations

import subprocess

from labkit.checks import hand_in, right, wrong
from labkit.core.engine import docker_cmd
from labkit.observe.other_machine import put, run, says

FAR, LEAF = "docker exec --interactive ch05-far docker", "localhost:5000/ch05-leaf"


def cli(lab, line):
    """Runs a line of shell with the docker command of this workspace."""
    shown = line.replace("docker ", f"{docker_cmd()[0]} ", 1)
    shown = shown.replace("| docker ", f"| {docker_cmd()[0]} ")
    return subprocess.run(["bash", "-ec", shown], env=lab.workspace.env(), check=True, capture_output=True)


def on_far(lab, line):
    """Runs a line of shell on the other machine."""
    return run(lab.docker.containers.get("ch05-far"), line)


def send(lab, name):
    """Brings an image over as it is."""
    cli(lab, f"docker save {name} | {FAR} load")


# --- do: move an image


@wrong("moved", "runs it here")
def moved_here(lab, far):
    cli(lab, "docker run --name ch05-tea ch05-tea:1.0")


@wrong("moved", "the container is removed at its end")
def moved_rm(lab, far):
    send(lab, "ch05-tea:1.0")
    on_far(lab, "docker run --rm --name ch05-tea ch05-tea:1.0")


@wrong("moved", "created and never started")
def moved_created(lab, far):
    send(lab, "ch05-tea:1.0")
    on_far(lab, "docker create --name ch05-tea ch05-tea:1.0")


@wrong("moved", "the old version, under the new name")
def moved_old(lab, far):
    send(lab, "ch05-tea:0.9")
    on_far(lab, "docker tag ch05-tea:0.9 ch05-tea:1.0 && docker run --name ch05-tea ch05-tea:1.0")


@wrong("moved", "export and import")
def moved_export(lab, far):
    box = lab.docker.containers.create("ch05-tea:1.0", name="ch05-files")
    put(lab.docker.containers.get("ch05-far"), "tea", {"tea.tar": b"".join(box.export())})
    on_far(lab, "docker import --change 'CMD [\"/say\"]' /root/tea/tea.tar ch05-tea:1.0")
    on_far(lab, "docker run --name ch05-tea ch05-tea:1.0")


@wrong("moved", "builds it there from the same file")
def moved_rebuilt(lab, far):
    context = says(lab.docker.version()["Arch"], far["tea"])
    put(lab.docker.containers.get("ch05-far"), "tea", context)
    on_far(lab, "docker build --tag ch05-tea:1.0 /root/tea && docker run --name ch05-tea ch05-tea:1.0")


@wrong("moved", "commits a container and sends that")
def moved_commit(lab, far):
    box = lab.docker.containers.run("ch05-tea:1.0", name="ch05-shown", detach=True)
    lab.wait(box, "exited")
    cli(lab, "docker commit --change 'ENV COMMITTED=yes' ch05-shown ch05-shown:1")
    send(lab, "ch05-shown:1")
    on_far(lab, "docker run --name ch05-tea ch05-shown:1")


@right("moved", "save and load in one pipe")
def moved_pipe(lab, far):
    send(lab, "ch05-tea:1.0")
    on_far(lab, "docker run --name ch05-tea ch05-tea:1.0")


@right("moved", "by docker-py, both versions in one archive, run by its id")
def moved_sdk(lab, far):
    image = lab.docker.images.get("ch05-tea:1.0")
    put(lab.docker.containers.get("ch05-far"), "tea", {"tea.tar": b"".join(image.save())})
    loaded = on_far(lab, "docker load --quiet --input /root/tea/tea.tar").split()[-1]
    on_far(lab, f"docker run --detach --env EXTRA=1 --name ch05-tea {loaded} && docker wait ch05-tea")


@right("moved", "loaded, tagged, pushed and pulled over there")
def moved_registry(lab, far):
    send(lab, "ch05-tea:1.0")
    there = "localhost:5000/ch05-tea:1.0"
    on_far(
        lab, f"docker tag ch05-tea:1.0 {there} && docker push {there} && docker image rm ch05-tea:1.0 {there}"
    )
    on_far(lab, f"docker run --name ch05-tea {there}")


@wrong("same_bytes", "compares the tags")
def same_tags(lab):
    def same_bytes(here, there):
        return here["RepoTags"] == there["RepoTags"]

    hand_in(lab, "same_bytes", same_bytes)


@wrong("same_bytes", "compares everything")
def same_everything(lab):
    def same_bytes(here, there):
        return here == there

    hand_in(lab, "same_bytes", same_bytes)


@wrong("same_bytes", "compares the layers alone")
def same_layers(lab):
    def same_bytes(here, there):
        return here["RootFS"]["Layers"] == there["RootFS"]["Layers"]

    hand_in(lab, "same_bytes", same_bytes)


@wrong("same_bytes", "compares layers and settings")
def same_settings(lab):
    def same_bytes(here, there):
        return all(here[key] == there[key] for key in ("RootFS", "Config"))

    hand_in(lab, "same_bytes", same_bytes)


@wrong("same_bytes", "prints, and returns nothing")
def same_prints(lab):
    def same_bytes(here, there):
        print(here["Id"] == there["Id"])

    hand_in(lab, "same_bytes", same_bytes)


@wrong("same_bytes", "hands in an answer, not a function")
def same_value(lab):
    hand_in(lab, "same_bytes", True)


@right("same_bytes", "by the config's digest")
def same_id(lab):
    def same_bytes(here, there):
        return here["Id"] == there["Id"]

    hand_in(lab, "same_bytes", same_bytes)


@right("same_bytes", "by all that the config is made of")
def same_parts(lab):
    def same_bytes(here, there):
        import json

        def plain(found):
            wanted = ("Created", "Os", "Architecture", "Config", "RootFS")
            return json.dumps({key: found[key] for key in wanted}, sort_keys=True)

        return plain(here) == plain(there)

    hand_in(lab, "same_bytes", same_bytes)


# --- transfer: pinned


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


# --- repair: a build that does not drift


def install(versions):
    """The line that installs packages, with versions or without."""
    return f"RUN apt-get update && apt-get install --yes {' '.join(versions)}\n"


def command(drift):
    """The line that adds the prices up."""
    total = " + ".join(f"$(cat /{name})" for name in drift["names"])
    return f"CMD echo $(( {total} ))\n"


def monday(drift):
    """The packages, as on Monday."""
    return [f"{name}={version}" for name, version in drift["monday"].items()]


def two_stages(drift):
    """Monday's packages installed in a stage of their own, their files copied out."""
    files = " ".join(f"/{name}" for name in drift["names"])
    first = f"FROM ch05-base:1 AS build\n{install(monday(drift))}"
    return f"{first}FROM ch05-base:1\nCOPY --from=build {files} /\n{command(drift)}"


def one_stage(drift, *more):
    """Monday's packages and further lines."""
    return f"FROM ch05-base:1\n{install(monday(drift))}{''.join(more)}{command(drift)}"


@wrong("steady", "as it was")
def steady_unchanged(lab, drift):
    text = f"FROM ch05-base:1\n{install(drift['names'])}RUN date > /baked\n{command(drift)}"
    hand_in(lab, "steady", text)


@wrong("steady", "pins what is newest today")
def steady_newest(lab, drift):
    newest = [f"{p}.1" if p.split("=")[0] in drift["newer"] else p for p in monday(drift)]
    hand_in(lab, "steady", f"FROM ch05-base:1\n{install(newest)}{command(drift)}")


@wrong("steady", "writes the sum down")
def steady_sum(lab, drift):
    hand_in(lab, "steady", f"FROM ch05-base:1\nCMD echo {sum(drift['prices'][:3])}\n")


@wrong("steady", "hands in the name of an image")
def steady_name(lab, drift):
    hand_in(lab, "steady", "ch05-menu:monday")


@wrong("steady", "a line that Docker does not know")
def steady_typo(lab, drift):
    hand_in(lab, "steady", "FROM ch05-base:1\nINSTALL everything\n")


@right("steady", "versions after an equals sign, the rest as it was")
def steady_pinned(lab, drift):
    hand_in(lab, "steady", one_stage(drift, "RUN date > /baked\n"))


@right("steady", "by apt's preferences")
def steady_preferences(lab, drift):
    pins = "".join(
        f"Package: {n}\\nPin: version {v}\\nPin-Priority: 1001\\n\\n" for n, v in drift["monday"].items()
    )
    prefer = f"RUN printf '{pins}' > /etc/apt/preferences\n"
    text = f"FROM ch05-base:1\n{prefer}{install(drift['names'])}{command(drift)}"
    hand_in(lab, "steady", text)


def both(lab, text):
    """Hands in one Dockerfile for both checks."""
    hand_in(lab, "steady", text)
    hand_in(lab, "identical", text)


@wrong("identical", "pinned, with the date in a file")
def identical_date(lab, drift):
    both(lab, one_stage(drift, "RUN date > /baked\n"))


@wrong("identical", "pinned, with apt's logs")
def identical_logs(lab, drift):
    both(lab, one_stage(drift))


@wrong("identical", "without logs, with the archive's list")
def identical_lists(lab, drift):
    line = install(monday(drift)).strip()
    both(lab, f"FROM ch05-base:1\n{line} && rm -rf /var/log/* \n{command(drift)}")


@wrong("identical", "everything tidied up, times left")
def identical_times(lab, drift):
    line = install(monday(drift)).strip()
    tidy = "rm -rf /var/log/* /var/lib/apt/lists/* /var/cache/*"
    both(lab, f"FROM ch05-base:1\n{line} && {tidy}\n{command(drift)}")


@wrong("identical", "equal, and of another sum")
def identical_sum(lab, drift):
    hand_in(lab, "steady", two_stages(drift))
    hand_in(lab, "identical", "FROM ch05-base:1\nCMD echo 42\n")


@right("identical", "two stages, the files copied to the root")
def identical_stages(lab, drift):
    both(lab, two_stages(drift))


@right("identical", "downloaded and unpacked, never installed")
def identical_unpacked(lab, drift):
    names = " ".join(monday(drift))
    unpack = (
        f"apt-get update && cd /tmp && apt-get download {names} && for d in *.deb; do dpkg -x $d /out; done"
    )
    files = " ".join(f"/out/{name}" for name in drift["names"])
    got = f"FROM ch05-base:1 AS got\nRUN {unpack}\n"
    both(lab, f"{got}FROM ch05-base:1\nCOPY --from=got {files} /\n{command(drift)}")


@right("identical", "the sum is computed in the first stage, and its file gets the time of the sources")
def identical_computed(lab, drift):
    total = " + ".join(f"$(cat /{name})" for name in drift["names"])
    stamp = f'RUN echo $(( {total} )) > /total && touch --date="@$SOURCE_DATE_EPOCH" /total\n'
    first = f"FROM ch05-base:1 AS build\nARG SOURCE_DATE_EPOCH\n{install(monday(drift))}{stamp}"
    both(lab, f"{first}FROM ch05-base:1\nCOPY --from=build /total /\nCMD cat /total\n")
