"""A reader's choices: kept, checked, never seen in an output, held against what happened."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labkit import Usage
from labkit.book import notebooks
from labkit.core import jsonfile
from labkit.lab.lab import Lab
from labkit.learner import predict as committed
from labkit.learner.beliefs import NOTHING, Beliefs
from labkit.learner.predict import CONFIRMATION, beliefs, chosen_in, file_of, predict

STEM = "ch96_x"


def asked(name, right):
    text = "### Predict\n\nHow *many*?\n\n- a. `one`\n- b. two\n- c. three <all>\n"
    answer = f":::{{dropdown}} Answer\n**{right}.** So it is. (a) No, not one. (b) No, not two.\n:::"
    call = new_code_cell(f'predict("{name}", "…", sure="…")', metadata={"tags": ["predict"]})
    return [new_markdown_cell(text), call, new_markdown_cell(answer)]


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    """A chapter of its own, open in this process, and a progress folder."""
    monkeypatch.setenv("LABKIT_PROGRESS", str(tmp_path / "progress"))
    monkeypatch.setattr(notebooks, "repo", lambda: tmp_path)
    (tmp_path / "chapters").mkdir()
    notebook = new_notebook(cells=[*asked("C96.1", "c"), *asked("a-word", "a"), *asked("C96.2", "b")])
    notebooks.write(notebook, tmp_path / f"chapters/{STEM}.ipynb")
    lab = Lab.__new__(Lab)
    lab.stem = STEM
    monkeypatch.setattr(Lab, "_open", {STEM: lab})
    return tmp_path


def test_a_choice_is_kept(capsys):
    predict("C96.1", "a", sure="fairly")
    predict("a-word", " B. ", sure="Certain")
    assert capsys.readouterr().out == f"{CONFIRMATION}\n{CONFIRMATION}\n"
    assert chosen_in(STEM) == {
        "C96.1": {"choice": "a", "sure": "fairly"},
        "a-word": {"choice": "b", "sure": "certain"},
    }


def test_the_last_choice_counts_and_none_erases_nothing(capsys):
    predict("C96.1", "a", sure="fairly")
    predict("C96.1", "c", sure="guessing")
    predict("C96.1", "…", sure="…")
    assert chosen_in(STEM)["C96.1"] == {"choice": "c", "sure": "guessing"}
    assert set(capsys.readouterr().out.splitlines()) == {CONFIRMATION}


def test_nothing_chosen_leaves_no_file():
    predict("C96.1", "…", sure="…")
    assert not file_of(STEM).exists()


@pytest.mark.parametrize(
    ("choice", "sure", "said"),
    [
        ("d", "fairly", "'d' is no option of C96.1.\n  wanted: one of a, b, c"),
        ("aa", "fairly", "'aa' is no option"),
        ("a", "…", "How sure are you?\n  wanted: guessing, fairly, certain"),
        ("a", "very", "'very' does not say how sure"),
    ],
)
def test_what_is_no_choice(choice, sure, said):
    with pytest.raises(Usage) as e:
        predict("C96.1", choice, sure=sure)
    assert said in str(e.value)
    assert chosen_in(STEM) == {}


def test_the_chapter_is_that_of_the_open_lab_then_the_notebooks_then_the_claims(monkeypatch, here):
    assert committed.stem_here() == STEM
    monkeypatch.setattr(Lab, "_open", {})
    assert committed.stem_here("C96.1") == STEM
    with pytest.raises(Usage, match="No chapter is open"):
        committed.stem_here("a-word")
    monkeypatch.setenv("JPY_SESSION_NAME", f"/somewhere/chapters/{STEM}.ipynb")
    assert committed.stem_here("a-word") == STEM


def test_the_lab_opened_last(monkeypatch):
    first, second = Lab._open[STEM], Lab.__new__(Lab)
    Lab._open["ch97_y"] = second
    assert Lab.opened() is second
    del Lab._open["ch97_y"]
    assert Lab.opened() is first
    Lab._open.clear()
    assert Lab.opened() is None


@pytest.mark.parametrize("damage", ["{", "[1]", "", "\x00"])
def test_a_damaged_file_is_told_and_kept(capsys, damage):
    predict("C96.1", "a", sure="fairly")
    file_of(STEM).write_text(damage)
    predict("C96.2", "b", sure="fairly")
    file_of(STEM).write_text(damage)
    assert chosen_in(STEM) == {}
    said = capsys.readouterr().err
    assert "predictions.damaged-1.json" in said
    assert "predictions.damaged-2.json" in said
    assert file_of(STEM).with_name("predictions.damaged-1.json").read_text() == damage


@pytest.mark.parametrize(
    "entry", [None, "a", {"choice": "a"}, {"choice": [], "sure": "fairly"}, {"sure": {}}]
)
def test_an_entry_of_another_shape_is_left_out(entry):
    file_of(STEM).parent.mkdir(parents=True)
    file_of(STEM).write_text(json.dumps({"C96.1": entry, "C96.2": {"choice": "b", "sure": "fairly"}}))
    assert list(chosen_in(STEM)) == ["C96.2"]


def test_choices_made_at_the_same_time_are_all_kept():
    start = threading.Barrier(8)

    def choose(number):
        start.wait()
        jsonfile.update(file_of(STEM), lambda found: found.update({str(number): number}))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(choose, range(8)))
    assert len(jsonfile.read(file_of(STEM))) == 8
    assert [p.name for p in file_of(STEM).parent.glob(".*json?*") if "lock" not in p.name] == []


def test_a_write_that_fails_leaves_the_old_file():
    jsonfile.update(file_of(STEM), lambda found: found.update(a=1))
    with pytest.raises(TypeError):
        jsonfile.update(file_of(STEM), lambda found: found.update(a=object()))
    assert jsonfile.read(file_of(STEM)) == {"a": 1}
    assert len(list(file_of(STEM).parent.iterdir())) == 2  # the file and its lock


def test_with_nothing_chosen_it_says_how_to():
    assert repr(beliefs()) == NOTHING
    assert "predict(" in beliefs()._repr_html_()


def test_beliefs_in_text():
    predict("C96.1", "a", sure="certain")
    predict("a-word", "a", sure="certain")
    assert repr(beliefs()).splitlines() == [
        "How many?",
        "  you chose      a. one (certain)",
        "  what happened  c. three <all>",
        "  your belief    has to change",
        "How many?",
        "  you chose      a. one (certain)",
        "  what happened  a. one",
        "  your belief    holds",
        "Certain of 2, wrong in 1.",
        "Not chosen: 1 of 3.",
    ]


def test_calibration_names_each_degree():
    predict("C96.1", "a", sure="guessing")
    predict("a-word", "a", sure="fairly")
    predict("C96.2", "a", sure="certain")
    assert (
        beliefs().calibration
        == "Certain of 1, wrong in 1; fairly sure of 1, wrong in 0; guessing in 1, wrong in 1."
    )


class Tags(HTMLParser):
    """Counts the tags of a page and looks for what an untrusted notebook would drop."""

    def __init__(self, text):
        super().__init__()
        self.seen, self.scopes = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.scopes += [value for name, value in attrs if name == "scope"]


def test_beliefs_in_html_are_a_table_with_heads():
    predict("C96.1", "a", sure="certain")
    text = beliefs()._repr_html_()
    found = Tags(text)
    assert found.seen.count("tr") == 2
    assert "caption" in found.seen
    assert found.scopes == ["col"] * 5 + ["row"]
    assert "&lt;all&gt;" in text
    assert "<style" not in text
    assert "class=" not in text


def test_a_choice_that_is_no_option_any_more():
    found = Beliefs([], {})
    assert repr(found) == NOTHING
    predict("C96.1", "c", sure="fairly")
    path = notebooks.path(STEM)
    notebook = notebooks.read(path)
    notebook.cells[0].source = notebook.cells[0].source.replace("- c. three <all>\n", "")
    notebooks.write(notebook, path)
    assert "c. (no option any more)" in repr(beliefs())


def test_a_chapter_that_is_being_written_takes_any_letter(here):
    notebooks.path(STEM).unlink()
    predict("C96.9", "e", sure="fairly")
    assert chosen_in(STEM)["C96.9"]["choice"] == "e"
    with pytest.raises(Usage, match="no notebook"):
        beliefs()


LATE = ("jinja2", "markdown_it", "matplotlib", "nbformat")
FIRST_CELL = f"""import sys
from labkit import Lab, beliefs, measured, predict, prove
print([name for name in {LATE} if name in sys.modules])"""


def test_the_first_cell_of_a_page_loads_nothing_that_it_does_not_use():
    done = subprocess.run([sys.executable, "-c", FIRST_CELL], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
