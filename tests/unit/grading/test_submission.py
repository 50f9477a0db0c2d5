"""What was handed in: whatever a file is, it is read with care, and told for which exercise it is."""

from __future__ import annotations

import json
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from labkit.grading import submission
from labkit.grading.submission import plain, read

KNOWN = ("ch96_x", "ch97_y")


def notebook(**labkit):
    """A notebook of the course."""
    made = new_notebook(cells=[new_code_cell("1")])
    made.metadata["labkit"] = labkit
    return made


@pytest.fixture
def kept(tmp_path):
    """Writes a notebook to a file."""

    def write(made, name="a.ipynb"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(nbformat.writes(made), encoding="utf-8")
        return path

    return write


def test_a_submission_is_known_by_its_metadata(kept):
    found = read("a", kept(notebook(stem="ch97_y", edition="1"), "ch96_x.ipynb"), KNOWN)
    assert (found.stem, found.why, found.notes) == ("ch97_y", "", ())
    assert found.notebook.cells[0].source == "1"


@pytest.mark.parametrize("name", ["ch96_x.ipynb", "ch96_x (1).ipynb", "ada ch96_x-Copy1.ipynb"])
def test_without_metadata_by_the_file_name(kept, name):
    found = read("a", kept(new_notebook(cells=[new_code_cell("1")]), name), KNOWN)
    assert found.stem == "ch96_x"
    assert "by its file name" in found.notes[0]


@pytest.mark.parametrize(
    "said", ["ch96_x", ["ch96_x"], {"stem": ["ch96_x"]}, {"stem": "../ch96_x"}, {}, None, 7]
)
def test_neither_is_no_submission(kept, said):
    made = new_notebook()
    made.metadata["labkit"] = said
    assert read("a", kept(made), KNOWN).why == submission.NOT_OURS


BAD = {
    "empty": (b"", "empty"),
    "text": (b"print(1)", "not JSON"),
    "image": (b"\x89PNG\r\n\x1a\n\xff", "not JSON"),
    "truncated": (b'{"cells": [', "not JSON"),
    "other": (b'{"a": 1}', "no notebook"),
    "list": (b"[1]", "no notebook"),
    "shell": (b'{"nbformat": 4, "nbformat_minor": 5}', "no valid notebook"),
    "cells": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 7}', "no valid notebook"),
    "future": (b'{"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}', "no valid notebook"),
    "version": (b'{"nbformat": "4", "nbformat_minor": 5, "metadata": {}, "cells": []}', "no valid notebook"),
    "deep": (b"[" * 100_000, "nested"),
    "number": (b"1" * 100_000, "not JSON"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_notebook_is_told(tmp_path, name):
    data, why = BAD[name]
    path = tmp_path / "ch96_x.ipynb"
    path.write_bytes(data)
    found = read("a", path, KNOWN)
    assert why in found.why
    assert found.stem is None


def test_folders_devices_and_the_too_large_are_told(tmp_path, monkeypatch):
    assert "folder" in read("a", tmp_path, KNOWN).why
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert "no file" in read("a", tmp_path / "pipe.ipynb", KNOWN).why
    (tmp_path / "zero.ipynb").symlink_to("/dev/zero")
    assert "no file" in read("a", tmp_path / "zero.ipynb", KNOWN).why
    (tmp_path / "gone.ipynb").symlink_to(tmp_path / "nowhere")
    assert "no file" in read("a", tmp_path / "gone.ipynb", KNOWN).why
    (tmp_path / "large.ipynb").write_bytes(b" " * 100)
    monkeypatch.setattr(submission, "SIZE_CAP", 99)
    assert "too large" in read("a", tmp_path / "large.ipynb", KNOWN).why


def test_a_copied_cell_brings_its_id_along(kept):
    made = notebook(stem="ch96_x")
    made.cells.append(new_code_cell("2", id=made.cells[0].id))
    path = kept(notebook(stem="ch96_x"))
    path.write_text(json.dumps(made))
    assert [c.source for c in read("a", path, KNOWN).notebook.cells] == ["1", "2"]


def test_an_old_notebook_is_read(tmp_path):
    cell = {
        "cell_type": "code",
        "source": ["a = 1\n", "a"],
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    old = {"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": [cell]}
    (tmp_path / "ch96_x.ipynb").write_text(json.dumps(old))
    assert read("a", tmp_path / "ch96_x.ipynb", KNOWN).notebook.cells[0].source == "a = 1\na"


def cell(kind="code", source="1", **more):
    """A code cell as a file of format 4.5 has it."""
    own = {"outputs": [], "execution_count": None, "id": "a1"} if kind == "code" else {"id": "a1"}
    return {"cell_type": kind, "metadata": {}, "source": source, **own, **more}


def without(entries, name):
    """A dict without one of its entries."""
    return {k: v for k, v in entries.items() if k != name}


PLOT = {"output_type": "display_data", "data": {"text/plain": "1"}}
EDITORS = {
    "ids in a minor version without": ({"nbformat_minor": 4}, [cell()]),
    "outputs of a text": ({}, [cell("markdown", outputs=[], execution_count=3), cell()]),
    "an output without metadata": ({}, [cell(outputs=[PLOT])]),
    "an output of no known type": ({}, [cell(outputs=[{"output_type": "update"}, 7])]),
    "no outputs": ({}, [without(without(cell(), "outputs"), "execution_count")]),
    "no cell metadata": ({}, [without(cell(), "metadata")]),
    "a list for metadata": ({}, [cell(metadata=["x"])]),
    "no notebook metadata": ({"metadata": None}, [cell()]),
    "a newer minor version": (
        {"nbformat_minor": 9},
        [cell(id="with blanks, and more than it may have " * 3)],
    ),
    "no minor version": ({"nbformat_minor": None}, [cell()]),
    "fields of its own": ({"signature": 1}, [cell(collapsed=True)]),
}


@pytest.mark.parametrize("name", EDITORS)
def test_what_an_editor_wrote_in_its_own_way_is_graded_with_a_note(tmp_path, name):
    fields, cells = EDITORS[name]
    value = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, **fields, "cells": cells}
    path = tmp_path / "ch96_x.ipynb"
    path.write_text(json.dumps(value))
    found = read("a", path, KNOWN)
    assert (found.stem, found.why) == ("ch96_x", "")
    assert [c.source for c in found.notebook.cells if c.cell_type == "code"] == ["1"]
    assert any("departs from the notebook format" in note for note in found.notes)


def test_a_sound_file_has_no_note(kept):
    assert read("a", kept(notebook(stem="ch96_x")), KNOWN).notes == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_read(tmp_path, encoding):
    value = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell(source="'ä'")]}
    (tmp_path / "ch96_x.ipynb").write_text(json.dumps(value, ensure_ascii=False), encoding=encoding)
    found = read("a", tmp_path / "ch96_x.ipynb", KNOWN)
    assert ([c.source for c in found.notebook.cells], len(found.notes)) == (["'ä'"], 1)


