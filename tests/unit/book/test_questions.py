"""One bank of opening questions; each chapter's cell is made from it."""

from __future__ import annotations

import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labkit import Usage
from labkit.book import notebooks, questions


def entry(name="a", by="ch01_a", ask=("ch03_c",), **more):
    return {
        "id": name,
        "from": by,
        "ask": list(ask),
        "question": "Who\n  is it?",
        "answer": "It is `x`.",
        **more,
    }


@pytest.fixture
def root(tmp_path):
    """A book with a chapter and a bank."""
    (tmp_path / "chapters").mkdir()
    notebooks.write(new_notebook(), notebooks.path("ch01_a", root=tmp_path))

    def write(*entries):
        (tmp_path / questions.FILE).write_text(yaml.safe_dump(list(entries)))
        return tmp_path

    write.path = tmp_path
    return write


THREE = [entry("b", "ch02_b"), entry("a"), entry("c", "ch02_b", ask=("ch03_c", "ch04_d"))]
CELL = """## Before you read

Three questions from earlier chapters. Answer on paper, with those pages closed.

1. Who is it? (chapter 2)
2. Who is it? (chapter 1)
3. Who is it? (chapter 2)

:::{dropdown} Answers
1. It is `x`.
2. It is `x`. ([Chapter 1](ch01_a.ipynb).)
3. It is `x`.
:::"""


def test_a_cell_has_its_questions_in_order_and_links_to_chapters_that_are_there(root):
    assert questions.source_for("ch03_c", root(*THREE)) == CELL


def test_a_chapter_may_ask_ahead_of_itself(root):
    made = questions.source_for("ch01_a", root(entry(ask=["ch01_a"])))
    assert questions.AHEAD in made
    assert "1. Who is it?\n" in made
    assert "Chapter" not in made.split("Answers")[1]


@pytest.mark.parametrize(
    ("cells", "index"),
    [
        ([new_markdown_cell("# T"), new_code_cell("x")], 1),
        (
            [
                new_markdown_cell("# T"),
                new_code_cell("x"),
                new_markdown_cell("## Before you read\n\nBy hand."),
            ],
            2,
        ),
        ([new_markdown_cell("# T"), new_markdown_cell("old", metadata={"tags": ["questions"]})], 1),
    ],
)
def test_fmt_writes_the_cell_once(root, cells, index):
    notebook, where = new_notebook(cells=cells), root(*THREE)
    questions.refresh(notebook, "ch03_c", where)
    questions.refresh(notebook, "ch03_c", where)
    assert notebook.cells[index].source == CELL
    assert notebook.cells[index].metadata["tags"] == ["questions"]
    assert sum("Before you read" in c.source for c in notebook.cells) == 1


def test_a_chapter_of_which_nothing_is_asked_is_left_alone(root):
    notebook = new_notebook(cells=[new_markdown_cell("# T")])
    questions.refresh(notebook, "ch09_x", root(*THREE))
    assert len(notebook.cells) == 1


def sound(root):
    mine = [entry(f"m{i}", "ch03_c", ask=()) for i in range(3)]
    notebook = new_notebook(cells=[new_markdown_cell(CELL, metadata={"tags": ["questions"]})])
    return notebook, root(*THREE, *mine)


def test_a_sound_chapter(root):
    assert list(questions.breaches(*sound(root)[:1], "ch03_c", sound(root)[1])) == []


@pytest.mark.parametrize(
    "edit", [lambda c: c.update(source=CELL + "x"), lambda c: c.metadata.update(tags=[])]
)
def test_a_cell_that_differs_is_found(root, edit):
    notebook, where = sound(root)
    edit(notebook.cells[0])
    assert "run labkit fmt" in next(iter(questions.breaches(notebook, "ch03_c", where)))


def test_too_few_questions_are_found(root):
    said = list(questions.breaches(new_notebook(), "ch04_d", root(*THREE)))
    assert said == [
        "chapters/questions.yml asks it 1 questions; it wants 3",
        "chapters/questions.yml has 0 questions from it; later chapters want 3 or more",
    ]


@pytest.mark.parametrize(
    ("broken", "place", "wanted"),
    [
        ({"id": "a"}, "a, from", "this field"),
        (entry(more="x"), "a, more", "no field of this name"),
        (entry(question=" "), "a, question", "a text"),
        (entry(answer=3), "a, answer", "a valid string"),
        (entry(by="ch1"), "a, from", r"^ch\d\d_[a-z0-9_]+$"),
        (entry(ask=["x"]), "a, ask, entry 1", r"^ch\d\d_[a-z0-9_]+$"),
        (entry(by="ch04_d"), "a", "to be asked by ch04 or a later chapter"),
        ("a", "entry 1", "an object"),
    ],
)
def test_a_wrong_entry_is_named(root, broken, place, wanted):
    with pytest.raises(Usage) as e:
        questions.bank(root(broken))
    assert e.value.message == f"chapters/questions.yml is wrong at {place}."
    assert wanted in str(e.value.wanted)


def test_an_id_is_there_once(root):
    with pytest.raises(Usage, match="a there twice"):
        questions.bank(root(entry(), entry()))


@pytest.mark.parametrize("text", ["- {", None])
def test_no_bank(root, text):
    if text:
        (root.path / questions.FILE).write_text(text)
    with pytest.raises(Usage, match="cannot be read"):
        questions.bank(root.path)


def test_the_real_bank_is_sound():
    assert len(questions.bank()) >= 6
