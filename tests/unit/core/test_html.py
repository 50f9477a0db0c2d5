"""What is shown is escaped, a missing value is an error, and the look of the course stands in one file."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest
from markupsafe import Markup

import labkit
from labkit.core import html, theme

PACKAGE = Path(labkit.__file__).parent
TEMPLATES = sorted(p.relative_to(PACKAGE).as_posix() for p in PACKAGE.rglob("*.j2"))


def rendered(source, **values):
    return html.environment().from_string(source).render(values)


def test_values_are_escaped_quotes_too():
    assert rendered('<p title="{{ x }}">{{ x }}</p>', x="<b>'\"&") == (
        '<p title="&lt;b&gt;&#x27;&quot;&amp;">&lt;b&gt;&#x27;&quot;&amp;</p>'
    )
    assert rendered("{{ x }}", x=Markup("<b>")) == "<b>"
    assert rendered("{{ x }}", x=3) == "3"


@pytest.mark.parametrize("source", ["{{ x }}", "{{ x.y }}", "{% if x %}{% endif %}", "{{ x | marked }}"])
def test_a_value_that_is_missing_is_an_error(source):
    with pytest.raises((jinja2.UndefinedError, TypeError)):
        rendered(source)


def test_code_is_marked_and_nothing_else():
    assert html.marked("`a<b>` and <i>`\n`") == "<code>a&lt;b&gt;</code> and &lt;i&gt;`\n`"


def test_css_of_the_theme_keeps_its_quotes():
    assert "'Segoe UI'" in rendered('<p style="font-family:{{ theme.FONT }}">')


def test_every_template_is_found_from_any_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    html.environment.cache_clear()
    assert len(TEMPLATES) >= 8
    for name in TEMPLATES:
        html.environment().get_template(name)


def test_no_colour_of_the_theme_stands_anywhere_else():
    colours = {
        v.lower() for v in vars(theme).values() if isinstance(v, str) and re.fullmatch("#[0-9A-Fa-f]{6}", v)
    }
    assert len(colours) == 10
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.j2")]:
        if path.name != "theme.py":
            here = {c.lower() for c in re.findall(r"#[0-9A-Fa-f]{6}\b", path.read_text(encoding="utf-8"))}
            assert not here & colours, path


def test_signs_and_edges_are_told_apart():
    assert theme.SIGNS.keys() == theme.EDGES.keys()
    assert len(set(theme.SIGNS.values())) == len(set(theme.EDGES.values())) == 4
