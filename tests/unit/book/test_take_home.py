"""What a chapter gives to those who come back: found by reference, or an error that says what to do."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import yaml

from labkit.book import notebooks, take_home
from labkit.book.console_blocks import Command
from labkit.book.ledger import claims
from labkit.book.take_home import Figure, TakeHome
from labkit.core.errors import LedgerError

STEM = "ch99_x"
FIGURE = Figure(r"^stop: (?P<time>[\d.]+ s), n = (?P<n>\d+)$", "{time}", "for a stop (n = {n})")


def stored(*texts):
    cells = [{"outputs": [SimpleNamespace(output_type="stream", text=text)]} for text in texts]
    return SimpleNamespace(cells=[{}, *cells])


def ids(stem):
    return [claim.id for claim in claims().values() if claim.chapter == stem]


def test_the_figure_is_that_of_the_stored_run_and_changes_with_it():
    kept = [
        take_home.figure(STEM, FIGURE, stored("other\n", f"stop: ⟨{s} s⟩, n = 3\n")) for s in ("10.4", "9.1")
    ]
    assert [(k.value, k.says) for k in kept] == [
        ("10.4 s", "for a stop (n = 3)"),
        ("9.1 s", "for a stop (n = 3)"),
    ]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["stops: ⟨10.4 s⟩, n = 3\n", "x\n"], "the nearest line is: stops: 10.4 s, n = 3"),
        (["stop: ⟨1 s⟩, n = 3\n", "stop: ⟨2 s⟩, n = 3\n"], "'2 s'"),
        ([], "none"),
    ],
)
def test_a_figure_that_is_not_there_once_is_an_error_that_says_what_to_do(texts, found):
    with pytest.raises(LedgerError, match="figure of ch99_x") as e:
        take_home.figure(STEM, FIGURE, stored(*texts))
    assert FIGURE.output in e.value.wanted
    assert found in e.value.found
    assert "chapters/take_home.yml" in e.value.fix


def test_one_text_that_is_printed_twice_is_one_figure():
    wanted = Figure(r"stop: (?P<t>\d s)", "{t}", "x")
    assert take_home.figure(STEM, wanted, stored("stop: 1 s\n", "stop: 1 s\n")).value == "1 s"


ENTRY = {
    "figure": {"output": r"(?P<t>\d+) s", "value": "{t} s", "says": "for x"},
    "commands": ["docker a", "docker b"],
    "claims": {"C99.1": {"command": "docker a"}},
}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({}, None),
        ({"figure": {"output": "(?P<t>[)", "value": "{t}", "says": "x"}}, "a regular expression"),
        ({"figure": {"output": "(?P<t>.)", "value": "10 s", "says": "{t}"}}, "a value that a group"),
        ({"figure": {"output": "(?P<t>.)", "value": "10 of {t}", "says": "x"}}, "a value that a group"),
        ({"figure": {"output": "(?P<t>.)", "value": "{u}", "says": "x"}}, "exactly the groups t"),
        ({"figure": {"output": "(?P<t>.)", "value": "{t", "says": "x"}}, "names of groups in braces"),
        ({"commands": ["docker a"]}, "at least 2"),
        ({"commands": ["docker a"] * 5}, "at most 4"),
        ({"claims": {"C99.1": {}}}, "a command, or a manifest"),
        ({"claims": {"C99.1": {"command": "a", "manifest": "b"}}}, "a command, or a manifest"),
        ({"claims": {"C99.1": {"command": "a", "values": {"N": 1}}}}, "a command, or a manifest"),
        ({"claims": {"C99.1": {"command": "a", "needs": "b"}}}, "a command, or a manifest"),
    ],
)
def test_the_schema_takes_references_alone(tmp_path, change, wanted):
    (tmp_path / "chapters").mkdir()
    (tmp_path / take_home.FILE).write_text(yaml.safe_dump({STEM: ENTRY | change}))
    if wanted is None:
        assert take_home.chapter(STEM, ["C99.1"], tmp_path).commands == ["docker a", "docker b"]
        return
    with pytest.raises(LedgerError, match=r"chapters/take_home\.yml is wrong at ch99_x") as e:
        take_home.chapters(tmp_path)
    assert wanted in e.value.wanted


@pytest.mark.parametrize(("stem", "known"), [("ch98_y", ["C98.1"]), (STEM, ["C99.1", "C99.2"]), (STEM, [])])
def test_a_chapter_says_what_exactly_its_claims_end_in(tmp_path, stem, known):
    (tmp_path / "chapters").mkdir()
    (tmp_path / take_home.FILE).write_text(yaml.safe_dump({STEM: ENTRY}))
    with pytest.raises(LedgerError) as e:
        take_home.chapter(stem, known, tmp_path)
    assert e.value.wanted
    assert e.value.fix


KNOWN = [Command("docker ps --all"), Command("docker ps --size"), Command("docker ps --size"), Command("ls")]


def test_a_command_is_named_by_how_it_begins():
    assert take_home.command(STEM, "docker ps --s", KNOWN).line == "docker ps --size"


@pytest.mark.parametrize(
    ("begins", "found"),
    [("docker ps", "docker ps --all | docker ps --size"), ("docker sp", "nearest is: docker ps")],
)
def test_a_command_that_is_not_there_once_is_an_error(begins, found):
    with pytest.raises(LedgerError, match="console blocks of ch99_x") as e:
        take_home.command(STEM, begins, KNOWN)
    assert e.value.wanted.endswith(begins)
    assert found in e.value.found


def test_a_command_is_shown_with_the_status_that_it_must_end_with():
    assert [Command("x").typed, Command("x", status=137).typed] == ["x", "x  # exit 137"]


def test_a_manifest_is_filled_in(tmp_path):
    (tmp_path / "k8s" / STEM).mkdir(parents=True)
    (tmp_path / "k8s" / STEM / "a.yaml").write_text(
        "kind: X\nname: ${NAME}\nprobe: ${PROBE}\nshell: $${A:-3}\n"
    )
    wanted = TakeHome(manifest="a.yaml", values={"NAME": "web", "PROBE": {"periodSeconds": 1}})
    text = take_home.manifest(STEM, wanted, tmp_path)
    assert text == 'kind: X\nname: web\nprobe: {"periodSeconds": 1}\nshell: ${A:-3}\n'
    for gone in (TakeHome(manifest="a.yaml", values={"NAME": "x"}), TakeHome(manifest="b.yaml")):
        with pytest.raises(LedgerError, match="manifest to take home") as e:
            take_home.manifest(STEM, gone, tmp_path)
        assert "a.yaml" in e.value.wanted


@pytest.mark.parametrize("stem", notebooks.stems())
def test_the_references_of_a_chapter_fit(stem):
    notebook, chapter = notebooks.read(notebooks.path(stem)), take_home.chapter(stem, ids(stem))
    kept = take_home.figure(stem, chapter.figure, notebook)
    assert re.search(r"\d", kept.value)
    assert 2 <= len(take_home.commands(stem, chapter.commands, notebook)) <= 4
    for wanted in chapter.claims.values():
        if wanted.command:
            assert take_home.commands(stem, [wanted.command], notebook)
        else:
            assert take_home.manifest(stem, wanted)
