"""What a check costs beyond what it must ask, and a whole check beside a shell script that asks the same."""

from __future__ import annotations

import io
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labkit.checks import loader
from labkit.checks.answers import hand_in
from labkit.checks.model import Suite
from labkit.checks.result import FAIL, PASS
from labkit.checks.runner import Runner
from labkit.core.engine import docker_cmd
from labkit.core.errors import LabkitError
from labkit.devtools.bench import Figure, seconds
from labkit.lab.engine_pool import BASE, Pool
from labkit.lab.lab import Lab
from labkit.lab.workspace import Workspace

STEM, CHECK = "ch01_docker_manages", "picture"
RUNS, PAIRS = 100, 10
MEDIAN, P95, RATIO = 100.0, 300.0, 1.0
"""Bounds: milliseconds, milliseconds, and the check's time by the script's."""

SCRIPT = """
set -eu
docker() { "$CLI" "$@"; }
of() { docker inspect --format "$1" "$2"; }
layers=$(docker image inspect --format '{{json .RootFS.Layers}}' debian:trixie-slim)
made=$(docker image inspect --format '{{json .RootFS.Layers}}' ch01-clock:2.0)
case $made in "${layers%]}"*) ;; *) exit 1 ;; esac
id=$(docker image inspect --format '{{.Id}}' ch01-clock:2.0)
[ "$id" != "$(docker image inspect --format '{{.Id}}' debian:trixie-slim)" ]
made=$(docker create --init "$id")
docker start "$made" > /dev/null
docker run --rm debian:trixie-slim sleep 1
[ "$(of '{{.State.Status}}' "$made")" = running ]
docker rm --force --volumes "$made" > /dev/null
docker network inspect ch01-lane > /dev/null
docker volume inspect ch01-shelf > /dev/null
[ "$(of '{{.State.Status}} {{.Image}}' ch01-clock)" = "running $id" ]
[ "$(of '{{.State.Status}} {{.Image}} {{len .Mounts}}' ch01-spare)" = "created $id 0" ]
names='{{range $name, $_ := .NetworkSettings.Networks}} {{$name}} {{end}}'
case $(of "$names" ch01-clock) in *" ch01-lane "*) ;; *) exit 1 ;; esac
case $(of "$names" ch01-spare) in *" ch01-lane "*) exit 1 ;; esac
mounts='{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}}{{end}}'
[ "$(of "$mounts" ch01-clock)" = "volume ch01-shelf /shelf" ]
word=$(od -An -N8 -tx1 /dev/urandom | tr -d ' ')
docker exec --user 0 ch01-clock sh -c "echo $word > /shelf/.probe"
said=$(docker run --rm --volume ch01-shelf:/v debian:trixie-slim sh -c 'cat /v/.probe; rm /v/.probe')
[ "$said" = "$word" ]
"""
"""What the check `picture`, with what it needs, asks of an engine."""


REFUSED = "refused"
NOTHING = '''
from labkit import Mismatch
from labkit.checks import check


@check(task="do", points=1)
def empty(lab):
    """Nothing is asked."""


@check(task="do", points=1, needs=empty)
def refused(answer):
    """Nothing is asked, and the answer is refused: only then is the lab looked at."""
    raise Mismatch("It is refused.", wanted=1, found=answer)
'''
"""Checks that ask nothing."""


def overhead(lab: Lab, suite: Suite) -> float:
    """Seconds of a check that asks nothing: a process, need, answer, a look at the lab, kept, shown."""

    def whole() -> None:
        result = Runner(suite, lab).run(REFUSED)
        lab.workspace.note("results", REFUSED, result.as_json())
        if result.verdict != FAIL or not result._repr_html_():
            raise LabkitError("The check that asks nothing did not end as it must.", found=result)

    hand_in(lab, REFUSED, 2)
    return seconds(whole)


@contextmanager
def asking_nothing() -> Iterator[Suite]:
    """The checks that ask nothing, in a course of their own."""
    with tempfile.TemporaryDirectory(prefix="labkit-") as root:
        folder = loader.folder_of(STEM, Path(root))
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(NOTHING, encoding="utf-8")
        yield loader.load(STEM, Path(root))


def by_check(lab: Lab) -> None:
    """The check, with what it needs."""
    result = Runner(loader.load(STEM), lab).run(CHECK)
    if result.verdict != PASS:
        raise LabkitError(f"{CHECK} did not pass.", found=result)


def by_script(lab: Lab) -> None:
    """The same questions, each a docker command."""
    env = {**lab.workspace.env(), "CLI": docker_cmd()[0]}
    done = subprocess.run(["sh", "-c", SCRIPT], env=env, capture_output=True, text=True)
    if done.returncode:
        raise LabkitError("The script did not end well.", found=done.stderr or done.returncode)


@contextmanager
def pictured() -> Iterator[Lab]:
    """A Lab at a private engine that has what the picture shows."""
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        owner = Lab(STEM, role="proof", workspace=Workspace.fresh(STEM, Path(folder) / "owner"))
        try:
            with (
                Pool(owner, (), 1) as pool,
                pool.workspace() as workspace,
                Lab(STEM, role="proof", workspace=workspace) as lab,
            ):
                dockerfile = f'FROM {BASE}\nCMD ["sleep", "infinity"]\n'
                lab.docker.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag="ch01-clock:2.0")
                lab.docker.networks.create("ch01-lane")
                options: dict[str, Any] = {
                    "network": "ch01-lane",
                    "volumes": ["ch01-shelf:/shelf"],
                    "init": True,
                }
                lab.docker.containers.run("ch01-clock:2.0", name="ch01-clock", detach=True, **options)
                lab.docker.containers.create("ch01-clock:2.0", name="ch01-spare")
                yield lab
        finally:
            owner.close()


def figures(runs: int = RUNS, pairs: int = PAIRS) -> list[Figure]:
    """What a check costs, and how it compares.

    Args:
        runs: how often the check that asks nothing is run.
        pairs: how often check and script take turns.
    """
    with pictured() as lab, asking_nothing() as suite:
        overhead(lab, suite)  # the first one starts the server of processes
        alone = sorted(1000 * overhead(lab, suite) for _ in range(runs))
        both = [(seconds(lambda: by_check(lab)), seconds(lambda: by_script(lab))) for _ in range(pairs)]
    ours, theirs = (tuple(round(s, 2) for s in column) for column in zip(*both, strict=True))
    mine, script = statistics.median(ours), statistics.median(theirs)
    p95 = alone[max(0, -(-len(alone) * 95 // 100) - 1)]
    return [
        Figure(f"a check's overhead, median of {runs}", statistics.median(alone), "ms", MEDIAN),
        Figure("a check's overhead, p95", p95, "ms", P95),
        Figure(f"{CHECK}, the whole check", mine, "s", None, ours),
        Figure(f"{CHECK}, by docker commands", script, "s", None, theirs),
        Figure(f"{CHECK}, check against commands", mine / script, "ratio", RATIO),
    ]
