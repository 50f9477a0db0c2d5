"""The EPUB: whole, well-formed, with every image and link, without a script; in the order of the book."""

from __future__ import annotations

import posixpath
import re
import zipfile
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
import yaml

from labkit.book import notebooks, site
from labkit.core.paths import repo

NAMES = re.findall(r"^(?:root|\s*- file): *(\S+)", (repo() / "_toc.yml").read_text(), re.M)
OPF, DC = "{http://www.idpf.org/2007/opf}", "{http://purl.org/dc/elements/1.1/}"
XHTML, NCX = "{http://www.w3.org/1999/xhtml}", "{http://www.daisy.org/z3986/2005/ncx/}"
CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
LOADS = {"img": "src", "script": "src", "link": "href", "source": "src", "iframe": "src", "object": "data"}


@pytest.fixture(scope="module")
def book(html):
    with zipfile.ZipFile(html / site.EPUB) as opened:
        yield opened


@pytest.fixture(scope="module")
def package(book):
    return ElementTree.fromstring(book.read("content.opf"))


@pytest.fixture(scope="module")
def files(package):
    """What the manifest names, with its media type."""
    return {unquote(i.get("href")): i.get("media-type") for i in package.iter(f"{OPF}item")}


@pytest.fixture(scope="module")
def pages(book, files):
    """Every page, parsed: a page that is not well-formed is an error here."""
    return {n: ElementTree.fromstring(book.read(n)) for n, t in files.items() if t == "application/xhtml+xml"}


def test_the_front_page_leads_to_it(html):
    assert f'href="{site.EPUB}"' in (html / "index.html").read_text() + (html / "intro.html").read_text()


def test_it_begins_as_an_epub_does(book):
    first = book.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert book.read("mimetype") == b"application/epub+zip"
    container = ElementTree.fromstring(book.read("META-INF/container.xml"))
    assert [root.get("full-path") for root in container.iter(f"{CONTAINER}rootfile")] == ["content.opf"]


def test_the_manifest_is_what_it_holds(book, files):
    held = set(book.namelist()) - {"mimetype", "META-INF/container.xml", "content.opf"}
    assert held == set(files)
    assert len(book.namelist()) == len(set(book.namelist()))


def test_it_is_described_as_it_is_cited(book, package):
    cited = yaml.safe_load((repo() / "CITATION.cff").read_text())
    said = {tag: package.find(f".//{DC}{tag}").text for tag in ("title", "creator", "identifier", "language")}
    identifier = cited["identifiers"][0]["value"]
    authors = ", ".join(author["name"] for author in cited["authors"])
    assert said == {"title": cited["title"], "creator": authors, "identifier": identifier, "language": "en"}
    assert package.find(f".//{DC}date").text.startswith(cited["version"].replace(".", "-"))
    table = ElementTree.fromstring(book.read("toc.ncx"))
    assert {m.get("name"): m.get("content") for m in table.iter(f"{NCX}meta")}["dtb:uid"] == identifier


def test_its_pages_are_in_the_order_of_the_book(package, pages):
    ids = {item.get("id"): item.get("href") for item in package.iter(f"{OPF}item")}
    read = [ids[item.get("idref")] for item in package.iter(f"{OPF}itemref")]
    assert read == [f"{name}.xhtml" for name in [*NAMES, "genindex"]]
    listed = [a.get("href") for a in pages["nav.xhtml"].iter(f"{XHTML}a")]
    assert listed == [f"{name}.xhtml" for name in NAMES]


def test_every_address_leads_somewhere_in_it(files, pages):
    ids = {name: {e.get("id") for e in page.iter() if e.get("id")} for name, page in pages.items()}
    broken, found = [], 0
    for name, page in pages.items():
        for element in page.iter():
            tag = element.tag.removeprefix(XHTML)
            address = element.get(LOADS.get(tag, "href" if tag == "a" else ""))
            parts = urlsplit(address or "")
            if address is None or (tag == "a" and parts.scheme == "https"):
                continue
            found += 1
            file = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path)))
            file = file if parts.path else name
            if parts.scheme or file not in files or (parts.fragment and parts.fragment not in ids[file]):
                broken.append(f"{name}: {address}")
    assert broken == []
    assert found > 500


def test_what_a_style_sheet_or_a_picture_loads_is_in_it(book, files):
    for name, kind in files.items():
        if kind in ("text/css", "image/svg+xml"):
            text = book.read(name).decode()
            loaded = re.findall(r"""(?:url\(|xlink:href=|@import\s+)["']?([^"')\s]+)""", text)
            folder = posixpath.dirname(name)
            assert [a for a in loaded if a[0] != "#" and posixpath.join(folder, a) not in files] == [], name


def test_nothing_in_it_runs_or_is_folded(files, pages):
    assert not any("javascript" in kind for kind in files.values())
    tags = {element.tag.removeprefix(XHTML) for page in pages.values() for element in page.iter()}
    assert tags.isdisjoint({"script", "details", "summary", "form", "input", "button"})


def test_it_names_no_file_that_only_a_build_has(pages):
    texts = {name: " ".join(page.itertext()) for name, page in pages.items()}
    assert not [name for name, text in texts.items() if "_build/" in text]
    assert any("(a download of the site)" in text for text in texts.values())


@pytest.mark.parametrize("stem", notebooks.stems())
def test_a_chapter_has_its_predictions_answers_and_short_answer(html, pages, stem):
    page = pages[f"chapters/{stem}.xhtml"]
    parents = {child: parent for parent in page.iter() for child in parent}
    kinds = [(e.get("class") or "").split() for e in page.iter(f"{XHTML}div")]
    answers = [e for e in page.iter(f"{XHTML}p") if "".join(e.itertext()).strip() == "Answer"]
    counts = {
        kind: sum(kind in of for of in kinds) for kind in ("prediction", "prediction-answer", "short-answer")
    }
    assert counts["prediction"] == counts["prediction-answer"] == len(answers) > 0
    assert counts["short-answer"] == 1
    assert all(len("".join(parents[answer].itertext())) > 80 for answer in answers)
    pictures = list(page.iter(f"{XHTML}img"))
    assert len(pictures) == len(
        re.findall(r"<img(?![^>]*logo__image)", (html / f"chapters/{stem}.html").read_text())
    )
    assert all(len(picture.get("alt", "")) > 3 for picture in pictures)
