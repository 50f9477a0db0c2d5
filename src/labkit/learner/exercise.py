"""What an exercise's notebook calls: hand in, start a scene, check, ask for a hint, look at the progress."""

from __future__ import annotations

from typing import Any

from labkit.checks import loader, model
from labkit.checks.answers import hand_in
from labkit.checks.result import ERROR, FAIL, PASS, Progress, Result
from labkit.checks.runner import Runner, shared_server
from labkit.core.errors import Usage
from labkit.core.theme import SIGNS
from labkit.lab.lab import Lab
from labkit.lab.workspace import Workspace
from labkit.learner import scene_channel
from labkit.learner.cell_source import with_source

LEFT_TO_GRADER = "Checked from outside, by whoever grades this notebook."


class NotYet(Exception):
    """A graded cell that did not pass: nbgrader and nbclient see an error, a reader sees one line."""

    def _render_traceback_(self) -> list[str]:
        """IPython prints these lines in place of a traceback."""
        return [str(self)]


def current() -> tuple[Lab, model.Suite]:
    """The exercise's Lab that is open in this process, and its checks.

    Raises:
        Usage: no exercise is open.
    """
    lab = Lab.opened()
    if lab is None or not lab.has_workspace:
        raise Usage("No exercise is open here.", fix="run the notebook's first code cell")
    if not lab.workspace.judged:
        shared_server()  # begins to load what checks need, so that the first one need not wait for it
    return lab, loader.load(lab.stem)


def check(name: str) -> None:
    """Checks one thing that was asked for, shows what was found, and keeps it.

    Args:
        name: the check's.

    Raises:
        NotYet: it did not pass; what is shown says why.
        Usage: there is no such check.
    """
    lab, suite = current()
    workspace = lab.workspace
    suite.find("checks", name)
    if workspace.judged:
        print(LEFT_TO_GRADER)
        return
    result = Runner(suite, lab).run(name)
    if result.verdict != ERROR or verdict_of(workspace, name) is None:  # an outage takes back nothing
        workspace.note("results", name, result.as_json())
    shown(result)
    if result.verdict != PASS:
        helps = result.verdict == FAIL and suite.checks[name].hints
        more = f' · hint("{name}") says where to look' if helps else ""
        if result.verdict == ERROR:  # of an outage a log keeps this line alone
            more = " · " + " ".join(f"{result.message} {result.found or ''}".split())
        raise NotYet(f"{result.verdict}: {result.earned} of {result.points} points{more}")


def verdict_of(workspace: Workspace, name: str) -> str | None:
    """The verdict that is kept for a check, or None."""
    entry = workspace.noted("results").get(name)
    verdict = entry.get("verdict") if isinstance(entry, dict) else None
    return verdict if isinstance(verdict, str) and verdict in SIGNS else None


def shown(thing: Any) -> None:
    """Displays something rich."""
    from IPython.display import display

    display(thing)


def answer(name: str, value: Any) -> None:
    """Hands in something that is no object of engine or cluster.

    Args:
        name: the check's that will look at it.
        value: numbers, texts, lists or dicts of them, or a function that holds all it needs.

    Raises:
        Usage: it cannot be kept, or there is no such check.
    """
    lab, suite = current()
    suite.find("checks", name)
    hand_in(lab, name, with_source(value))


def start(name: str) -> None:
    """Sets up what a task begins with; called again, it sets it up anew.

    Args:
        name: the scene's.

    Raises:
        Usage: there is no such scene.
        BrokenEnvironment: whoever grades could not set it up.
    """
    lab, suite = current()
    suite.find("scenes", name)
    workspace = lab.workspace
    if workspace.judged:
        scene_channel.ask(workspace, name)  # whoever grades sets it up
    else:
        begin(lab, suite, name)
    print(f"Set up: {suite.scenes[name].title}")


def begin(lab: Lab, suite: model.Suite, name: str) -> dict[str, Any]:
    """Builds a scene at a lab; returns its facts."""
    scene: model.Scene = suite.find("scenes", name)
    workspace = lab.workspace
    facts = scene.facts(workspace)
    if suite.cluster:
        _ = lab.namespace  # the exercise's own: made within the scene, it would go with the scene
    workspace.note("scenes", name, False)  # should it break on its way, nobody is judged by half of it
    with lab.scene(name):
        scene.build(lab, facts)
    workspace.note("scenes", name, True)
    return facts


def hint(name: str) -> None:
    """Says where to look: each call goes one step nearer, and none gives the answer.

    Raises:
        Usage: there is no such check.
    """
    lab, suite = current()
    hints = suite.find("checks", name).hints
    if not hints:
        print("There is no hint for this one; its message says all.")
        return
    workspace = lab.workspace
    given = workspace.noted("hints").get(name)
    count = min((given if type(given) is int and given > 0 else 0) + 1, len(hints))
    workspace.note("hints", name, count)
    print(f"Hint {count} of {len(hints)}: {hints[count - 1]}")


def progress() -> Progress:
    """Where this exercise stands: the last result of each check."""
    lab, suite = current()
    workspace = lab.workspace
    return Progress((c.title, c.points, verdict_of(workspace, c.name)) for c in suite.checks.values())


__all__ = ["NotYet", "Result", "answer", "check", "hint", "progress", "start"]
