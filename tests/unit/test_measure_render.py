"""Figures and pictures: one form, the same bytes, a text for those who do not see it."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from labkit import Mismatch, Usage, measured
from labkit.book.figures import COLOURS, INK, PANEL, STYLE, figure, show
from labkit.core.paths import repo


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (0.2712, "s", "⟨0.27 s⟩"),
        (0.0042, "s", "⟨0.0042 s⟩"),
        (3.14159, "s", "⟨3.14 s⟩"),
        (27.1, "ms", "⟨27.1 ms⟩"),
        (1234, "", "⟨1234⟩"),
        (0, "errors", "⟨0.00 errors⟩"),
        (-2.5, "s", "⟨-2.50 s⟩"),
    ],
)
def test_form(value, unit, said):
    assert measured(value, unit) == said


def test_digits():
    assert measured(12, "requests", digits=0) == "⟨12 requests⟩"


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [(1, 2, None), (3, None, 2), (float("nan"), None, None), (float("inf"), 0, None)],
)
def test_outside_of_the_band(value, low, high):
    with pytest.raises(Mismatch, match="outside the band"):
        measured(value, low=low, high=high)


def test_the_edges_belong_to_the_band():
    assert measured(2, low=2, high=2)


def plot():
    made, axes = figure()
    axes.plot([1, 2, 3], [1, 4, 9], color=COLOURS["container"])
    return show(made, alt='It "rises" < steeply.')


def test_the_same_data_give_the_same_bytes():
    assert plot()._repr_svg_() == plot()._repr_svg_()


SCRIPT = """
import matplotlib
matplotlib.rcParams.update({"svg.hashsalt": "another", "savefig.facecolor": "red"})
from labkit import figure, show
made, axes = figure()
axes.plot([1, 2, 3], [1, 4, 9])
matplotlib.rcParams.update({"svg.hashsalt": "another", "savefig.facecolor": "red"})
print(show(made, alt="It rises.").svg)
"""


def test_neither_the_folder_nor_the_process_nor_what_was_set_before_counts(tmp_path):
    shown = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=folder, capture_output=True, text=True, check=True
        ).stdout
        for folder in (tmp_path, repo() / "chapters")
    }
    assert len(shown) == 1
    assert PANEL in shown.pop()


def test_a_picture_without_a_text_is_refused():
    with pytest.raises(Usage, match="needs a text"):
        show(figure()[0], alt=" ")


def test_the_style_is_the_same_without_our_functions():
    from matplotlib import colors, rc_params_from_file

    found = rc_params_from_file(repo() / "chapters/matplotlibrc", use_default_template=False)
    assert set(found) == set(STYLE)
    for key, wanted in STYLE.items():
        value = colors.to_hex(found[key]) if "color" in key else found[key]
        assert value == wanted, key


def test_a_picture_says_what_it_shows():
    svg = plot()._repr_svg_()
    assert svg.startswith("<svg ")
    assert 'role="img"' in svg
    assert "<title>It &quot;rises&quot; &lt; steeply.</title>" in svg
    assert "rises" in repr(plot())


@pytest.mark.parametrize("alt", ['"quoted" & <b>', "back\\1slash", "10 > 9", "ä ⟨1 s⟩"])
def test_whatever_the_text_it_is_one_picture(alt):
    made, axes = figure()
    axes.plot([1, 2])
    root = ET.fromstring(show(made, alt=alt).svg)
    assert root.get("aria-label") == alt
    titles = root.findall("{http://www.w3.org/2000/svg}title")
    assert [t.text for t in titles] == [alt]


def test_a_picture_names_no_host():
    assert not re.search(r'(?:href|src)="https?:', plot()._repr_svg_())


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_text_on_the_panel_is_readable():
    assert contrast(INK, PANEL) >= 4.5


@pytest.mark.parametrize("kind", sorted(COLOURS))
def test_lines_on_the_panel_are_visible(kind):
    assert contrast(COLOURS[kind], PANEL) >= 3.0
