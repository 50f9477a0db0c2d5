"""What a chapter's page gives to copy and to keep: the figure, commands, manifests that work without the lab.

All of it is found by reference (`labkit.book.take_home`), and the course's images are replaced by public ones
(`labkit.provision.public_images`). Also here: the line that a terminal needs before the first console block,
and the table of public images.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from course_fold import course_fold, fold
from course_proved import download, link, prose, table, text
from docutils import nodes
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from labkit.book import take_home
from labkit.book.console_blocks import Command
from labkit.book.ledger import claims
from labkit.book.stems import number
from labkit.book.take_home import TakeHome
from labkit.core.errors import LabkitError
from labkit.provision import public_images
from labkit.provision.image_table import IMAGES, with_parents
from labkit.provision.public_images import Rewritten

ENV = 'eval "$(python3 src/labkit env)"'
"""What a shell of the reader's needs before it can type the console blocks."""

MADE = "_build/take-home"
"""Where the manifests are written that a page offers, below the book's folder: the builder copies them."""


def block(*lines: str, language: str = "console") -> nodes.literal_block:
    """Lines with a button that copies them; with a prompt where they are commands."""
    shown = "\n".join(f"$ {line}" if language == "console" else line for line in lines)
    return nodes.literal_block(shown, shown, language=language, classes=["take-home"])


def before_first_block(doctree: nodes.document) -> None:
    """Puts the line that a terminal needs before the first console block of a page."""
    first = next((n for n in doctree.findall(nodes.literal_block) if n.get("language") == "console"), None)
    if first is None:
        return
    while not isinstance(first.parent, (nodes.section, nodes.document)):
        first = first.parent
    said = text(
        nodes.paragraph, "Once in each terminal, in the folder of the course:", classes=["terminal-env"]
    )
    first.parent.insert(first.parent.index(first), [said, block(ENV)])


def run_this(stem: str) -> course_fold:
    """For those who have the lab: how to run a chapter, to copy."""
    return fold(
        "run-this",
        "Run this page in your own lab",
        text(nodes.paragraph, "In the folder of the course:"),
        block("make learn"),
        text(nodes.paragraph, "In JupyterLab, under File, Open from Path:"),
        block(f"chapters/{stem}.ipynb", language="text"),
    )


def figure(stem: str, wanted: take_home.Figure, notebook: NotebookNode) -> nodes.paragraph:
    """The one figure that is worth keeping, from the stored run."""
    kept = take_home.figure(stem, wanted, notebook)
    words = [text(nodes.strong, kept.value), nodes.Text(" "), *prose(kept.says)]
    return nodes.paragraph("", "", *words, classes=["kept-figure"])


def commands(app: Sphinx, found: list[Command]) -> list[nodes.Node]:
    """Commands to copy, each with a button of its own, and what their images are."""
    rewritten = [public_images.rewrite(c.typed, Path(app.srcdir)) for c in found]
    made: list[nodes.Node] = [block(one.text) for one in rewritten]
    images = dict.fromkeys(name for one in rewritten for name in one.images)
    return [*made, *notes(app, list(images), [n for one in rewritten for n in one.to_build])]


def notes(app: Sphinx, images: list[str], to_build: list[str]) -> list[nodes.Node]:
    """What stands in for the course's images, and how those are built that nothing public stands in for."""
    known = public_images.table(Path(app.srcdir))
    made: list[nodes.Node] = []
    said = nodes.paragraph(classes=["image-note"])
    for name in images:
        if name in to_build:
            continue
        said += [text(nodes.literal, str(known[name].image)), nodes.Text(" stands in for the course's ")]
        said += [text(nodes.literal, name), nodes.Text(f". {known[name].differs or ''}".rstrip() + " ")]
    if said.children:
        said += [link("All public images", "commands", "public-images"), nodes.Text(".")]
        made.append(said)
    for name in dict.fromkeys(to_build):
        made += building(app, name)
    return made


def building(app: Sphinx, name: str) -> list[nodes.Node]:
    """How an image is built that has no public equivalent: its files, and the commands."""
    said = nodes.paragraph(classes=["image-note"])
    said += [text(nodes.literal, name), nodes.Text(" of the course has no public equivalent. ")]
    for image in with_parents([name])[1:]:
        said += [nodes.Text(f"images/{image.folder}: ")]
        for i, path in enumerate(sorted(p for p in image.context.iterdir() if p.is_file())):
            said += [nodes.Text(", " if i else ""), download(app, path, path.name)]
        said += nodes.Text(". ")
    said += nodes.Text("In the folder of the course these commands build it:")
    return [said, block(*public_images.builds([name]))]


