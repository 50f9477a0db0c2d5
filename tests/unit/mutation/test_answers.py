"""What a file of answers must hold, and how an answer is carried out."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from labkit import CommandFailed, Usage
from labkit.checks import examples
from labkit.checks.examples import Answer, right, wrong
from labkit.checks.model import Suite, check, scene
from labkit.mutation import answers as proof
from labkit.mutation.answers import FOLDER, answers

STEM = "ch96_x"


@scene(lambda random: {"word": "w"})
def stage(lab, facts):
    """a stage"""


@scene(lambda random: {"word": "o"})
def other(lab, facts):
    """another stage"""


@check(task="do", points=1)
def one(lab):
    """One"""


@check(task="transfer", points=1)
def two(lab):
    """Two"""


@check(task="transfer", points=1, needs=(two, stage))
def three(lab):
    """Three"""


@check(task="repair", points=1, needs=three)
def four(lab):
    """Four"""


SUITE = Suite(STEM, {c.name: c for c in (one, two, three, four)}, {"stage": stage, "other": other})
COUNTS = {"one": (4, 2), "two": (3, 1), "three": (1, 1), "four": (4, 2)}


def file_of(counts=COUNTS, extra=""):
    lines = ["from labkit.checks import right, wrong", "helper = 5"]
    for name, (bad, good) in counts.items():
        for kind, count in (("wrong", bad), ("right", good)):
            for i in range(count):
                lines += [
                    f'@{kind}("{name}", "{kind} in way {i}")',
                    f"def {name}_{kind}_{i}(lab): lab.append({i})",
                ]
    return "\n".join([*lines, extra])


@pytest.fixture
def root(tmp_path):
    (tmp_path / FOLDER / STEM).mkdir(parents=True)
    return tmp_path


def found(root, text):
    (root / FOLDER / STEM / "__init__.py").write_text(text)
    return answers(SUITE, root)


def test_enough_answers_are_found_in_their_order(root):
    got = found(root, file_of())
    assert (len(got), sum(a.is_right for a in got)) == (18, 6)
    assert got[0].key == "one: wrong in way 0"
    assert [a.check for a in got][:6] == ["one"] * 6


def test_no_file(root):
    with pytest.raises(Usage, match="No answers test the graders") as e:
        answers(SUITE, root)
    assert e.value.wanted == f"{FOLDER}/{STEM}/__init__.py"


def test_shell_for_an_answer_by_the_docker_command(monkeypatch):
    monkeypatch.setattr(examples, "docker_cmd", lambda: ["echo"])
    lab = SimpleNamespace(workspace=SimpleNamespace(env=lambda: {**os.environ, "AT": "this workspace"}))
    assert examples.cli(lab, 'docker run\ndocker ps "$AT"') == "run\nps this workspace\n"
    with pytest.raises(CommandFailed, match="status 3"):
        examples.cli(lab, "exit 3\ndocker run")


TOO_FEW = [
    ({**COUNTS, "one": (3, 2)}, "at least 4 wrong answers to the task do", 3),
    ({**COUNTS, "one": (4, 1)}, "at least 2 right answers to the task do", 1),
    ({**COUNTS, "two": (2, 1)}, "at least 4 wrong answers to the task transfer", 3),
    ({**COUNTS, "four": (1, 2)}, "at least 4 wrong answers to the task repair", 1),
]


@pytest.mark.parametrize(("counts", "wanted", "count"), TOO_FEW)
def test_too_few_answers_to_a_task(root, counts, wanted, count):
    with pytest.raises(Usage, match="too few") as e:
        found(root, file_of(counts))
    assert (e.value.wanted, e.value.found) == (wanted, count)


@pytest.mark.parametrize(("counts", "word"), [((0, 1), "wrong"), ((1, 0), "right")])
def test_a_check_without_an_answer_of_its_own(root, counts, word):
    with pytest.raises(Usage, match=f"The check three of {STEM} has no {word} answer"):
        found(root, file_of({**COUNTS, "two": (9, 9), "three": counts}))


def test_none_at_all(root):
    with pytest.raises(Usage):
        found(root, "")


def test_two_answers_of_one_name(root):
    extra = '@wrong("one", "wrong in way 0")\ndef again(lab): pass'
    with pytest.raises(Usage, match="two answers of one name") as e:
        found(root, file_of(extra=extra))
    assert e.value.found == "one: wrong in way 0"


def test_one_name_for_two_checks_is_no_clash(root):
    assert len({a.key for a in found(root, file_of())}) == 18


@pytest.mark.parametrize("kind", ["wrong", "right"])
def test_an_answer_to_an_unknown_check(root, kind):
    extra = f'@{kind}("five", "what")\ndef five(lab): pass'
    with pytest.raises(Usage, match="no check 'five'"):
        found(root, file_of(extra=extra))


def test_a_function_of_one_name_twice_would_hide_the_first(root):
    extra = '@wrong("one", "another way")\ndef one_wrong_0(lab): pass'
    with pytest.raises(Usage, match="one_wrong_0 is defined twice"):
        found(root, file_of(extra=extra))


def answer(call, name="one"):
    return Answer(name, "somehow", False, call)


def test_scenes_are_those_that_its_check_needs_and_its_own():
    assert answer(lambda lab: None, "one").scenes(SUITE) == []
    assert answer(lambda lab: None, "three").scenes(SUITE) == [stage]
    assert answer(lambda lab: None, "four").scenes(SUITE) == [stage]  # through another check
    assert answer(lambda lab, other: None, "four").scenes(SUITE) == [stage, other]
    assert answer(lambda lab, stage: None, "four").scenes(SUITE) == [stage]
    with pytest.raises(Usage, match="no scene 'mistyped'"):
        answer(lambda lab, mistyped: None).scenes(SUITE)


def test_an_answer_gets_what_it_asks_for():
    got = []
    facts = {"stage": {"word": "w"}, "other": {"word": "o"}}
    answer(lambda lab, stage: got.append((lab, stage))).do("the lab", facts)
    answer(lambda lab: got.append(lab)).do("the lab", facts)
    answer(lambda: got.append("alone")).do("the lab", {})
    assert got == [("the lab", {"word": "w"}), "the lab", "alone"]


def test_marks_make_answers():
    assert (wrong("one", "so")(print), right("one", "so")(print)) == (
        Answer("one", "so", False, print),
        Answer("one", "so", True, print),
    )
    assert proof.LEAST_WRONG == 4
    assert proof.LEAST_RIGHT == 2
