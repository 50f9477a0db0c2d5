#!/usr/bin/env bash
# A book of one notebook, built three times into a folder beside its source.
#
# Tool: myst-nb 1.4.0 with Sphinx 7.4.7.
# Guess: `sphinx-build source source/_build` writes below `_build` and nowhere else, so with `_build` excluded each
#   build has the same one page.
# Seen: myst-nb keeps the notebooks that it has read in `jupyter_execute`, and that is no folder in the output but one
#   beside it: here `source/jupyter_execute`. The next build takes the copy for a page of the book and keeps a copy of
#   that one too, one folder deeper: one page, then two, then three. Search finds each of them. With one folder more
#   between (`source/_build/html`, as sphinx-quickstart has it) the copies are below `_build`; else
#   `jupyter_execute` has to be excluded as well.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check myst-nb==1.4.0 Sphinx==7.4.7 myst-parser==4.0.1

book() {  # folder, output folder in it, further lines of the configuration
	local source="$folder/$1" time
	mkdir "$source"
	cat >"$source/index.ipynb" <<-'END'
		{"cells": [{"cell_type": "markdown", "metadata": {}, "source": "# Volumes"}], "metadata": {"kernelspec":
		 {"name": "python3", "display_name": "Python 3", "language": "python"}}, "nbformat": 4, "nbformat_minor": 4}
	END
	printf '%s\n' 'extensions = ["myst_nb"]' 'nb_execution_mode = "off"' 'html_theme = "basic"' "$3" >"$source/conf.py"
	for time in first second third; do
		"$folder/venv/bin/sphinx-build" -q -b html "$source" "$source/$2" >"$folder/log" 2>&1
		echo "$1, $time build: $(cd "$source/$2" && find . -name index.html | sort | xargs)"
	done
}

{
	book beside _build 'exclude_patterns = ["_build"]'
	book deeper _build/html 'exclude_patterns = ["_build"]'
	book excluded _build 'exclude_patterns = ["_build", "jupyter_execute"]'
} | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
beside, first build: ./index.html
beside, second build: ./index.html ./jupyter_execute/index.html
beside, third build: ./index.html ./jupyter_execute/index.html ./jupyter_execute/jupyter_execute/index.html
deeper, first build: ./index.html
deeper, second build: ./index.html
deeper, third build: ./index.html
excluded, first build: ./index.html
excluded, second build: ./index.html
excluded, third build: ./index.html
SEEN
