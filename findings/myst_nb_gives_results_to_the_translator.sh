#!/usr/bin/env bash
# A notebook that is translated with gettext: a text, and a result that a cell has shown as Markdown.
#
# Tool: myst-nb 1.4.0 with Sphinx 7.4.7.
# Guess: the messages to translate are those of the Markdown cells. Code is none, and nor is what a run printed.
# Seen: what a cell printed as text is none, but what it displayed as Markdown is, a heading in it too. So each run
#   with another figure makes another message: the translation of its sentence no longer fits, and the page has the
#   original there, without a warning. And where it fits, the page shows as the output of the run what the run did not
#   show: the translator's sentence, and the figure in it. What a cell prints, or displays as HTML, stays as it is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check myst-nb==1.4.0 Sphinx==7.4.7 myst-parser==4.0.1

mkdir -p "$folder/source/locale/de/LC_MESSAGES"
cat >"$folder/source/conf.py" <<-'END'
	extensions = ["myst_nb"]
	nb_execution_mode = "off"
	html_theme = "basic"
	locale_dirs = ["locale"]
END
cat >"$folder/source/locale/de/LC_MESSAGES/index.po" <<-'END'
	msgid ""
	msgstr "Content-Type: text/plain; charset=UTF-8\n"

	msgid "How long does a start take?"
	msgstr "Wie lange dauert ein Start?"

	msgid "The container started in **0.4** s."
	msgstr "Der Container startete in **einer halben Sekunde**."
END
notebook() {  # the figure that was measured
	cat >"$folder/source/index.ipynb" <<-END
		{"cells": [{"cell_type": "markdown", "metadata": {}, "source": "# How long does a start take?"},
		 {"cell_type": "code", "metadata": {}, "source": "measure()", "execution_count": 1, "outputs": [
		  {"output_type": "stream", "name": "stdout", "text": "measured $1\n"},
		  {"output_type": "display_data", "metadata": {}, "data":
		   {"text/html": "<p>as HTML: $1</p>", "text/plain": "as text: $1"}},
		  {"output_type": "display_data", "metadata": {}, "data":
		   {"text/markdown": "The container started in **$1** s."}}]}],
		 "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
		 "nbformat": 4, "nbformat_minor": 4}
	END
}
build() {  # builder, further options
	"$folder/venv/bin/sphinx-build" -q -b "$@" "$folder/source" "$folder/$1"
}

for figure in 0.4 0.6; do
	notebook "$figure"
	build gettext
	sed -n "s/^msgid \"\(.*..*\)\"$/run with $figure, message: \1/p" "$folder/gettext/index.pot"
	build html -D language=de
	sed -n "s|^.*<h1>\([^<]*\).*$|run with $figure, page: \1|p
		s|^.*<pre><span></span>\(measured.*\)$|run with $figure, page: \1|p
		s|^.*<p>\(as HTML[^<]*\).*<p>\(.*\)</p>$|run with $figure, page: \1, \2|p" "$folder/html/index.html"
done | tee "$folder/seen"

diff "$folder/seen" - <<'SEEN'
run with 0.4, message: How long does a start take?
run with 0.4, message: The container started in **0.4** s.
run with 0.4, page: Wie lange dauert ein Start?
run with 0.4, page: measured 0.4
run with 0.4, page: as HTML: 0.4, Der Container startete in <strong>einer halben Sekunde</strong>.
run with 0.6, message: How long does a start take?
run with 0.6, message: The container started in **0.6** s.
run with 0.6, page: Wie lange dauert ein Start?
run with 0.6, page: measured 0.6
run with 0.6, page: as HTML: 0.6, The container started in <strong>0.6</strong> s.
SEEN
