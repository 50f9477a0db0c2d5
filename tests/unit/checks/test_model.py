"""What is wrong with a file of checks is told when it is loaded; what is right is found in its order."""

from __future__ import annotations

import pytest

from labkit import Usage
from labkit.checks.loader import load
from labkit.checks.model import Check, check, scene


def made(function=None, **options):
    def one(lab):
        """It is so"""

    return check(**{"task": "do", "points": 1, **options})(function or one)


def untitled(lab):
    pass


def blank(lab):
    """ """


def of_another(lab, replicas):
    """It is so"""


def answer(lab):
    """Its name is taken by what is handed in"""


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (untitled, {}),
        (blank, {}),
        (of_another, {}),
        (answer, {}),
        (None, {"task": "Do"}),
        (None, {"task": "explain"}),
        (None, {"task": None}),
        (None, {"points": 0}),
        (None, {"points": -1}),
        (None, {"points": 1.5}),
        (None, {"points": True}),
        (None, {"points": "2"}),
        (None, {"needs": untitled}),
        (None, {"needs": (untitled,)}),
        (None, {"needs": ("one",)}),
        (None, {"hints": "one text, of which each letter would be a hint"}),
        (None, {"timeout": 0}),
    ],
)
def test_a_check_that_is_none_is_a_type_error_at_import(function, options):
    with pytest.raises(TypeError):
        made(function, **options)


def test_a_scene_without_a_title():
    with pytest.raises(TypeError, match="untitled has no docstring"):
        scene(lambda random: {})(untitled)


def test_a_sound_check():
    """The control of the list above."""
    found = made(hints=("far", "near"), timeout=5, points=3)
    assert (found.name, found.title, found.points, found.timeout) == ("one", "It is so", 3, 5)
    assert found.hints == ("far", "near")


def test_a_title_is_the_first_line():
    def one(lab):
        """It is so

        And more, for whoever reads the file.
        """

    assert made(one).title == "It is so"


def test_needs_may_be_one_or_several_and_name_parameters():
    first, shown = made(), scene(lambda random: {})(of_another)

    def second(of_another, lab, one, answer):
        """All at once"""

    found = made(second, needs=(first, shown))
    assert found.needs == (first, shown)
    assert found.parameters == ("of_another", "lab", "one", "answer")
    assert made(lambda_free, needs=first).needs == (first,)


def lambda_free(one):
    """Needs one"""


DO = '''
from labkit.checks import check, scene

@scene(lambda random: {"word": random.choice("abcdefgh")})
def stage(lab, facts):
    """a stage"""

@check(task="do", points=1)
def second(lab):
    """Stands first"""

again = second
'''
REPAIR = '''
from labkit.checks import check

from .do import second, stage

@check(task="repair", points=2, needs=(second, stage))
def first(lab, stage, second):
    """Stands second"""
'''


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "checks/ch96_x"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text('IMAGES = ("web:1.0",)\nCLUSTER = True\n')
    (folder / "do.py").write_text(DO)
    (folder / "repair.py").write_text(REPAIR)
    return tmp_path


def test_a_file_of_checks(root):
    suite = load("ch96_x", root)
    assert list(suite.checks) == ["second", "first"]
    assert list(suite.scenes) == ["stage"]
    assert (suite.points, suite.images, suite.cluster) == (3, ("web:1.0",), True)
    assert load("ch96_x", root) is suite  # the same objects, wherever it is asked for


def test_a_name_that_is_not_there_says_which_are(root):
    suite = load("ch96_x", root)
    assert isinstance(suite.find("checks", "first"), Check)
    with pytest.raises(Usage, match="There is no check 'third' in ch96_x") as e:
        suite.find("checks", "third")
    assert e.value.wanted == "second, first"
    with pytest.raises(Usage, match="no scene 'first'"):
        suite.find("scenes", "first")


def test_a_file_that_is_not_there_or_holds_no_check(tmp_path):
    (tmp_path / "checks/ch96_x").mkdir(parents=True)
    with pytest.raises(Usage, match="ch96_x has no checks") as e:
        load("ch96_x", tmp_path)
    assert e.value.wanted == "checks/ch96_x/__init__.py"
    (tmp_path / "checks/ch96_x/__init__.py").write_text("IMAGES = ()\n")
    with pytest.raises(Usage, match="holds no check"):
        load("ch96_x", tmp_path)


def test_a_check_stands_in_the_file_of_its_task(root):
    (root / "checks/ch96_x/transfer.py").write_text(DO.replace("second", "third").replace("stage", "other"))
    with pytest.raises(Usage, match="The check third is of the task do") as e:
        load("ch96_x", root)
    assert (e.value.wanted, e.value.found) == ("checks/ch96_x/do.py", "checks/ch96_x/transfer.py")


@pytest.mark.parametrize("name", ["second", "stage"])
def test_two_of_one_name_are_told(root, name):
    other = {"second": "stage", "stage": "second"}[name]
    text = DO.replace(other, "another").replace('task="do"', 'task="transfer"')
    (root / "checks/ch96_x/transfer.py").write_text(text)
    with pytest.raises(Usage, match="two of one name") as e:
        load("ch96_x", root)
    assert e.value.found == name


def test_the_same_workspace_has_the_same_scene_and_nothing_noted_enters_it(root, tmp_path):
    from labkit.lab.workspace import Workspace

    stage = load("ch96_x", root).scenes["stage"]
    workspaces = [Workspace.fresh("ch96_x", tmp_path / str(i), seed=i) for i in range(20)]
    first = [stage.facts(s) for s in workspaces]
    for s in workspaces:
        s.note("scenes", "stage", {"word": "mine"})
    assert [stage.facts(s) for s in workspaces] == first
    assert len({f["word"] for f in first}) > 3
