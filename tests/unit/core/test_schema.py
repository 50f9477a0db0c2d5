"""A file that does not fit its schema is named, with the place, what was wanted and what to do."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, TypeAdapter

from labkit import LedgerError, Usage
from labkit.core.schema import IdsOnce, Text, load, misfit, strict


@strict
@dataclass(frozen=True)
class Entry:
    """An entry of the file under test."""

    id: Text
    size: int
    kind: Literal["good", "bad"] = "good"
    names: tuple[Text, ...] = ()


def even(entry: Entry) -> Entry:
    """An entry whose size is even."""
    if entry.size % 2:
        raise misfit("an even size", f"size {entry.size}")
    return entry


LISTED: TypeAdapter[list[Entry]] = TypeAdapter(
    Annotated[list[Annotated[Entry, AfterValidator(even)]], IdsOnce]
)
BY_NAME: TypeAdapter[dict[str, Entry]] = TypeAdapter(dict[str, Entry])


@pytest.fixture
def write(tmp_path):
    def write(text, name="entries.yml"):
        path = tmp_path / "chapters" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_a_file_that_fits(write):
    path = write("- {id: a, size: 2, names: [x, y]}\n- {id: b, size: 4, kind: bad}")
    assert load(path, LISTED) == [Entry("a", 2, names=("x", "y")), Entry("b", 4, "bad")]
    assert load(write("a: {id: a, size: 1}"), BY_NAME) == {"a": Entry("a", 1)}
    assert load(write(json.dumps({"a": {"id": "a", "size": 1}}), "e.json"), BY_NAME) == {"a": Entry("a", 1)}
    assert load(write("# nothing yet"), LISTED, empty=[]) == []


@pytest.mark.parametrize(
    ("text", "said", "wanted", "found"),
    [
        ("- {id: a, size: 2}\n- {id: b}", "is wrong at b, size.", "this field", "nothing"),
        ("- {id: a, size: '2'}", "is wrong at a, size.", "a valid integer", '"2"'),
        ("- {id: a, size: 2.0}", "is wrong at a, size.", "a valid integer", "2.0"),
        ("- {id: a, size: true}", "is wrong at a, size.", "a valid integer", "true"),
        ("- {id: 3, size: 2}", "is wrong at 3, id.", "a valid string", "3"),
        ("- {id: ' ', size: 2}", "is wrong at  , id.", "a text", '" "'),
        ("- {id: a, size: 2, kind: ugly}", "is wrong at a, kind.", "'good' or 'bad'", '"ugly"'),
        ("- {id: a, size: 2, more: x}", "is wrong at a, more.", "no field of this name", '"x"'),
        ("- {id: a, size: 2, names: [x, '']}", "is wrong at a, names, entry 2.", "a text", '""'),
        ("- {id: a, size: 2, names: x}", "is wrong at a, names.", "a valid array", '"x"'),
        ("- {id: a, size: 3}", "is wrong at a.", "an even size", "size 3"),
        ("- a", "is wrong at entry 1.", "an object", '"a"'),
        ("- {id: a, size: 2}\n- {id: a, size: 4}", "is wrong.", "each id once", "a there twice"),
        ("- {id: a}\n- {id: b}\n- {}", "is wrong at a, size.", "this field", "nothing; and 3 more"),
        ("id: a", "is wrong.", "a valid array", '{"id": "a"}'),
        ("# nothing yet", "is wrong.", "a valid array", "null"),
    ],
)
def test_what_does_not_fit_is_named(write, text, said, wanted, found):
    with pytest.raises(Usage) as e:
        load(write(text), LISTED)
    assert (e.value.message, e.value.wanted, e.value.found) == (f"chapters/entries.yml {said}", wanted, found)
    assert e.value.fix == "mend chapters/entries.yml"


def test_a_mapping_is_named_by_its_keys(write):
    with pytest.raises(LedgerError, match="wrong at b, size") as e:
        load(write("a: {id: a, size: 1}\nb: {id: b, size: x}"), BY_NAME, error=LedgerError, fix="do it anew")
    assert e.value.fix == "do it anew"


def test_a_long_value_is_cut(write):
    with pytest.raises(Usage) as e:
        load(write(f"- {{id: a, size: {'x' * 900}}}"), LISTED)
    assert len(str(e.value.found)) == 200


@pytest.mark.parametrize(
    ("text", "name"),
    [("- {", "e.yml"), ("a: b: c", "e.yml"), ("[1]: 2\n&a x: *a", "e.yml"), ("{", "e.json"), ("", "e.json")],
)
def test_what_cannot_be_read(write, text, name):
    with pytest.raises(Usage, match=rf"chapters/{name} cannot be read"):
        load(write(text, name), LISTED)


@pytest.mark.parametrize("text", ["&a [*a]", "{? [1, 2] : 3}", "\xff"])
def test_what_no_json_holds(write, text):
    path = write("")
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Usage, match="cannot be read"):
        load(path, LISTED)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Usage, match="cannot be read") as e:
        load(tmp_path / "gone.yml", LISTED)
    assert "No such file" in str(e.value.found)