def manifest(app: Sphinx, stem: str, claim: str, wanted: TakeHome) -> list[nodes.Node]:
    """A whole manifest with public images, to download."""
    root = Path(app.srcdir)
    made: Rewritten = public_images.rewrite(take_home.manifest(stem, wanted, root), root)
    path = root / MADE / claim / str(wanted.manifest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(made.text, encoding="utf-8")
    said = nodes.paragraph("", "", text(nodes.strong, "To take home: "))
    said += [download(app, path, path.name), nodes.Text(", whole and with public images. ")]
    said += nodes.Text(f"It needs {wanted.needs}. " if wanted.needs else "")
    said += nodes.Text("In the folder that it is in:")
    return [said, block(f"kubectl apply --filename {path.name}"), *notes(app, [], made.to_build)]


def at_claims(app: Sphinx, doctree: nodes.document, stem: str, notebook: NotebookNode) -> None:
    """Lets each claim end in something to take home, below the cell that proves it.

    Raises:
        LabkitError: a reference does not fit.
        ExtensionError: no cell proves a claim.
    """
    chapter = take_home.chapter(stem, ids(stem), Path(app.srcdir))
    for claim, wanted in chapter.claims.items():
        anchor = f"claim-{claim.replace('.', '-')}"
        cell = next((n for n in doctree.findall(nodes.container) if anchor in n["ids"]), None)
        if cell is None:
            raise ExtensionError(f"{app.env.docname}: no cell proves {claim}")
        if wanted.command:
            found = take_home.commands(stem, [wanted.command], notebook)
            said = nodes.paragraph("", "", text(nodes.strong, "To take home:"))
            inner = [said, *commands(app, found)]
        else:
            inner = manifest(app, stem, claim, wanted)
        cell.parent.insert(cell.parent.index(cell) + 1, nodes.container("", *inner, classes=["claim-end"]))


def at_head(app: Sphinx, stem: str, notebook: NotebookNode) -> list[nodes.Node]:
    """For the short answer: the figure, and the commands to copy.

    Raises:
        LabkitError: a reference does not fit.
    """
    chapter = take_home.chapter(stem, ids(stem), Path(app.srcdir))
    found = take_home.commands(stem, chapter.commands, notebook)
    return [
        text(nodes.rubric, "The number to keep"),
        figure(stem, chapter.figure, notebook),
        text(nodes.rubric, "The commands to copy"),
        text(nodes.paragraph, f"Names that begin with {stem[:4]}- are objects of this page."),
        *commands(app, found),
    ]


def ids(stem: str) -> list[str]:
    """The ids of a chapter's claims."""
    return [claim.id for claim in claims().values() if claim.chapter == stem]


def complete(app: Sphinx, doctree: nodes.document, stem: str, notebook: NotebookNode) -> list[nodes.Node]:
    """Completes a chapter's page; returns what belongs into its short answer, nothing where it has no claim.

    Raises:
        ExtensionError: a reference of ``chapters/take_home.yml`` does not fit.
    """
    before_first_block(doctree)
    if not ids(stem):
        return []
    for name in (take_home.FILE, public_images.FILE):
        app.env.note_dependency(str(Path(app.srcdir, name)))
    try:
        at_claims(app, doctree, stem, notebook)
        return at_head(app, stem, notebook)
    except LabkitError as e:
        raise ExtensionError(f"Chapter {number(stem)}, to take home: {e}") from e


class PublicImages(SphinxDirective):
    """``{public-images}``: each course image, what stands in for it, and in what that differs."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        root = Path(self.env.srcdir)
        self.env.note_dependency(str(root / public_images.FILE))
        rows = []
        for name, public in public_images.table(root).items():
            stands = text(nodes.literal, public.image) if public.image else nodes.Text("none: build it")
            dockerfile = download(self.env.app, IMAGES[name].context / "Dockerfile", "Dockerfile")
            ours = nodes.inline("", "", text(nodes.literal, name), nodes.Text(" "), dockerfile)
            rows.append([ours, stands, nodes.inline("", "", *prose(public.differs or ""))])
        return [table(["the course's", "public", "where it differs"], rows, "public-images")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the extension."""
    app.add_directive("public-images", PublicImages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
