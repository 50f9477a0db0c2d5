"""The house rules of chapters, as far as a program can hold them; `labkit lint` prints what it finds."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from labkit.book import notebooks, questions, receipts
from labkit.book.ledger import claims
from labkit.core.paths import repo
from labkit.lint import lengths, predictions
from labkit.lint.finding import Finding
from labkit.lint.lengths import words

CODE_CAP, CODE_MEDIAN, TEXT_MEDIAN, OUTPUT_CAP = 15, 6, 60, 15
CLAIM = re.compile(r"^claim:(C\d\d\.\d+)$")
PROVE = re.compile(r"\bprove\(\s*[\"'](C\d\d\.\d+)[\"']")
RAW_ID = re.compile(r"\b(?:sha256:)?[0-9a-f]{12,64}\b|\bat 0x[0-9a-f]{8,}")
MARKDOWN_IMAGE = re.compile(r"!\[(.*?)\]\(")
FIGURE = re.compile(r"^(?:```|:::)\{figure\}[^\n]*\n(.*?)^(?:```|:::)", re.M | re.S)


def problems(root: Path | None = None) -> list[Finding]:
    """Every breach of the rules in the chapters.

    Args:
        root: the course's folder; None is this one.
    """
    root = root or repo()
    stems = notebooks.stems("chapters", root)
    if not stems:
        return [Finding("chapters", "there is no notebook")]
    findings: list[Finding] = []
    proved: dict[str, list[str]] = {}
    for stem in stems:
        notebook = notebooks.read(notebooks.path(stem, "chapters", root))
        faults = (*chapter(notebook), *questions.breaches(notebook, stem, root), *unsaid(notebook, stem))
        findings += [Finding(f"chapters/{stem}", fault) for fault in faults]
        for claim in claim_tags(notebook):
            proved.setdefault(claim, []).append(stem)
    findings += lengths.breaches(root)
    faults = (*ledger(stems, proved), *receipts.breaches(root))
    findings += [Finding("ledger", fault) for fault in faults]
    findings += [Finding("_toc.yml", fault) for fault in listed(stems, root)]
    return findings


def unsaid(notebook: NotebookNode, stem: str) -> Iterator[str]:
    """Whether a chapter does not say on what its outputs were made."""
    if not notebook.metadata.get("labkit", {}).get("run"):
        yield f"it does not say on what its outputs were made: labkit execute {stem[:4]}"


def chapter(notebook: NotebookNode) -> Iterator[str]:
    """The breaches of one chapter's notebook."""
    code = [(i, c) for i, c in enumerate(notebook.cells) if c.cell_type == "code" and c.source.strip()]
    text = [c for c in notebook.cells if c.cell_type == "markdown"]
    for i, cell in code:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        tags = cell.metadata.get("tags", [])
        if len(lines) > CODE_CAP:
            yield f"cell {i} has {len(lines)} lines (cap {CODE_CAP})"
        if cell.execution_count is None:
            yield f"cell {i} was not executed"
        if re.search(r"\bsleep\(|clear_output|\binput\(", cell.source):
            yield f"cell {i} sleeps, clears its output or asks for input"
        if re.search(r"from labkit[.\w]* import _|labkit\._", cell.source):
            yield f"cell {i} imports a private name"
        proofs, marks = set(PROVE.findall(cell.source)), {m[1] for t in tags if (m := CLAIM.match(t))}
        if proofs != marks:
            yield f"cell {i}: proves {sorted(proofs) or 'nothing'}, tagged {sorted(marks) or 'for nothing'}"
        yield from outputs(i, cell, tags)
    if code and statistics.median(len(c.source.splitlines()) for _, c in code) > CODE_MEDIAN:
        yield f"the median code cell has more than {CODE_MEDIAN} lines"
    if text and statistics.median(words(c.source) for c in text) > TEXT_MEDIAN:
        yield f"the median text cell has more than {TEXT_MEDIAN} words"
    if not code or "close()" not in code[-1][1].source:
        yield "the last code cell does not close the Lab"
    for cell in text:
        yield from pictures(cell.source)
    yield from predictions.breaches(notebook)


def outputs(i: int, cell: NotebookNode, tags: list[str]) -> Iterator[str]:
    """Breaches in what one cell printed."""
    printed = ""
    for output in cell.outputs:
        if output.output_type == "error" and "raises-exception" not in tags:
            yield f"cell {i} stored an error and is not tagged raises-exception"
        data = output.get("data", {})
        printed += output.get("text", "") or (
            data.get("text/plain", "") if "image/svg+xml" not in data else ""
        )
        if "image/png" in data:
            yield f"cell {i} shows a bitmap: use labkit.render.show"
        if "image/svg+xml" in data and not cell.metadata.get("mystnb", {}).get("image", {}).get("alt"):
            yield f"cell {i} shows a plot without alt text for the site (mystnb.image.alt)"
    yield from raw_ids(i, printed)
    if len(printed.splitlines()) > OUTPUT_CAP:
        yield f"cell {i} prints {len(printed.splitlines())} lines (cap {OUTPUT_CAP})"


def raw_ids(i: int, printed: str) -> Iterator[str]:
    """What cannot be the same in the next run, an object's address in memory too."""
    if raw := RAW_ID.search(printed):
        yield f"cell {i} prints a raw id: {raw[0][:16]}…"


def pictures(source: str) -> Iterator[str]:
    """Pictures without a text."""
    if any(not alt.strip() for alt in MARKDOWN_IMAGE.findall(source)):
        yield "a picture has no alt text"
    if any(not re.search(r"^:alt: *\S", body, re.M) for body in FIGURE.findall(source)):
        yield "a figure has no :alt:"


def claim_tags(notebook: NotebookNode) -> list[str]:
    """The claims that a notebook's cells are tagged for."""
    tags = [t for c in notebook.cells for t in c.metadata.get("tags", [])]
    return [m[1] for t in tags if (m := CLAIM.match(t))]


def ledger(stems: list[str], proved: dict[str, list[str]]) -> Iterator[str]:
    """Claims without a proof, proofs without a claim, proofs in the wrong chapter."""
    for claim in claims().values():
        if claim.chapter in stems and proved.get(claim.id, []) != [claim.chapter]:
            yield f"{claim.id} wants one proof in {claim.chapter}, found {proved.get(claim.id)}"
        if claim.chapter not in stems:
            yield f"{claim.id} names {claim.chapter}, which is no chapter"
    for unknown in proved.keys() - claims().keys():
        yield f"{unknown} is proved and not in it"


def listed(stems: list[str], root: Path) -> Iterator[str]:
    """Chapters that the table of contents lacks, and entries of it that are no file."""
    contents = (root / "_toc.yml").read_text()
    pages = [f"chapters/{stem}" for stem in stems]
    pages += [f"{kind}/{stem}" for kind in ("exercises", "solutions") for stem in notebooks.stems(kind, root)]
    for page in pages:
        if f"file: {page}\n" not in f"{contents}\n":
            yield f"{page} is not in it"
    for name in re.findall(r"file: (\S+)", contents):
        if not any((root / f"{name}{suffix}").exists() for suffix in (".md", ".ipynb", "")):
            yield f"there is no {name}"
