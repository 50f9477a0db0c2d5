"""HTML by templates: one Jinja2 environment, in which every value is escaped and none may be missing.

Templates are files ``<package>/templates/<name>.html.j2`` below labkit's folder, and named so:
``render("grading/templates/page.html.j2", …)``. Each sees the colours, signs and type of `labkit.core.theme`
as ``theme``.

Source: https://jinja.palletsprojects.com/en/stable/api/.
"""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from labkit.core import theme

CODE = re.compile(r"`([^`\n]+)`")


def escape(value: object) -> Markup:
    """A value as HTML, quotes included; what is HTML already stays as it is.

    Quotes become what `html.escape` makes of them, which the stored outputs of notebooks hold, too.
    """
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def marked(text: str) -> Markup:
    """A text as HTML; what stands between backticks is code, as in a notebook's own texts."""
    return Markup(CODE.sub(r"<code>\1</code>", html.escape(text)))


@cache
def environment() -> Environment:
    """The environment of all templates; the filter ``marked`` is the function of that name."""
    jinja = Environment(
        loader=FileSystemLoader(Path(__file__).parents[1]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=escape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    jinja.filters["marked"] = marked
    jinja.globals["theme"] = {n: _trusted(value) for n, value in vars(theme).items() if n.isupper()}
    return jinja


def _trusted(value: Any) -> Any:
    """A value of the theme as markup: CSS with its quotes, in an attribute or a style sheet."""
    if isinstance(value, dict):
        return {key: Markup(text) for key, text in value.items()}
    return Markup(value)


def render(template: str, **values: object) -> str:
    """A template with its values.

    Args:
        template: its name: package, ``templates``, file.
        **values: what it shows; all text is escaped.

    Raises:
        jinja2.TemplateNotFound: there is no such file.
        jinja2.UndefinedError: it names a value that is not given.
    """
    return environment().get_template(template).render(values)
