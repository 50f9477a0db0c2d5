"""How long a chapter may be: what is counted, and what of a chapter that is longer must be written down."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit import Usage
from labkit.book import notebooks
from labkit.lint import lengths
from labkit.lint.lengths import Longer, faults

WITHIN = {"cells": 60, "silent": 33, "words": 2500}


def chapter(shown=1, silent=0, words=0):
    output = [new_output("stream", text="1")]
    cells = [new_code_cell("print(1)", outputs=output) for _ in range(shown)]
    cells += [new_code_cell("x = 1") for _ in range(silent)]
    cells += [new_code_cell(""), new_code_cell("predict()", metadata={"tags": ["predict", "remove-cell"]})]
    return new_notebook(cells=[*cells, new_markdown_cell("word " * words)])


def test_predictions_and_empty_cells_do_not_count():
    assert lengths.measured(chapter(shown=2, silent=1, words=7)) == {"cells": 3, "silent": 33, "words": 7}


TEXT = "a b\n```console\n$ c d e f\n```\n:::{dropdown} g\nh i\n:::\n\n| j | k-l |"


def test_a_cells_running_text_is_neither_code_nor_folded():
    assert lengths.words(TEXT) == 7  # a b | j | k-l |


def test_all_words_are_those_outside_of_code():
    assert lengths.all_words(TEXT) == 8  # a b dropdown g h i j k-l


@pytest.mark.parametrize(
    ("has", "entry", "said"),
    [
        ({}, None, []),
        (
            {"cells": 61},
            None,
            ["has 61 code cells (bound 60): shorten it, or say in chapters/lengths.yml why not"],
        ),
        ({"words": 2501, "silent": 34}, None, ["has 34 % of", "has 2501 words"]),
        ({"cells": 61}, Longer("a reason", cells=61), []),
        ({"cells": 61, "words": 2600}, Longer("a reason", cells=61), ["has 2600 words"]),
        ({"cells": 62}, Longer("a reason", cells=61), ["says 61: it has grown"]),
        ({"cells": 61}, Longer("a reason", cells=62), ["says 62: write the smaller one there"]),
        ({}, Longer("a reason", cells=62), ["take its cells out of"]),
    ],
)
def test_what_is_longer_is_written_down_as_it_is(has, entry, said):
    found = list(faults(WITHIN | has, entry))
    assert len(found) == len(said)
    assert all(part in fault for part, fault in zip(said, found, strict=True))


def test_a_course_with_a_long_chapter(tmp_path):
    (tmp_path / "chapters").mkdir()
    notebooks.write(chapter(shown=61), notebooks.path("ch01_a", "chapters", tmp_path))
    (tmp_path / lengths.FILE).write_text(
        "ch01_a: {why: It is tried, cells: 61}\nch02_b: {why: It is gone, words: 3000}\n"
    )
    assert list(map(str, lengths.breaches(tmp_path))) == ["chapters/lengths.yml: ch02_b is no chapter"]
    (tmp_path / lengths.FILE).write_text("ch01_a: {cells: 61}\n")
    with pytest.raises(Usage, match=r"lengths\.yml"):
        lengths.breaches(tmp_path)
