"""Each house rule finds its breach, and a sound chapter has none."""

from __future__ import annotations

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit.book import notebooks
from labkit.book.ledger import Claim, Conditions
from labkit.book.predictions import line_of
from labkit.lint import chapters


def code(source, **options):
    return new_code_cell(source, execution_count=1, **options)


def svg(alt=None):
    metadata = {"mystnb": {"image": {"alt": alt}}} if alt else {}
    return code(
        "show(fig)", outputs=[new_output("display_data", {"image/svg+xml": "<svg/>"})], metadata=metadata
    )


PREDICT = """### Predict

What?

- a. it rises
- b. it falls
- c. it stays"""
ANSWER = ":::{dropdown} Answer\n**a.** It does. (b) No, nothing falls. (c) No, something moves.\n:::"


def predict(name="C01.1", source=None, tags=("predict", "remove-cell")):
    return code(source or line_of(name, "abc"), metadata={"tags": list(tags)})


def believed(tags=("beliefs",)):
    return code("beliefs()", metadata={"tags": list(tags)})


SOUND = [
    new_markdown_cell("# Title\n\n:::{figure} a.svg\n:alt: It rises.\nCaption.\n:::"),
    code("lab = Lab('ch01_x')"),
    new_markdown_cell(PREDICT),
    predict(),
    code("an_experiment"),
    new_markdown_cell(ANSWER),
    code("prove('C01.1', original=a, precise=b)", metadata={"tags": ["claim:C01.1"]}),
    svg("It rises."),
    new_markdown_cell("## What you believed"),
    believed(),
    code("lab.close()"),
]


def breaches(*cells):
    return list(chapters.chapter(new_notebook(cells=[*SOUND[:-3], *cells, *SOUND[-3:]])))


def test_a_sound_chapter():
    assert breaches() == []


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (code("\n".join(f"a{i} = {i}" for i in range(16))), "16 lines"),
        (new_code_cell("x"), "not executed"),
        (code("time.sleep(1)"), "sleeps"),
        (code("input()"), "asks for input"),
        (code("from labkit.lab import _open"), "private"),
        (code("prove('C01.2', original=a, precise=b)"), "tagged for nothing"),
        (code("x", metadata={"tags": ["claim:C01.2"]}), "proves nothing"),
        (code("1/0", outputs=[new_output("error", ename="E", evalue="", traceback=[])]), "stored an error"),
        (svg(), "without alt text"),
        (code("x", outputs=[new_output("display_data", {"image/png": "AA=="})]), "bitmap"),
        (code("x", outputs=[new_output("stream", text="sha256:" + "ab" * 32)]), "raw id"),
        (code("x", outputs=[new_output("stream", text="<generator object f at 0x7fada2047880>")]), "raw id"),
        (code("x", outputs=[new_output("stream", text="\n".join("x" * 16))]), "16 lines"),
        (new_markdown_cell("![](a.png)"), "no alt text"),
        (new_markdown_cell(":::{figure} a.svg\nCaption.\n:::"), "no :alt:"),
    ],
)
def test_a_breach_is_found(cell, said):
    assert any(said in b for b in breaches(cell))


def without(*gone, **others):
    """The breaches of the sound chapter, some cells (by index) left out or replaced."""
    cells = [others.get(f"at{i}", c) for i, c in enumerate(SOUND) if i not in gone]
    return list(chapters.chapter(new_notebook(cells=cells)))


def again(cells):
    """Cells with ids of their own, as a copy that somebody pasted has them."""
    return [NotebookNode({**cell, "id": f"again-{i}"}) for i, cell in enumerate(cells)]


CHOSEN = [new_output("stream", text="C01.1: has to change")]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (lambda: without(2, 3, 5), "claim C01.1: no prediction"),
        (lambda: without(3), "1 headings '### Predict' and 0 cells"),
        (lambda: without(2), "no '### Predict' before its cell"),
        (lambda: without(4), "no experiment stands between"),
        (lambda: without(5), "0 answers"),
        (lambda: without(8, 9), "beliefs() stands in 0 cells"),
        (lambda: without(8), "wants the heading"),
        (lambda: without(at9=believed(())), "wants the tag beliefs"),
        (
            lambda: without(at9=code("beliefs()", metadata={"tags": ["beliefs"]}, outputs=CHOSEN)),
            "has chosen",
        ),
        (lambda: without(at3=predict("C01.2")), "no claim of this name is proved here"),
        (lambda: without(at3=predict(tags=["predict"])), "wants the tags"),
        (
            lambda: without(at3=predict(source='predict("C01.1", "b", sure="certain")')),
            "its cell wants 'predict",
        ),
        (lambda: breaches(believed()), "beliefs() stands in 2 cells"),
        (lambda: breaches(code('predict("x", "…", sure="…")')), "is not tagged so"),
        (lambda: breaches(new_markdown_cell("Write down a letter.")), "write a letter down"),
        (lambda: breaches(*again(SOUND[2:6])), "it is there twice"),
        (lambda: without(at5=new_markdown_cell(ANSWER.replace("(c)", "But"))), "one (x) each for b, c"),
    ],
)
def test_a_breach_of_the_shape_of_predictions_is_found(found, said):
    assert any(said in b for b in found()), found()


def test_medians():
    long_cell = "\n".join(f"a{i} = {i}" for i in range(10))
    assert any("median code cell" in b for b in breaches(*(code(long_cell) for _ in range(9))))
    long_text = (new_markdown_cell("word " * 70) for _ in range(6))
    assert any("median text cell" in b for b in breaches(*long_text))


def test_a_chapter_that_does_not_close():
    assert any("does not close" in b for b in chapters.chapter(new_notebook(cells=SOUND[:-1])))


def test_the_ledger_and_the_proofs_must_agree(monkeypatch):
    ledger = {
        i: Claim(i, c, "", Conditions((), ()), "", "holds", "")
        for i, c in (("C01.1", "ch01_x"), ("C09.1", "ch09_y"))
    }
    monkeypatch.setattr(chapters, "claims", lambda: ledger)
    assert list(chapters.ledger(["ch01_x", "ch09_y"], {"C01.1": ["ch01_x"], "C09.1": ["ch09_y"]})) == []
    said = list(chapters.ledger(["ch01_x"], {"C02.1": ["ch01_x"]}))
    assert any("C01.1 wants one proof" in s for s in said)
    assert any("C09.1 names ch09_y, which is no chapter" in s for s in said)
    assert any("C02.1 is proved and not in it" in s for s in said)


def test_zero_chapters_are_no_success(tmp_path):
    (tmp_path / "chapters").mkdir()
    assert list(map(str, chapters.problems(tmp_path))) == ["chapters: there is no notebook"]


def test_every_page_is_in_the_table_of_contents(tmp_path):
    for kind in ("chapters", "exercises", "solutions"):
        (tmp_path / kind).mkdir()
        notebooks.write(new_notebook(), notebooks.path("ch01_a", kind, tmp_path))
    (tmp_path / "_toc.yml").write_text(
        "root: intro\nchapters:\n- file: chapters/ch01_a\n- file: solutions/ch01_ab\n"
    )
    assert list(chapters.listed(["ch01_a"], tmp_path)) == [
        "exercises/ch01_a is not in it",
        "solutions/ch01_a is not in it",
        "there is no solutions/ch01_ab",
    ]