def test_what_is_no_cell_is_left_out_with_a_note(tmp_path):
    cells = [7, {"source": "x"}, {"cell_type": "code", "source": [1]}, cell()]
    value = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    (tmp_path / "ch96_x.ipynb").write_text(json.dumps(value))
    found = read("a", tmp_path / "ch96_x.ipynb", KNOWN)
    assert [c.source for c in found.notebook.cells] == ["1"]
    assert "3 of its cells have no type or no text: they were left out." in found.notes


@pytest.mark.parametrize("version", [2, 3])
def test_an_old_format_is_brought_up(tmp_path, version):
    metadata = {"nbgrader": {"grade_id": "one"}}
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Title"},
        {"cell_type": "code", "input": ["a = 1\n", "a"], "language": "python", "metadata": metadata},
    ]
    value = {"nbformat": version, "nbformat_minor": 0, "metadata": {"labkit": {"stem": "ch97_y"}}}
    (tmp_path / "a.ipynb").write_text(json.dumps({**value, "worksheets": [{"cells": cells}]}))
    found = read("a", tmp_path / "a.ipynb", KNOWN)
    assert found.stem == "ch97_y"
    code = next(c for c in found.notebook.cells if c.cell_type == "code")
    assert (code.source, code.metadata) == ("a = 1\na", metadata)


def test_text_of_others_steers_nothing():
    assert plain("a\x1b[31mred\x1b[0m\x07\r\u202eb\ud800c\n\td") == "aredbc\n\td"
    assert plain("x" * 400) == "x" * 299 + "…"
