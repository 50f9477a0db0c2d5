#!/usr/bin/env bash
# Two SVG figures on one page, made reproducible with svg.hashsalt.
#
# Tool: matplotlib 3.11.2, with Python 3.11.
# Guess: `svg.hashsalt` makes the ids in an SVG hashes of the salt and of what the id stands for. So two figures share
#   an id only where it stands for the same thing, and can stand on one page, as nbconvert puts them there (inline).
# Seen: the id of a clip path that is no rectangle is a hash of its place in the file (the first one, the second one)
#   and of its transform, not of the path. A polar figure and one with another `set_thetamax`, or two images that are
#   clipped by other polygons, of one size: one id, two paths. A browser takes the first for both, and no word is said.
#   In Chromium the second polar figure's bar of 2.0 ends near 1.3: the page shows another value than was plotted, and
#   each file on its own is right. Without a salt the ids differ, as they do with one salt for each figure.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check matplotlib==3.11.2

cat >"$folder/draw.py" <<'PROGRAM'
import io
import re

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.patches import Polygon

matplotlib.use("svg")
TRIANGLE, SQUARE = [(0, 0), (1, 0), (0, 1)], [(-0.4, -0.4), (1.4, -0.4), (1.4, 1.4), (-0.4, 1.4)]


def polar(figure, degrees):
    axes = figure.add_subplot(projection="polar")
    axes.bar([0.4, 0.9], [1, 2], width=0.4)
    axes.set_thetamax(degrees)


def clipped(figure, corners):
    axes = figure.add_subplot()
    image = axes.imshow([[0, 1], [2, 3]])
    image.set_clip_path(Polygon(corners, transform=axes.transData))


def line(figure, values):
    figure.add_subplot().plot(values)


def clip_paths(draw, what, salt):
    """Each clip path of the figure, by its id."""
    with matplotlib.rc_context({"svg.hashsalt": salt}):
        figure = plt.figure(figsize=(3, 3))
        draw(figure, what)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
        plt.close(figure)
    return dict(re.findall(r'<clipPath id="(\w+)">\s*(.*?)\s*</clipPath>', file.getvalue(), re.DOTALL))


PAIRS = {
    "two lines": (line, [1, 2], [9, 5, 7]),
    "quarter and circle": (polar, 90, 360),
    "two clipped images": (clipped, TRIANGLE, SQUARE),
}
for name, (draw, one, other) in PAIRS.items():
    for salts in ("course", "course"), ("one", "other"), (None, None):
        first, second = clip_paths(draw, one, salts[0]), clip_paths(draw, other, salts[1])
        shared = first.keys() & second.keys()
        unlike = [key for key in shared if first[key] != second[key]]
        print(f"{name}, salts {salts[0]} and {salts[1]}: {len(shared)} ids shared, {len(unlike)} for unlike paths")
PROGRAM
"$folder/venv/bin/python" "$folder/draw.py" | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
two lines, salts course and course: 1 ids shared, 0 for unlike paths
two lines, salts one and other: 0 ids shared, 0 for unlike paths
two lines, salts None and None: 0 ids shared, 0 for unlike paths
quarter and circle, salts course and course: 1 ids shared, 1 for unlike paths
quarter and circle, salts one and other: 0 ids shared, 0 for unlike paths
quarter and circle, salts None and None: 0 ids shared, 0 for unlike paths
two clipped images, salts course and course: 1 ids shared, 1 for unlike paths
two clipped images, salts one and other: 0 ids shared, 0 for unlike paths
two clipped images, salts None and None: 0 ids shared, 0 for unlike paths
SEEN
