"""What the site makes of the notebooks: numbers and links of chapters, and the page of commands."""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pytest
import yaml
from docutils import nodes
from sphinx.errors import ExtensionError

from labkit.book import notebooks, site, take_home
from labkit.book.console_blocks import Command
from labkit.book.ledger import claims
from labkit.core.paths import repo


@pytest.fixture(scope="module")
def extension():
    """Loads an extension of the site from its folder."""
    sys.path.insert(0, str(repo() / "ext"))
    yield importlib.import_module
    sys.path.remove(str(repo() / "ext"))


PAGES = {1: "chapters/ch01_a", 2: "chapters/ch02_b", 12: "chapters/ch12_c"}


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("as chapter 2 shows", ["chapter 2"]),
        ("Chapter 12.", ["Chapter 12"]),
        ("in chapters 1, 2 and 12", ["1", "2", "12"]),
        ("chapters 1 and 7", ["1"]),
        ("chapter 7 is not there yet", []),
        ("chapter 123, subchapter 2, 2 chapters", []),
    ],
)
def test_a_number_of_a_chapter_is_a_link(extension, text, linked):
    numbers = extension("course_numbers")
    mentions = SimpleNamespace(link=lambda words, page: nodes.inline("", words, classes=[page]))
    made = numbers.Mentions.linked(mentions, text, PAGES)
    assert [n.astext() for n in made if isinstance(n, nodes.inline)] == linked
    assert not made or "".join(n.astext() for n in made) == text


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("docker run --rm debian:trixie-slim true", "docker run"),
        ("docker image ls --all", "docker image ls"),
        ("docker compose up --detach", "docker compose up"),
        ("kubectl get pods", "kubectl get"),
        ("kubectl rollout status deployment/x", "kubectl rollout status"),
        ("echo 1 | docker load", None),
    ],
)
def test_a_command_has_the_name_of_what_it_does(extension, line, name):
    assert extension("course_commands").name_of(line) == name


def test_options_are_the_engines_and_not_the_programs(extension):
    options_of = extension("course_commands").options_of
    line = "docker run --detach --name a --memory=64m --env 'A=b c' image tail --bytes=5"
    assert options_of(line) == ["--detach", "--name", "--memory", "--env"]
    assert options_of("docker run --rm image cat --number") == ["--rm"]


def test_every_option_without_a_value_is_known_as_one(extension):
    """Else the image would be taken for its value, and the program's options for the engine's."""
    commands = extension("course_commands")
    lines = [
        command.line
        for path in (repo() / "chapters").glob("ch*.ipynb")
        for command in commands.commands_of(path)
        if commands.name_of(command.line) == "docker run" and commands.options_of(command.line)
    ]
    assert len(lines) > 50
    images = ("debian:", "localhost:5001/", "ch0")
    for line in lines:
        for option, word in pairwise(commands.shlex.split(line)[2:]):
            if option in commands.FLAGS:
                assert word.startswith(("-", *images)), line
            elif option in commands.options_of(line) and "=" not in option:
                assert not word.startswith(images[:2]), line


def test_the_example_is_short_and_simple_and_ends_well(extension):
    shown = extension("course_commands").Shown()
    for line, status, stem in [
        ("docker ps -x", 1, "ch01_a"),
        ("docker ps | wc", 0, "ch01_a"),
        ("docker ps --all --filter name=x", 0, "ch02_b"),
        ("docker ps --all", 0, "ch02_b"),
    ]:
        shown.add(Command(line, status=status), stem)
    assert (shown.example, shown.stems) == ("docker ps --all", ["ch01_a", "ch02_b"])


def test_the_glossarys_terms_are_its_lines_that_are_not_indented(extension):
    page = "Words.\n\n```{glossary}\n:sorted:\n\nPod\n  A text.\n\ncgroup\ncontrol group\n  Another.\n```\n"
    assert extension("course_terms").terms_of(page) == {"pod", "cgroup", "control group"}


def test_a_good_part_of_the_glossary_is_met_in_bold_in_a_chapter(extension):
    terms = extension("course_terms").terms_of((repo() / "glossary.md").read_text())
    texts = " ".join(path.read_text() for path in (repo() / "chapters").glob("ch*.ipynb"))
    met = {word.lower() for word in re.findall(r"\*\*([^*]+)\*\*", texts)}
    assert len(terms) > 50
    assert len(terms & met) > 20


def test_what_the_front_page_found_stands_in_the_ledger():
    text = (repo() / "intro.md").read_text().partition("## Five things")[2].partition("\n## ")[0]
    found = [" ".join(item.split()) for item in text.split("\n- ")[1:]]
    assert len(found) == 5
    for item in found:
        claim = claims()[re.search(r"\[(C\d\d\.\d)\]\(#claim-c\d\d-\d\)", item)[1]]
        for words in re.findall(r"\*\*(.+?)\*\*", item):
            assert words in claim.precise


def test_every_address_outside_of_the_course_was_checked():
    """Offline: the list says what the last check found; a link that is not in it was never looked at."""
    pages = [*repo().glob("*.md"), *repo().glob("parts/*.md")]
    texts = [p.read_text() for p in pages if p.name not in ("README.md", "CONTRIBUTING.md")]
    for stem in notebooks.stems():
        cells = notebooks.read(notebooks.path(stem)).cells
        texts += [c.source for c in cells if c.cell_type == "markdown"]
    linked = {address for text in texts for address in re.findall(r"\]\((https?://[^)\s]+)\)", text)}
    checked = yaml.safe_load((repo() / "chapters/links.yml").read_text())
    assert linked == set(checked)
    assert all(address.startswith("https://") for address in linked)


@pytest.mark.parametrize("stem", notebooks.stems())
def test_the_sources_of_a_chapter_are_links(stem):
    text = "\n\n".join(
        c.source for c in notebooks.read(notebooks.path(stem)).cells if c.cell_type == "markdown"
    )
    (sources,) = re.findall(r"^Sources[:,].*?(?=\n\n|\Z)", text, re.M | re.S)
    assert "](https://" in sources
    assert "*" not in sources  # a title that leads nowhere


def test_a_reference_that_no_longer_fits_stops_the_build_and_says_what_to_do(extension, monkeypatch):
    """The number of a run in which the cell printed something else."""
    page, stem = extension("course_take_home"), "ch04_single_task"
    known = take_home.chapters()
    gone = replace(
        known[stem].figure, output=known[stem].figure.output.replace("shell form", "form of a shell")
    )
    monkeypatch.setattr(
        take_home, "chapters", lambda root=None: known | {stem: replace(known[stem], figure=gone)}
    )
    builder = SimpleNamespace(get_relative_uri=lambda source, target: target)
    files = SimpleNamespace(add_file=lambda page, name: name)
    env = SimpleNamespace(docname=f"chapters/{stem}", note_dependency=str, dlfiles=files)
    app = SimpleNamespace(srcdir=repo(), env=env, builder=builder)
    doctree = nodes.section()
    for claim in known[stem].claims:
        doctree += nodes.container(ids=[f"claim-{claim.replace('.', '-')}"])
    with pytest.raises(ExtensionError, match="Chapter 4, to take home: The figure of ch04") as e:
        page.complete(app, doctree, stem, notebooks.read(notebooks.path(stem)))
    said = site.trouble(f"exception: {e.value}")
    assert all(f"  {part}: " in said for part in ("wanted", "found", "next"))
    assert "the nearest line is: shell form  sh " in said


def test_the_front_page_says_what_a_terminal_needs(extension):
    assert extension("course_take_home").ENV in (repo() / "intro.md").read_text()
