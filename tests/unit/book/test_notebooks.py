"""Finding notebooks, one form for them, and the template."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit import Usage
from labkit.book import notebooks, scaffold
from labkit.book.predictions import predictions_of


@pytest.fixture
def root(tmp_path):
    (tmp_path / "chapters").mkdir()
    return tmp_path


def put(root, stem, cells=()):
    nbformat.write(new_notebook(cells=list(cells)), root / "chapters" / f"{stem}.ipynb")


def test_stems_are_sorted_and_only_notebooks(root):
    for stem in ("ch12_b", "ch01_a"):
        put(root, stem)
    (root / "chapters/ch02_c.md").write_text("")
    put(root, "notes")
    assert notebooks.stems(root=root) == ["ch01_a", "ch12_b"]


@pytest.mark.parametrize("word", ["ch01", "ch01_a", "chapters/ch01_a.ipynb"])
def test_a_stem_from_what_a_person_types(monkeypatch, word):
    monkeypatch.setattr(notebooks, "stems", lambda kind="chapters", root=None: ["ch01_a", "ch12_b"])
    assert notebooks.stem_of(word) == "ch01_a"


@pytest.mark.parametrize("word", ["ch02", "ch", "nonsense"])
def test_a_word_that_is_no_chapter_names_those_there_are(monkeypatch, word):
    monkeypatch.setattr(notebooks, "stems", lambda kind="chapters", root=None: ["ch01_a", "ch12_b"])
    with pytest.raises(Usage, match="ch01_a, ch12_b"):
        notebooks.stem_of(word)


def test_a_title_is_the_first_heading(root):
    put(root, "ch01_a", [new_code_cell("# no"), new_markdown_cell("Text.\n\n# What it is \n\n## More")])
    put(root, "ch02_b")
    assert notebooks.title("ch01_a", root=root) == "What it is"
    assert notebooks.title("ch02_b", root=root) == "ch02_b"


def test_the_same_notebook_is_written_the_same_way(root):
    cells = [new_markdown_cell("a"), new_code_cell("x"), new_code_cell("x")]
    put(root, "ch01_a", cells)
    path = notebooks.path("ch01_a", root=root)
    assert notebooks.write(notebooks.read(path), path) is True
    assert notebooks.write(notebooks.read(path), path) is False
    ids = [c.id for c in notebooks.read(path).cells]
    assert len(set(ids)) == 3


def test_what_an_editor_leaves_is_dropped_and_what_counts_is_kept():
    output = new_output("stream", text="1")
    cell = new_code_cell("x", metadata={"tags": ["claim:C01.1"], "collapsed": True}, outputs=[output])
    made = notebooks.normalise(new_notebook(cells=[cell], metadata={"exclusive": True, "widgets": {}}))
    assert made.cells[0].metadata == {"tags": ["claim:C01.1"]}
    assert made.metadata.exclusive is True
    assert "widgets" not in made.metadata


@pytest.mark.parametrize("text", ["", "{}", "not json"])
def test_a_file_that_is_no_notebook(root, text):
    (root / "chapters/ch01_a.ipynb").write_text(text)
    with pytest.raises(Usage, match="no notebook"):
        notebooks.read(notebooks.path("ch01_a", root=root))


def test_the_template_is_a_notebook_and_is_not_overwritten(root):
    made, *_ = scaffold.make("ch18_some_words", "Some words", root)
    cells = notebooks.read(made).cells
    assert "# Some words" in cells[0].source
    (prediction,) = predictions_of(notebooks.read(made))
    assert (prediction.name, prediction.faults) == ("C18.1", ("its answer says nothing to c",))  # "…"
    assert cells[-2].source == "beliefs()"
    with pytest.raises(Usage, match="already"):
        scaffold.make("ch18_other_words", "Other", root)
    with pytest.raises(Usage, match="no stem"):
        scaffold.make("chapter18", "x", root)


def test_a_failing_cell_is_told_and_nothing_is_stored(root):
    put(root, "ch01_a", [new_code_cell("1/0")])
    path = notebooks.path("ch01_a", root=root)
    before = path.read_text()
    with pytest.raises(notebooks.LabkitError, match="ZeroDivisionError"):
        notebooks.execute(path)
    assert path.read_text() == before


FAKE = """
from labkit import Lab
class Fake:
    def close(self):
        open("closed", "w").close()
Lab._open["ch01_a"] = Fake()
"""


def test_a_run_that_fails_leaves_no_lab_open(root):
    wanted = new_code_cell("1/0", metadata={"tags": ["raises-exception"]})
    put(
        root,
        "ch01_a",
        [new_code_cell(FAKE), wanted, new_code_cell("import os; assert os.path.exists('closed')")],
    )
    path = notebooks.path("ch01_a", root=root)
    with pytest.raises(
        notebooks.LabkitError, match="AssertionError"
    ):  # an error that is wanted closes nothing
        notebooks.execute(path)
    assert (path.parent / "closed").exists()


def test_outputs_are_stored_without_times(root):
    put(root, "ch01_a", [new_code_cell("print(6 * 7)")])
    path = notebooks.path("ch01_a", root=root)
    notebooks.execute(path)
    cell = notebooks.read(path).cells[0]
    assert cell.outputs[0].text == "42\n"
    assert "execution" not in cell.metadata


def test_a_plot_takes_its_alt_text_to_the_site():
    data = {"text/plain": "[figure: It rises.]", "image/svg+xml": "<svg/>"}
    made = notebooks.normalise(
        new_notebook(cells=[new_code_cell("x", outputs=[new_output("display_data", data)])])
    )
    assert made.cells[0].metadata["mystnb"]["image"]["alt"] == "It rises."


def test_whatever_a_reader_has_chosen_is_not_seen_in_what_is_stored(root, monkeypatch):
    monkeypatch.setenv("LABKIT_PROGRESS", "mine")
    put(root, "ch01_a", [new_code_cell("import os; print(os.environ['LABKIT_PROGRESS'] == 'mine')")])
    assert notebooks.execute(notebooks.path("ch01_a", root=root)).cells[0].outputs[0].text == "False\n"
