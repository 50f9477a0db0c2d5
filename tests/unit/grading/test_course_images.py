"""The images that a judge runs are those that were there before: a name that leads elsewhere is led back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import requests
from docker.errors import ImageNotFound

from labkit.checks.model import Suite, check, scene
from labkit.checks.result import ERROR, FAIL, PASS, Result
from labkit.core.errors import BrokenEnvironment, EngineUnavailable
from labkit.core.paths import REGISTRY
from labkit.grading import course_images, scoring
from labkit.grading.course_images import CourseImages
from labkit.grading.scoring import Scorer
from labkit.lab.engine_pool import BASE, HELPER
from labkit.lab.workspace import Engine, Workspace

HELPERS = f"{REGISTRY}/{HELPER}"


class Images:
    """An engine that has images, by name; each id is one of their number."""

    def __init__(self, **names):
        self.names, self.ids, self.is_away = dict(names), set(names.values()), False
        self.images = self.api = self

    def get(self, name):
        if self.is_away:
            raise requests.ConnectionError("refused")
        found = name if name in self.ids else self.names.get(name)
        if found is None:
            raise ImageNotFound(name)
        return SimpleNamespace(id=found, save=lambda named: [found] if named else pytest.fail("without name"))

    def tag(self, found, repository, tag):
        assert found in self.ids
        self.names[f"{repository}:{tag}"] = found

    def load(self, parts):
        self.ids |= set(parts)

    def remove(self, name):
        """As ``docker rmi --force``."""
        self.ids.discard(self.names.pop(name))

    def close(self):
        pass


@pytest.fixture
def engine():
    return Images(**{BASE: "base", HELPERS: "helper"})


def test_a_name_given_to_another_image_is_led_back(engine):
    images = CourseImages(engine, [BASE, HELPERS])
    assert (images.moved(), images.restore()) == ([], [])
    engine.ids.add("forged")
    engine.names[HELPERS] = "forged"
    assert images.restore() == [HELPERS]
    assert (engine.names[HELPERS], images.moved()) == ("helper", [])


def test_an_image_that_was_removed_is_copied_again(engine, monkeypatch):
    images = CourseImages(engine, [BASE, HELPERS])
    engine.remove(HELPERS)
    monkeypatch.setattr(course_images, "docker_client", lambda labels: Images(**{HELPERS: "helper"}))
    assert images.restore() == [HELPERS]
    assert engine.get(HELPERS).id == "helper"


def test_another_image_on_the_courses_engine_is_not_taken_for_it(engine, monkeypatch):
    images = CourseImages(engine, [HELPERS])
    engine.remove(HELPERS)
    monkeypatch.setattr(course_images, "docker_client", lambda labels: Images(**{HELPERS: "newer"}))
    with pytest.raises(BrokenEnvironment, match="changed while grading"):
        images.restore()


def test_an_engine_that_went_away_is_told(engine):
    images = CourseImages(engine, [HELPERS])
    engine.is_away = True
    for ask in (images.moved, images.restore, lambda: CourseImages(engine, [HELPERS])):
        with pytest.raises(EngineUnavailable, match="could not be looked at"):
            ask()


# --- where they are used


@check(task="do", points=2)
def one(lab):
    """One"""


@scene(lambda random: {})
def stage(lab, facts):
    """a stage"""


@pytest.fixture
def scorer(engine, monkeypatch, tmp_path):
    """A scorer at an engine; its check passes by the helper's image and fails by any other."""
    api = SimpleNamespace(most_output=None)
    suite = Suite("ch96_x", {"one": one}, {"stage": stage})
    monkeypatch.setattr(scoring.loader, "load", lambda stem: suite)
    engine.api.most_output = None
    monkeypatch.setattr(scoring, "Lab", lambda stem, role, workspace: SimpleNamespace(docker=engine, api=api))
    workspace = Workspace.fresh("ch96_x", tmp_path, engine=Engine("tcp://127.0.0.1:1", "/certificates"))
    said = []
    made = Scorer(workspace, said.append, SimpleNamespace())
    made.notes = said
    return made


def runner(engine, while_it_runs=lambda: None):
    """What runs checks."""

    def run(name):
        verdict = PASS if engine.get(HELPERS).id == "helper" else FAIL
        while_it_runs()
        return Result("one", "One", "do", 2, verdict)

    return lambda suite, lab, server: SimpleNamespace(run=run)


def forge(engine):
    engine.ids.add("forged")
    engine.names[HELPERS] = "forged"


def test_a_check_runs_the_image_that_was_there_before(scorer, engine, monkeypatch):
    monkeypatch.setattr(scoring, "Runner", runner(engine))
    forge(engine)
    scorer.judge("one")
    assert scorer.results["one"].verdict == PASS
    assert scorer.notes == [
        f"The name `{HELPERS}` led to another image, or to none: the course's own was used."
    ]


def test_a_scene_is_set_up_from_the_image_that_was_there_before(scorer, engine, monkeypatch):
    seen = []
    monkeypatch.setattr(scoring, "begin", lambda lab, suite, name: seen.append(engine.get(HELPERS).id))
    forge(engine)
    scorer.begin("stage")
    assert seen == ["helper"]


def test_an_image_that_is_replaced_under_a_check_earns_nothing(scorer, engine, monkeypatch):
    monkeypatch.setattr(scoring, "Runner", runner(engine, lambda: forge(engine)))
    scorer.judge("one")
    assert (scorer.results["one"].verdict, scorer.results["one"].earned) == (FAIL, 0)
    assert scorer.results["one"].found == HELPERS


def test_an_engine_that_is_gone_decides_nothing(scorer, engine):
    engine.is_away = True
    scorer.judge("one")
    assert scorer.results["one"].verdict == ERROR
