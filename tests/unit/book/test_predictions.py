"""What a chapter asks and answers is read out of its text, and a wrong shape is named."""

from __future__ import annotations

from collections import Counter

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labkit.book import notebooks
from labkit.book.predictions import predictions_of

QUESTION = """## Claim 1

### Predict

How many rows
are there?

- a. none, for
  data go
- b. `1,000`
- c. it depends"""
ANSWER = """:::{dropdown} Answer
**b.** The row is in the layer. (a) That is *remove*,
not stop. (c) No: `VOLUME` (or not) changes nothing here.
:::

### What happened
"""


def call(name="C06.1"):
    return new_code_cell(f'predict("{name}", "…", sure="…")  # a, b or c', metadata={"tags": ["predict"]})


def read(question=QUESTION, answer=ANSWER, *more):
    texts = [new_markdown_cell(question), call(), new_code_cell("x"), new_markdown_cell(answer), *more]
    return predictions_of(new_notebook(cells=texts))


def test_a_prediction():
    (found,) = read()
    assert found.name == "C06.1"
    assert found.cell == 1
    assert found.question == "How many rows\nare there?"
    assert found.asked == "How many rows are there?"
    assert found.options == {"a": "none, for data go", "b": "`1,000`", "c": "it depends"}
    assert found.answer == "b"
    assert found.why == "The row is in the layer."
    assert found.replies["a"] == "That is remove, not stop."
    assert found.replies["c"] == "No: VOLUME (or not) changes nothing here."
    assert found.faults == ()


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Two run. You stop *one*, with `stop`. What of the other?\n\nSay it.", "What of the other?"),
        ("Say what [it](x.md) does.", "C06.1"),
        ("What? No: how many of the four?", "how many of the four?"),
    ],
)
def test_the_sentence_that_asks(question, asked):
    (found,) = read(QUESTION.replace("How many rows\nare there?", question))
    assert found.asked == asked


def test_a_question_may_be_cut_by_a_cell():
    cells = [
        new_markdown_cell("### Predict"),
        new_code_cell("size"),
        new_markdown_cell("How?\n\n- a. x\n- b. y\n- c. z"),
    ]
    (found,) = predictions_of(new_notebook(cells=[*cells, call(), new_markdown_cell(ANSWER)]))
    assert (found.question, found.faults) == ("How?", ())


def test_several():
    more = [new_markdown_cell(QUESTION), call("another"), new_markdown_cell(ANSWER.replace("**b", "**d"))]
    first, second = read(QUESTION, ANSWER, *more)
    assert (first.name, second.name) == ("C06.1", "another")
    assert first.faults == ()
    assert "none of its options" in second.faults[0]


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        (QUESTION.replace("### Predict", ""), ANSWER, "no '### Predict'"),
        (QUESTION.replace("How many rows\nare there?", ""), ANSWER, "asks nothing"),
        (QUESTION.replace("- c. it depends", ""), ANSWER, "has 2 options"),
        (QUESTION + "\n\nAnd when?", ANSWER, "has 0 options"),
        (QUESTION.replace("- c.", "- d."), ANSWER, "lettered a, b, d"),
        (QUESTION, "", "has 0 answers"),
        (QUESTION, ANSWER + ANSWER, "has 2 answers"),
        (QUESTION, ANSWER.replace("**b.** ", ""), "no bold letter"),
        (QUESTION, ANSWER.replace("**b.**", "**e.**"), "'e'"),
        (QUESTION, ANSWER.replace("The row is in the layer. ", ""), "does not say why b"),
        (QUESTION, ANSWER.replace("(c) No", "No"), "replies to a; it wants one (x) each for a, c"),
        (QUESTION, ANSWER.replace("(c)", "(b)"), "replies to a, b"),
        (QUESTION, ANSWER.replace("(c) No", "(c) No. (a) Again"), "replies to a, c, a"),
        (QUESTION, ANSWER.replace("(a) That is *remove*,\nnot stop.", "(a) and"), "says nothing to a"),
    ],
)
def test_a_wrong_shape_is_named(question, answer, said):
    (found,) = read(question, answer)
    assert any(said in fault for fault in found.faults), found.faults


EXAMPLE = "````markdown\n### Predict\n\n:::{dropdown} Answer\n**a.** No.\n:::\n````\n\n"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (QUESTION, EXAMPLE + ANSWER),  # what a code block shows is no answer
        (QUESTION.replace("How many", EXAMPLE + "How many"), ANSWER),  # and no heading
        (QUESTION, ANSWER.replace("`VOLUME` (or not)", "`VOLUME (b) x`")),  # code is no reply
        (QUESTION, ANSWER.replace(":::", "::::").replace("(a)", "\n\n:::{note}\nSo.\n:::\n\n(a)")),
        (QUESTION, ANSWER.replace(":::{dropdown} Answer", "::: {dropdown}  Answer")),
        (QUESTION.replace("\n- ", "\n* "), ANSWER),
        (QUESTION.replace("\n- ", "\n\n-   "), ANSWER),
        (QUESTION.replace("- b. `1,000`", "- b. `1,000`\n\n  or more"), ANSWER),
        (QUESTION.replace("### Predict", "### Predict ###"), ANSWER),
    ],
)
def test_it_is_read_as_the_site_reads_it(question, answer):
    (found,) = read(question, answer)
    assert found.faults == ()
    assert (found.answer, list(found.options), list(found.replies)) == ("b", ["a", "b", "c"], ["a", "c"])
    assert found.asked == "How many rows are there?"


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        (QUESTION, ANSWER.replace(":::\n\n###", "\n\n###"), "has 0 answers"),
        (QUESTION, "````\n" + ANSWER + "````", "has 0 answers"),
        (QUESTION.replace("### Predict", "```\n### Predict\n```"), ANSWER, "no '### Predict'"),
        (QUESTION + "\n- or else", ANSWER, "has 0 options"),
        (QUESTION, ANSWER.replace("**b.**", "`**b.**`"), "no bold letter"),
    ],
)
def test_what_the_site_would_not_read_is_a_fault(question, answer, said):
    (found,) = read(question, answer)
    assert any(said in fault for fault in found.faults), found.faults


def test_a_notebook_without_predictions():
    assert predictions_of(new_notebook(cells=[new_markdown_cell(QUESTION), new_code_cell("x")])) == []


def test_no_letter_of_the_book_can_be_struck_out():
    """A reader who guesses by letter must not do better than one who thinks."""
    found = [p for stem in notebooks.stems() for p in predictions_of(notebooks.read(notebooks.path(stem)))]
    right = Counter(p.answer for p in found if len(p.options) == 4)
    assert set(right) == set("abcd")
    assert min(right.values()) > right.total() / 10
    assert max(right.values()) < right.total() / 2
