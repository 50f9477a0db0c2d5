#!/usr/bin/env bash
# A notebook with a pasted picture, turned into text and back.
#
# Tool: jupytext 1.19.6 with nbformat 5.11.1.
# Guess: a picture that was pasted into a Markdown cell (an attachment) has no place in a text file, so jupytext warns
#   when it writes one, and `--test-strict`, which is there to prove that nothing is lost, fails.
# Seen: `--test-strict` ends with 0 in each of the formats, and no word is said while the text is written. The notebook
#   made from the text has the reference `![…](attachment:…)` and no picture. In a pair of .ipynb and text the picture
#   stays in the .ipynb; who keeps the text alone loses it. So attachments must be counted, or pictures kept as files.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jupytext==1.19.6 nbformat==5.11.1

cd "$folder"
cat >pasted.ipynb <<'END'
{"cells": [{"cell_type": "markdown", "id": "drawing", "metadata": {}, "source": "![a drawing](attachment:drawing.png)",
 "attachments": {"drawing.png": {"image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}}}],
 "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
 "nbformat": 4, "nbformat_minor": 5}
END
cat >count.py <<'PROGRAM'
import sys

import nbformat

notebook = nbformat.read(sys.argv[1], as_version=4)
cells = notebook.cells
print(sum("(attachment:" in cell.source for cell in cells), sum(len(cell.get("attachments", {})) for cell in cells))
PROGRAM
counted() { venv/bin/python count.py "$1"; }

{
	echo "pasted: references and pictures $(counted pasted.ipynb)"
	for format in py:percent py:light md:markdown md:myst; do
		status=0
		venv/bin/jupytext --quiet --test-strict --to "$format" pasted.ipynb 2>said || status=$?
		venv/bin/jupytext --quiet --to "$format" --output "text.${format%%:*}" pasted.ipynb 2>>said
		venv/bin/jupytext --quiet --to ipynb --output back.ipynb "text.${format%%:*}" 2>>said
		echo "$format: test ends with $status, bytes said $(wc --bytes <said)," \
			"references and pictures $(counted back.ipynb)"
	done
	cp pasted.ipynb pair.ipynb
	venv/bin/jupytext --quiet --set-formats ipynb,md:myst pair.ipynb
	sed --in-place 's/a drawing/another text/' pair.md
	touch --date "+1 minute" pair.md
	venv/bin/jupytext --quiet --sync pair.ipynb
	echo "pair: changed in the text $(grep --count "another text" pair.ipynb)," \
		"references and pictures $(counted pair.ipynb)"
} | tee seen

diff seen - <<'SEEN'
pasted: references and pictures 1 1
py:percent: test ends with 0, bytes said 0, references and pictures 1 0
py:light: test ends with 0, bytes said 0, references and pictures 1 0
md:markdown: test ends with 0, bytes said 0, references and pictures 1 0
md:myst: test ends with 0, bytes said 0, references and pictures 1 0
pair: changed in the text 1, references and pictures 1 1
SEEN
