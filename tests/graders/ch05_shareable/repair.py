"""Repair: a build that does not drift."""

from __future__ import annotations

from labkit.checks import hand_in, right, wrong


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
