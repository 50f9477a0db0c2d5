"""The reports as pages: no script, no request, every text of a learner escaped, words beside every sign."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from labkit.checks.result import EDGES, NO_FAULT, SIGNS, Result
from labkit.grading.record import Graded

FOLDER = "submissions"
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
CODE = re.compile(r"`([^`\n]+)`")
STYLE = """
:root { color-scheme: light dark; --ink: #1f1f1f; --page: #fff; --line: #767676; --soft: #f3f1ec;
  --link: #0b5394; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --page: #17181a; --line: #8f8f8f; --soft: #26282b; --link: #8ec5ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; background: var(--page); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, 'Segoe UI', sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); } h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 0; }
code, pre { background: var(--soft); font-size: .92em; } code { padding: 0 .2em; }
pre { padding: .6rem; overflow-x: auto; white-space: pre-wrap; }
table { border-collapse: collapse; } caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .9rem .3rem 0; }
.wide { overflow-x: auto; margin: 1.2rem 0; }
.wide td, .wide th { border-bottom: 1px solid var(--line); overflow-wrap: normal; }
section { border-left: .3rem solid var(--line); padding: .1rem 0 .1rem 1rem; margin: 1.2rem 0; }
.total { font-size: 1.15rem; font-weight: 600; }
""" + "".join(f".{verdict} {{ border-color: {edge}; }}\n" for verdict, edge in EDGES.items())


def marked(text: str) -> str:
    """Text, escaped; what stands between backticks is code."""
    return CODE.sub(r"<code>\1</code>", html.escape(text))


def file_names(graded: list[Graded]) -> list[str]:
    """The name of each submission's page, without suffix: harmless in every file system, and no two alike."""
    seen: set[str] = set()
    names = []
    for record in graded:
        word = re.sub(r"[^a-z0-9_]+", "-", record.submission.name.lower()).strip("-")[:80] or "submission"
        name, number = word, 1
        while name in seen:
            number += 1
            name = f"{word}-{number}"
        seen.add(name)
        names.append(name)
    return names


def document(title: str, body: str) -> str:
    """A whole page."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def items(heading: str, said: Iterable[str]) -> str:
    """A list below a heading, or nothing."""
    lines = "".join(f"<li>{marked(text)}</li>" for text in said)
    return f"<h2>{heading}</h2>\n<ul>{lines}</ul>" if lines else ""


def task(result: Result) -> str:
    """One task of a report."""
    parts = [
        f'<section class="{result.verdict}">',
        f"<h2>{marked(result.title)}</h2>",
        f"<p><strong>{SIGNS[result.verdict]} {result.verdict}</strong>, "
        f"{result.earned} of {result.points} points (task: {html.escape(result.task)})</p>",
    ]
    if result.message:
        parts.append(f"<p>{marked(result.message)}</p>")
    rows = "".join(
        f'<tr><th scope="row">{word}</th><td>{html.escape(said)}</td></tr>' for word, said in result.details
    )
    if rows:
        parts.append(f"<table><tbody>{rows}</tbody></table>")
    if result.verdict == "error":
        parts.append(f"<p>{NO_FAULT}</p>")
    if result.evidence:
        parts.append(f'<pre tabindex="0">{html.escape(result.evidence)}</pre>')
    return "\n".join([*parts, "</section>"])


def page(record: Graded, name: str) -> str:
    """The report of one submission."""
    title = record.submission.name
    body = [
        '<p><a href="../index.html">All submissions</a></p>',
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{html.escape(record.submission.stem or 'no exercise of this course')}</p>",
        f'<p class="total">{html.escape(record.total)}</p>',
    ]
    if record.why:
        body.append(f"<p>{marked(record.why)}</p>")
    body += [task(result) for result in record.results]
    body.append(items("Notes", record.notes))
    if record.notebook:
        body.append(f'<p><a href="{name}.ipynb">The notebook as it was run</a></p>')
    return document(f"{title}: {record.total}", "\n".join(body))


def index(graded: list[Graded], names: list[str], others: list[str]) -> str:
    """The page of all submissions."""
    body = ["<h1>Grades</h1>"]
    for stem in sorted({g.submission.stem or "" for g in graded}, key=lambda s: (not s, s)):
        records = [(g, n) for g, n in zip(graded, names, strict=True) if (g.submission.stem or "") == stem]
        body.append(table(stem or "No submissions of this course", records))
    body.append(items("Files that are no notebooks, left out", others))
    return document("Grades", "\n".join(body))


def table(caption: str, records: list[tuple[Graded, str]]) -> str:
    """One exercise's submissions and their scores."""
    tasks = [r.name for r in records[0][0].results]
    heads = "".join(
        f'<th scope="col">{html.escape(h)}</th>' for h in ("submission", *tasks, "total", "notes")
    )
    rows = []
    for record, name in records:
        said = html.escape(record.submission.name)
        cells = [f"{r.earned}/{r.points} {SIGNS[r.verdict]} {r.verdict}" for r in record.results]
        cells += [record.total, record.why or str(len(record.notes) or "none")]
        rows.append(
            f'<tr><th scope="row"><a href="{FOLDER}/{name}.html">{said}</a></th>'
            + "".join(f"<td>{html.escape(c)}</td>" for c in cells)
            + "</tr>"
        )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{html.escape(caption)}"><table>'
        f"<caption>{html.escape(caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
